"""What befalls the fleet while it works: an LLM joins, another falls silent and recovers."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pointsman.command.disturbance import behave
from pointsman.command.joining import add_llm, await_llm
from pointsman.demo.record import Sent
from pointsman.local.state import Endpoints, State
from services.simulator.faults import Fault

_JOIN_PATIENCE_S = 120
#: Much longer than the executor waits for the next piece of an answer.
_SILENCE_S = 120.0
#: Queries.
_LATELY = 60


async def join(fleet: Endpoints, state: State, descriptor: Path) -> str:
    """Add one more LLM, as `pointsman llms add` does; its name, once it takes queries."""
    llm = await add_llm(fleet, descriptor, state.llms)
    await await_llm(fleet, llm, _JOIN_PATIENCE_S, state.logs)
    return llm.name


async def stall(simulator: str, llm: str) -> None:
    """From now on its answers stop halfway."""
    await behave(simulator, llm, {"stall_s": _SILENCE_S}, {Fault.STALL: 1.0})


async def recover(simulator: str, llm: str) -> None:
    await behave(simulator, llm, {}, {})


def busiest(sent: Sequence[Sent], but: str | None) -> str | None:
    """The LLM that answered most lately, another than `but`; None where there is none."""
    lately = sent[-_LATELY:]
    counts = Counter(one.answer.llm for one in lately if one.answer is not None and one.answer.llm != but)
    return counts.most_common(1)[0][0] if counts else None
