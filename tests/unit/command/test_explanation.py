from io import StringIO

from rich.console import Console

from pointsman.command.explain import as_data, outcome, render
from shared.database.claims import Claim, ClaimKey, ClaimState, Holder
from shared.database.log import Explanation
from shared.messages import Attempt, AttemptError, Feedback
from tests.unit.command.receipts import candidate, receipt


def attempt(number: int, event: str, error: AttemptError | None = None) -> Attempt:
    return Attempt.model_validate(
        {
            "event": event,
            "decision_id": f"d{number}",
            "origin": "0-0",
            "query_id": "q",
            "tenant": "default",
            "accepted_at": 1_800_000_000.0,
            "attempt": number,
            "llm": "small",
            "instance": "executor-1",
            "at": 1_800_000_001.0,
            "response_tokens": 42,
            "total_s": 1.5,
            "cost_usd": 0.00042,
            "error": error,
        }
    )


def claim(number: int, state: ClaimState) -> Claim:
    return Claim(ClaimKey("default", "q", number), "hash", f"d{number}", state, Holder("i", "b"), False, 1.0, (), None)


EXPLAINED = Explanation(
    tenant="default",
    query_id="q",
    receipts=(
        receipt("small", candidate("small", score=0.5), candidate("[bold]odd", score=0.2, barred_by="llms")),
        receipt("large", candidate("large", late=True, head=None), attempt=2),
    ),
    attempts=(
        attempt(1, "started"),
        attempt(1, "failed", AttemptError(kind="overload", message="HTTP 503")),
        attempt(2, "answered"),
    ),
    claims=(claim(1, ClaimState.FAILED), claim(2, ClaimState.ANSWERED)),
    feedback=Feedback(query_id="q", quality=0.8),
)


def page(explanation: Explanation) -> str:
    console = Console(file=StringIO(), width=160, color_system=None)
    for part in render(explanation):
        console.print(part)
    output = console.file
    assert isinstance(output, StringIO)
    return output.getvalue()


def test_the_page_tells_the_query_from_its_decisions_to_its_feedback() -> None:
    text = page(EXPLAINED)

    assert "Query q of tenant default: answered" in text
    assert text.index("Decision 1") < text.index("Decision 2") < text.index("failed (overload): HTTP 503")
    assert "answered: 42 tokens in 1.5 s for $0.00042" in text
    assert "Feedback: quality 0.8" in text


def test_the_chosen_llm_is_marked_and_comes_first() -> None:
    rows = page(EXPLAINED).splitlines()

    [chosen] = [row for row in rows if row.startswith("→") and "small" in row]
    assert rows.index(chosen) < next(number for number, row in enumerate(rows) if "odd" in row)


def test_remarks_say_what_barred_a_candidate_and_where_a_prior_stood_in() -> None:
    text = page(EXPLAINED)

    assert "is not among the LLMs the query allows" in text
    assert "no prediction in time, prior used" in text


def test_a_placed_query_is_told_what_it_is_about_and_how_near_the_training_queries_are() -> None:
    placed = receipt("small", candidate("small")).model_copy(update={"domain": "law", "distance": 0.123})

    text = page(Explanation("default", "q", (placed,), (), (), None))

    assert "Most likely about law. The nearest training query is at cosine distance 0.12." in text
    assert "training query" not in page(EXPLAINED)


def test_text_of_others_is_not_taken_for_markup() -> None:
    assert "[bold]odd" in page(EXPLAINED)


def test_the_outcome_is_that_of_the_last_claim() -> None:
    running = Explanation("default", "q", EXPLAINED.receipts, (), (claim(1, ClaimState.RUNNING),), None)

    assert outcome(EXPLAINED) == "answered"
    assert outcome(running) == "a call is under way"


def test_without_claims_a_refusal_is_an_outcome() -> None:
    refused = Explanation("default", "q", (receipt(None),), (), (), None)

    assert outcome(refused) == "refused"


def test_data_for_programs_leaves_the_vectors_out() -> None:
    data = as_data(EXPLAINED)

    assert isinstance(data, dict)
    assert not {"vector", "features", "neighbours"} & data["decisions"][0].keys()
    assert data["decisions"][0]["why"].startswith("small was the only LLM")
