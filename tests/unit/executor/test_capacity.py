"""A closed LLM is visible as such, with its reason, until a call succeeds."""

from collections.abc import Sequence

from services.executor.capacity import Announcer
from services.executor.failures import Verdict
from shared.messages import ExecutorCapacity
from shared.metrics import Metrics
from shared.stream.records import Acknowledgement, Outgoing
from tests.unit.executor.test_serving import serving


async def test_a_closed_llm_shows_its_reason_until_a_call_succeeds() -> None:
    metrics, small, now = Metrics(), serving(2, 0), 100.0
    announced: list[ExecutorCapacity] = []

    async def produce(outgoing: Sequence[Outgoing]) -> Sequence[Acknowledgement]:
        announced.extend(ExecutorCapacity.decode(one.value) for one in outgoing)
        return ()

    announcer = Announcer({"small": small}, "executor-1", lambda: now, produce, metrics)

    def closed(reason: str) -> float | None:
        return metrics.registry.get_sample_value("pointsman_llm_closed", {"llm": "small", "reason": reason})

    small.circuit.settle(Verdict.CLOSED, "auth", began=1.0, now=1.0)
    await announcer.announce()
    refused = closed("auth")
    small.circuit.settle(Verdict.CLOSED, "quota", began=2.0, now=2.0)
    now = 102.0
    await announcer.announce()
    changed = closed("auth"), closed("quota")
    small.circuit.settle(Verdict.FINE, "", began=3.0, now=3.0)
    now = 104.0
    await announcer.announce()

    assert refused == 1
    assert changed == (0, 1)
    assert (closed("auth"), closed("quota")) == (0, 0)
    assert len(announced) == 3
