"""What is accepted as an LLM's address can be called."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addresses import checked

_PART = st.one_of(
    st.from_regex(r"[a-z0-9.:\[\]@%_~-]{0,12}", fullmatch=True), st.sampled_from(["é", " ", "\t", "[::1]", "1.2.3.4"])
)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1",
        "https://llm.example.",
        "http://10.0.0.1:80/v1",
        "http://[::1]:8000/v1",
        "http://vllm_small/v1",
        "https://xn--lwe-sna.example/v1",
    ],
)
def test_usual_addresses_are_accepted(url: str) -> None:
    assert checked(f"{url}/") == url


@given(st.lists(_PART, max_size=4), _PART)
def test_the_http_client_takes_whatever_is_accepted(host: list[str], path: str) -> None:
    url = f"http://{''.join(host)}/{path}"

    try:
        accepted = checked(url)
    except ValueError:
        return

    assert httpx2.URL(accepted).host
