"""Descriptors that can work, and the variable that is named when one cannot."""

import pytest

from services.predictor.descriptor import complete
from services.predictor.settings import PredictorSettings
from shared.errors import ConfigurationError
from shared.settings import read

GOOD = {
    "LLM_NAME": "small",
    "LLM_BASE_URL": "http://localhost:8000/v1/",
    "LLM_USD_PER_MTOK_INPUT": "0.5",
    "LLM_USD_PER_MTOK_OUTPUT": "1.5",
}


def settings(monkeypatch: pytest.MonkeyPatch, **changed: str) -> PredictorSettings:
    for name, value in (GOOD | changed).items():
        monkeypatch.setenv(f"POINTSMAN_{name}", value)
    return read(PredictorSettings)


def test_a_descriptor_becomes_an_llm(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = complete(settings(monkeypatch, LLM_PARALLELISM="7", LLM_CONTEXT_TOKENS="1000"))

    assert (llm.name, llm.model, llm.base_url) == ("small", "small", "http://localhost:8000/v1")
    assert (llm.usd_per_mtok_input, llm.parallelism, llm.context_tokens) == (0.5, 7, 1000)


def test_prices_and_context_of_known_models_need_not_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_LLM_NAME", "gpt")
    monkeypatch.setenv("POINTSMAN_LLM_MODEL", "gpt-4o")
    monkeypatch.setenv("POINTSMAN_LLM_BASE_URL", "https://api.openai.com/v1")

    llm = complete(read(PredictorSettings))

    assert (llm.usd_per_mtok_input, llm.usd_per_mtok_output, llm.context_tokens) == (2.5, 10, 128_000)


def test_a_free_llm_is_not_given_a_list_price(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = complete(settings(monkeypatch, LLM_MODEL="gpt-4o", LLM_USD_PER_MTOK_INPUT="0"))

    assert llm.usd_per_mtok_input == 0


def test_an_unknown_model_without_a_price_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_LLM_NAME", "nobody-knows")
    monkeypatch.setenv("POINTSMAN_LLM_BASE_URL", "http://localhost/v1")

    with pytest.raises(ConfigurationError, match="POINTSMAN_LLM_USD_PER_MTOK_INPUT"):
        complete(read(PredictorSettings))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLM_NAME", "Bad Name"),
        ("LLM_BASE_URL", "localhost:8000"),
        ("LLM_BASE_URL", "ftp://host/v1"),
        ("LLM_BASE_URL", "http://user:secret@host/v1"),
        ("LLM_BASE_URL", "http://host:port/v1"),
        ("LLM_BASE_URL", "http://host:99999/v1"),
        ("LLM_BASE_URL", "http://a host/v1"),
        ("LLM_BASE_URL", "http://löwe.example/v1"),
        ("LLM_BASE_URL", "http://host/v 1"),
        ("LLM_BASE_URL", "http://10.0.0.300/v1"),
        ("ALLOWED_BASE_URLS", "http://fine, http://host:port"),
        ("LLM_USD_PER_MTOK_INPUT", "-0.1"),
        ("LLM_USD_PER_MTOK_INPUT", "nan"),
        ("LLM_USD_PER_MTOK_OUTPUT", "cheap"),
        ("LLM_CONTEXT_TOKENS", "0"),
        ("LLM_PARALLELISM", "0"),
        ("LLM_PRIOR_QUALITY", "1.1"),
        ("LLM_API_KEY_FILE", "../etc/passwd"),
        ("LLM_PROBE", "perhaps"),
    ],
)
def test_what_cannot_work_is_refused_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=f"POINTSMAN_{name}"):
        settings(monkeypatch, **{name: value})


def test_a_missing_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POINTSMAN_LLM_NAME", raising=False)

    with pytest.raises(ConfigurationError, match="POINTSMAN_LLM_NAME"):
        read(PredictorSettings)


def test_an_address_off_the_allow_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = "http://localhost:8000, https://llm.example/v1"
    settings(monkeypatch, ALLOWED_BASE_URLS=allowed)

    with pytest.raises(ConfigurationError, match="POINTSMAN_LLM_BASE_URL"):
        settings(monkeypatch, ALLOWED_BASE_URLS=allowed, LLM_BASE_URL="https://llm.example.evil/v1")
