"""Rates, lag and health as they are shown."""

from pathlib import Path

import httpx

from pointsman.local.overview import Overview, total
from pointsman.local.state import ProcessEntry, State


def _fleet(folder: Path) -> State:
    state = State(folder)
    entry = ProcessEntry(pid=None, started_at=None, status="ready", restarts=0, health="http://service")
    state.write_processes({"decision": entry, "kafka": entry.model_copy(update={"health": None})})
    return state


def _client(finished: list[int], healthy: bool = True) -> httpx.AsyncClient:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/health":
            return httpx.Response(200 if healthy else 503)
        lines = [f'pointsman_records_total{{topic="a"}} {finished.pop(0)}.0', 'pointsman_lag_records{topic="a"} 7.0']
        return httpx.Response(200, text="\n".join(lines))

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def test_the_rate_is_what_was_finished_between_two_looks(tmp_path: Path) -> None:
    times = iter([100.0, 102.0])
    overview = Overview(_fleet(tmp_path), clock=lambda: next(times))

    async with _client([10, 30]) as client:
        first, second = await overview.look(client), await overview.look(client)

    assert (first[0].records_per_s, second[0].records_per_s) == (None, 10.0)
    assert second[0].lag == 7


async def test_a_restarted_process_has_no_negative_rate(tmp_path: Path) -> None:
    times = iter([100.0, 101.0, 102.0])
    overview = Overview(_fleet(tmp_path), clock=lambda: next(times))

    async with _client([500, 3, 5]) as client:
        rates = [(await overview.look(client))[0].records_per_s for _ in range(3)]

    assert rates == [None, None, 2.0]


async def test_a_closed_llm_is_named_with_its_reason(tmp_path: Path) -> None:
    page = 'pointsman_llm_closed{llm="a",reason="timeout"} 0.0\npointsman_llm_closed{llm="a",reason="auth"} 1.0'
    overview = Overview(_fleet(tmp_path))

    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, text=page))) as client:
        await overview.look(client)

    assert [(queue.llm, queue.closed) for queue in overview.queues] == [("a", "auth")]


async def test_health_is_the_services_own_account(tmp_path: Path) -> None:
    async with _client([1], healthy=False) as client:
        decision, kafka = await Overview(_fleet(tmp_path)).look(client)

    assert (decision.healthy, kafka.healthy) == (False, None)


def test_a_metric_is_not_mistaken_for_one_with_a_longer_name() -> None:
    assert total("pointsman_records_total_more 5", "pointsman_records_total") is None
