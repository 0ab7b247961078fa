"""What a newcomer does: start, ask, look why, say what it was worth, add an LLM."""

import json

import pytest

from tests.e2e.fleet import Fleet, pointsman

pytestmark = pytest.mark.timeout(600)


def test_ask_is_answered_and_explained(fleet: Fleet) -> None:
    response = json.loads(fleet.command("ask", "What is 17 plus 25?", "--json"))
    explained = json.loads(fleet.command("explain", response["query_id"], "--json"))
    shown = fleet.command("explain", response["query_id"])

    assert response["status"] == "answered"
    assert response["text"]
    assert set(response["stages"]) >= {"embed", "predict", "decide", "queue", "llm"}
    assert response["llm"] in json.dumps(explained)
    assert response["llm"] in shown


def test_a_conversation_on_standard_input_is_answered(fleet: Fleet) -> None:
    shown = pointsman("ask", "-", "--state", str(fleet.folder), stdin="How many letters are in the word banana?")

    assert shown.strip()


def test_feedback_is_taken(fleet: Fleet) -> None:
    response = json.loads(fleet.command("ask", "What is 2 plus 2?", "--json"))

    fleet.command("feedback", response["query_id"], "--satisfied")


def test_limits_that_cannot_be_met_are_named(fleet: Fleet) -> None:
    refused = json.loads(fleet.command("ask", "Hello", "--max-cost-usd", "0.000000001", "--json", expect=2))

    assert refused["status"] == "refused"
    assert "max_cost_usd" in refused["error"]["message"]


def test_an_unknown_llm_is_refused_by_name(fleet: Fleet) -> None:
    refused = json.loads(fleet.command("ask", "Hello", "--llm", "no-such-llm", "--json", expect=2))

    assert refused["status"] == "refused"
    assert "no-such-llm" in refused["error"]["message"]


def test_an_llm_joins_and_leaves_the_running_fleet(fleet: Fleet) -> None:
    spare = next((fleet.folder / "simulated" / "spare").glob("*.env"))
    name = spare.stem

    fleet.command("llms add", str(spare))
    response = json.loads(fleet.command("ask", "What is 3 times 4?", "--llm", name, "--json"))
    fleet.command("llms remove", name)
    refused = json.loads(fleet.command("ask", "What is 3 times 5?", "--llm", name, "--json", expect=2))

    assert response["llm"] == name
    assert refused["status"] == "refused"


def test_status_topics_and_llms_are_there_for_machines(fleet: Fleet) -> None:
    for command in ("status", "topics", "llms list", "models list", "dead list"):
        assert json.loads(fleet.command(command, "--json")) is not None


def test_a_second_start_on_the_same_state_is_refused(fleet: Fleet) -> None:
    error = pointsman("up", "--detach", "--state", str(fleet.folder), expect=2)

    assert "pointsman down" in error
