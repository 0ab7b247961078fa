import pytest

from services.simulator.calls import Calls


def test_calls_are_counted_for_ever_and_kept_up_to_a_number() -> None:
    calls = Calls(kept=3)

    for number in range(5):
        with calls.paid_call("a", f"hash{number}", None):
            pass

    assert calls.paid["a"] == 5
    assert [call.prompt_hash for call in calls.latest("a")] == ["hash2", "hash3", "hash4"]


def test_a_call_that_breaks_off_is_ended_and_not_completed() -> None:
    calls = Calls()

    with pytest.raises(ConnectionError), calls.paid_call("a", "hash", "query-1"):
        raise ConnectionError

    (call,) = calls.latest("a")
    assert (call.user, call.completed) == ("query-1", False)
    assert call.ended_at is not None


def test_each_llm_shows_its_own_calls() -> None:
    calls = Calls()
    for llm in ("a", "b", "a"):
        with calls.paid_call(llm, "hash", None):
            pass

    assert [call.llm for call in calls.latest("a")] == ["a", "a"]
    assert len({call.id for call in (*calls.latest("a"), *calls.latest("b"))}) == 3
