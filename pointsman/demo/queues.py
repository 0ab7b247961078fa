"""Watches the queues: what decision says of the work before every LLM, twice a second."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import httpx
from prometheus_client.parser import text_string_to_metric_families

from pointsman.demo.story import QueueSample

_METRIC = "pointsman_outstanding_seconds"
_PERIOD_S = 0.5


async def watch(decision: str, clock: Callable[[], float], put: Callable[[QueueSample], None]) -> None:
    """Sample until cancelled; `decision` is the base URL of its metrics, `clock` the time of a sample."""
    async with httpx.AsyncClient(base_url=decision, timeout=2, trust_env=False) as client:
        while True:
            at_s = clock()
            with suppress(httpx.HTTPError):
                reply = await client.get("/metrics")
                put(QueueSample(at_s=at_s, outstanding_s=outstanding(reply.text)))
            await asyncio.sleep(_PERIOD_S)


def outstanding(metrics: str) -> dict[str, float]:
    """Outstanding seconds by LLM.

    >>> outstanding('pointsman_outstanding_seconds{llm="a"} 2.5')
    {'a': 2.5}
    """
    return {
        sample.labels["llm"]: sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == _METRIC
    }
