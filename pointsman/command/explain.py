"""`pointsman explain`: a decision as a person wants to read it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import RenderableType
from rich.markup import escape

from pointsman.client.history import History
from pointsman.command.options import Json, State, Tenant
from pointsman.command.output import print_json, print_rich, seconds, table, usd
from pointsman.command.reasons import barred, what_would_change_it, why
from pointsman.local.state import find
from shared.database.log import Explanation
from shared.errors import PermanentError
from shared.messages import Attempt, Candidate, Receipt

#: The log is written after the response, in small batches.
_PATIENCE_S = 5.0
_POLL_S = 0.25
_PACKED = {"vector", "features", "neighbours"}


def explain(
    query_id: Annotated[str, typer.Argument(help="As `pointsman ask` said it.")],
    tenant: Tenant = "default",
    as_json: Json = False,
    state: State = None,
) -> None:
    """Show why an LLM was chosen, and what would have changed it.

    Every candidate with its expected quality, cost and wait, the penalty for that wait and the score; then the calls
    that were made, and how it ended.
    """
    found = asyncio.run(_find(state, tenant, query_id))
    if as_json:
        print_json(as_data(found))
    else:
        print_rich(*render(found))


async def _find(state: Path | None, tenant: str, query_id: str) -> Explanation:
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    async with History(find(state).postgres, tenant) as history:
        while not (found := await history.explain(query_id)).known:
            if asyncio.get_running_loop().time() > deadline:
                raise PermanentError(
                    f"the log knows no query {query_id!r} of tenant {tenant!r}: check the id and --tenant; "
                    "a query that was refused before any decision is not in it"
                )
            await asyncio.sleep(_POLL_S)
    return found


def as_data(found: Explanation) -> JsonValue:
    """Everything but packed arrays, with the sentences a person reads."""
    return {
        "query_id": found.query_id,
        "tenant": found.tenant,
        "outcome": outcome(found),
        "decisions": [
            one.model_dump(mode="json", exclude=_PACKED) | {"why": why(one), "changes": what_would_change_it(one)}
            for one in found.receipts
        ],
        "attempts": [one.model_dump(mode="json", exclude={"dispatch"}) for one in found.attempts],
        "feedback": None if found.feedback is None else found.feedback.model_dump(mode="json"),
    }


def render(found: Explanation) -> Iterator[RenderableType]:
    """The parts of the page, top to bottom."""
    yield f"[bold]Query {escape(found.query_id)}[/] of tenant {escape(found.tenant)}: {outcome(found)}"
    for receipt in found.receipts:
        yield ""
        yield from _decision(receipt)
    if found.attempts:
        yield ""
        yield table("Attempt", "LLM", "At", "What happened", rows=[_attempt(one) for one in found.attempts])
    if found.feedback is not None:
        yield ""
        yield f"Feedback: {_feedback(found)}"


def outcome(found: Explanation) -> str:
    """How the query ended so far: its last claim's word, else the last decision's."""
    if found.claims:
        last = found.claims[-1]
        return str(last.state) if last.state != "running" else "a call is under way"
    if found.receipts and found.receipts[-1].llm is None:
        return "refused"
    return "decided, not called yet"


def _decision(receipt: Receipt) -> Iterator[RenderableType]:
    moment = datetime.fromtimestamp(receipt.decided_at, UTC).isoformat(" ", "milliseconds")
    yield (
        f"[bold]Decision {receipt.attempt}[/] at {moment}, willingness to pay {receipt.willingness_to_pay:g}, "
        f"patience {receipt.tau_s:g} s, {receipt.prompt_tokens} prompt tokens, policy {escape(receipt.policy)}"
    )
    if receipt.distance is not None:
        about = "" if receipt.domain is None else f"Most likely about {receipt.domain}. "
        yield escape(f"{about}The nearest training query is at cosine distance {receipt.distance:.2f}.")
    candidates = sorted(receipt.candidates, key=lambda one: (one.llm != receipt.llm, one.barred_by or "", -one.score))
    columns = ("", "LLM", "Quality", "Cost", "Wait", "Penalty", "Score", "Remarks")
    rows = [_candidate(one, chosen=one.llm == receipt.llm) for one in candidates]
    yield table(*columns, rows=rows, numbers=columns[2:7])
    yield escape(why(receipt))
    changes = what_would_change_it(receipt)
    if changes:
        yield escape(f"What would have changed it: {'; '.join(changes)}.")


def _candidate(candidate: Candidate, *, chosen: bool) -> tuple[str, ...]:
    remarks = [
        barred(candidate),
        "no prediction in time, prior used" if candidate.late else "",
        "no head yet, prior used" if candidate.head is None and not candidate.late else "",
    ]
    cells = (
        "→" if chosen else "",
        candidate.llm,
        f"{candidate.quality:.3f}",
        usd(candidate.cost_usd),
        seconds(candidate.wait_s),
        f"{candidate.penalty:.3g}",
        f"{candidate.score:.3f}",
        ", ".join(remark for remark in remarks if remark),
    )
    style = "bold green" if chosen else "dim" if candidate.barred_by is not None else ""
    return tuple(f"[{style}]{escape(cell)}[/]" if style and cell else escape(cell) for cell in cells)


def _attempt(attempt: Attempt) -> tuple[str, ...]:
    moment = datetime.fromtimestamp(attempt.at, UTC).time().isoformat("milliseconds")
    return (str(attempt.attempt), escape(attempt.llm), moment, escape(_happened(attempt)))


def _happened(attempt: Attempt) -> str:
    if attempt.error is not None:
        return f"failed ({attempt.error.kind}): {attempt.error.message}"
    if attempt.event == "started":
        return "started"
    tokens = "-" if attempt.response_tokens is None else str(attempt.response_tokens)
    return f"{attempt.event}: {tokens} tokens in {seconds(attempt.total_s)} for {usd(attempt.cost_usd)}"


def _feedback(found: Explanation) -> str:
    said = found.feedback
    if said is None or said.withdrawn:
        return "withdrawn"
    if said.quality is not None:
        return f"quality {said.quality:g}"
    return "satisfied" if said.satisfied else "not satisfied"
