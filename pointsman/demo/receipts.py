"""The receipts of a run: read once at its end, and one of them told in words."""

from collections.abc import Callable, Sequence

from pointsman.command.reasons import what_would_change_it, why
from pointsman.demo.record import Sent
from pointsman.demo.story import Told
from shared.messages import Candidate, Receipt
from shared.stream.snapshot import snapshot
from shared.topics import DECISIONS


async def first_receipts(kafka: str, sent: Sequence[Sent]) -> list[tuple[int, Receipt]]:
    """The first receipt of every query that had a response, with the query's number."""
    number_of = {one.response.query_id: one.number for one in sent if one.response is not None}
    receipts = [Receipt.decode(record.value) for record in await snapshot(kafka, DECISIONS.name)]
    first: dict[int, Receipt] = {}
    for receipt in receipts:
        if receipt.attempt == 1 and receipt.query_id in number_of:
            first.setdefault(number_of[receipt.query_id], receipt)
    return sorted(first.items())


def open_to(receipt: Receipt) -> list[Candidate]:
    """The LLMs that could have been chosen; all of them where none could."""
    allowed = [one for one in receipt.candidates if one.barred_by is None]
    return allowed or list(receipt.candidates)


def best_of(receipt: Receipt, worth: Callable[[Candidate], float]) -> Candidate:
    return max(open_to(receipt), key=worth)


def tell(receipts: Sequence[tuple[int, Receipt]]) -> Told | None:
    """The receipt that says most, and why it came to that; None when there is none.

    One whose LLM won although another had the better trade shows what waits do; else one that was close.
    """
    decided = [receipt for _, receipt in receipts if receipt.llm is not None and not receipt.explored]
    if not decided:
        return None
    turned = [one for one in decided if best_of(one, lambda candidate: candidate.trade).llm != one.llm]
    receipt = min(turned or decided, key=_lead)
    # Its arrays are of no use to a reader.
    return Told(
        receipt=receipt.model_copy(update={"vector": "", "features": None, "neighbours": None}), lines=_lines(receipt)
    )


def _lead(receipt: Receipt) -> float:
    """By how much the highest score leads."""
    scores: list[float] = sorted(one.score for one in open_to(receipt))
    return scores[-1] - scores[-2] if len(scores) > 1 else float("inf")


def _lines(receipt: Receipt) -> tuple[str, ...]:
    changes = what_would_change_it(receipt)
    return (why(receipt), *([f"What would have changed it: {'; '.join(changes)}."] if changes else []))
