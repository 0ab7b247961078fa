import json
from pathlib import Path
from tempfile import TemporaryFile

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from services.simulator.dataset import SCHEMA, write_dataset, write_pools
from services.simulator.planted import Planted
from services.simulator.profiles import CAST, Profile
from services.simulator.replay import Recording, Row, load
from services.simulator.wire import ApiError
from shared.errors import ConfigurationError


def row(**changes: object) -> dict[str, object]:
    return {
        "source": "made", "query_id": "made-1", "domain": "d", "dataset": "one", "prompt": "Why is that?", "llm": "a",
        "quality": 1.0, "input_tokens": 4.0, "output_tokens": 7.0, "cost_usd": 0.1, "response": "Because of it, so.",
        "judge": None, "tokens_kind": None, "cost_kind": None,
    } | changes  # fmt: skip


def make(folder: Path, rows: list[dict[str, object]], **pool: object) -> Path:
    parquet.write_table(arrow.Table.from_pylist(rows, SCHEMA), folder / "made.parquet")
    described = {"source": ["made"], "datasets": None, "reference": "a", "llms": ["a"]} | pool
    (folder / "pools.json").write_text(json.dumps({"pool": described}))
    (folder / "llm_prices.csv").write_text("llm,usd_per_m_input,usd_per_m_output\na,1.0,4.0\nb,2,3\n")
    return folder


def test_a_prompt_gets_the_recorded_answer_and_its_usage(tmp_path: Path) -> None:
    with TemporaryFile() as texts:
        (profile,), recording = load(make(tmp_path, [row(), row(llm="other", response="No.")]), "pool", texts)

        answer = recording.answer(profile, " Why is\nthat? ")

    assert (answer.text, answer.prompt_tokens, answer.response_tokens) == ("Because of it, so.", 4, 7)
    assert (profile.usd_per_mtok_input, profile.usd_per_mtok_output) == (1.0, 4.0)
    assert (profile.prior_quality, profile.prior_response_tokens) == (1.0, 7.0)


def test_texts_are_kept_apart_in_any_language(tmp_path: Path) -> None:
    rows = [row(prompt=f"prompt {n}", response="ü" * n + "語") for n in range(50)]
    with TemporaryFile() as texts:
        (profile,), recording = load(make(tmp_path, rows), "pool", texts)

        assert [recording.answer(profile, f"prompt {n}").text for n in range(50)] == ["ü" * n + "語" for n in range(50)]


def test_an_unknown_prompt_is_named(tmp_path: Path) -> None:
    with TemporaryFile() as texts:
        (profile,), recording = load(make(tmp_path, [row()]), "pool", texts)

        with pytest.raises(ApiError, match="begins 'Who is that") as caught:
            recording.answer(profile, "Who is that?")

    assert (caught.value.status, caught.value.code) == (404, "prompt_not_recorded")


def test_an_answer_without_text_gets_text_of_the_recorded_length(tmp_path: Path) -> None:
    with TemporaryFile() as texts:
        (profile,), recording = load(make(tmp_path, [row(response=None, output_tokens=900.0)]), "pool", texts)

        answer = recording.answer(profile, "Why is that?")

    assert answer.response_tokens == 900
    assert len(answer.text) > 900


def test_unknown_lengths_are_counted_or_assumed() -> None:
    with TemporaryFile() as texts:
        recording = Recording(texts)
        recording.add(Row("a", "one", 1.0, None, None, "Three words here"))
        recording.add(Row("a", "two", 1.0, None, None, None))
        recording.flush()

        first, second = (recording.answer(Profile("a", 1, 1, 1, 1), prompt) for prompt in ("one", "two"))

    assert (first.prompt_tokens, first.response_tokens) == (1, 3)
    assert second.response_tokens > 0


def test_only_the_pools_data_sets_are_read(tmp_path: Path) -> None:
    rows = [row(), row(prompt="else", dataset="two/x"), row(prompt="not", dataset="three")]
    with TemporaryFile() as texts:
        (profile,), recording = load(make(tmp_path, rows, datasets=["one", "two/*"]), "pool", texts)

        recording.answer(profile, "else")
        with pytest.raises(ApiError):
            recording.answer(profile, "not")


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ({"llms": ["c"]}, "price of each LLM .* none of c"),
        ({"llms": ["b"]}, "recorded answers of b"),
        ({"source": ["elsewhere"]}, "elsewhere.parquet, which is not there"),
        ({"llms": []}, "pool.llms"),
    ],
)
def test_what_is_missing_is_named_at_start(tmp_path: Path, pool: dict[str, object], message: str) -> None:
    with TemporaryFile() as texts, pytest.raises(ConfigurationError, match=message):
        load(make(tmp_path, [row()], **pool), "pool", texts)


def test_an_unknown_pool_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with TemporaryFile() as texts, pytest.raises(ConfigurationError, match=r"pool; got other"):
        load(make(tmp_path, [row()]), "other", texts)


def test_the_planted_data_set_replays_what_the_planted_llms_say(tmp_path: Path) -> None:
    write_dataset(tmp_path / "planted.parquet", 30, CAST)
    write_pools(tmp_path / "pools.json", "planted", {"some": CAST[:4]})
    rows = parquet.read_table(tmp_path / "planted.parquet").to_pylist()

    with TemporaryFile() as texts:
        profiles, recording = load(tmp_path, "some", texts)
        replayed = {(one.name, r["prompt"]): recording.answer(one, r["prompt"]) for one in profiles for r in rows}

    assert len({(r["query_id"], r["llm"]) for r in rows}) == len(rows) == 30 * len(CAST)
    assert len({r["prompt"] for r in rows}) == 30
    assert {one.name: one.usd_per_mtok_input for one in profiles} == {p.name: p.usd_per_mtok_input for p in CAST[:4]}
    for profile in CAST[:4]:
        for r in rows:
            assert replayed[profile.name, r["prompt"]] == Planted().answer(profile, r["prompt"])
