import pytest

from services.executor.roster import Roster
from services.executor.settings import ExecutorSettings
from shared.errors import PermanentError
from shared.messages import Llm
from shared.stream.records import Position, Record

LLM = Llm(
    name="small", base_url="http://x/v1", model="m", usd_per_mtok_input=1, usd_per_mtok_output=1, context_tokens=9
)


def record(value: bytes) -> Record:
    return Record(Position("llms", 0, 0), value, 0.0)


def told(*llms: Llm, pinned: tuple[str, ...] = ()) -> list[Llm]:
    roster = Roster(pinned)
    for llm in llms:
        roster.receive(record(llm.encode()))
    return roster.llms()


def test_the_highest_revision_counts_whatever_the_order() -> None:
    newer = LLM.model_copy(update={"revision": 2, "removed": True})

    assert told(newer, LLM) == told(LLM, newer) == [newer]


def test_a_pinned_executor_knows_only_its_own() -> None:
    other = LLM.model_copy(update={"name": "large"})

    assert told(LLM, other, pinned=("large",)) == [other]


def test_a_bad_descriptor_is_refused_and_a_tombstone_left_out() -> None:
    roster = Roster()
    roster.receive(record(b""))

    with pytest.raises(PermanentError):
        roster.receive(record(b"{}"))

    assert roster.llms() == []


def test_lists_are_read_from_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_LLMS", "a, b,")
    monkeypatch.setenv("POINTSMAN_ALLOWED_BASE_URLS", "")

    settings = ExecutorSettings()

    assert (settings.llms, settings.allowed_base_urls) == (("a", "b"), ())
