"""How the replicas that serve one LLM divide what it allows."""

from pathlib import Path
from ssl import create_default_context

import pytest

from services.executor.circuit import Circuit, CircuitSettings
from services.executor.endpoint import Endpoint, EndpointSettings
from services.executor.ledger import Ledger
from services.executor.serving import Serving
from shared.messages import Llm
from shared.stream.concurrent import PartitionView


def serving(parallelism: int, *owned: int) -> Serving:
    llm = Llm(
        name="small",
        base_url="http://x/v1",
        model="m",
        usd_per_mtok_input=1,
        usd_per_mtok_output=1,
        context_tokens=9,
        parallelism=parallelism,
    )
    endpoint = Endpoint(llm, EndpointSettings(Path()), create_default_context())
    topics = ("dispatch.small", "dispatch-batch.small")
    views = [PartitionView(topic, number, 0, 0.0, ()) for topic in topics for number in owned]
    return Serving(llm, endpoint, Circuit(CircuitSettings()), Ledger(lambda: 0.0), partitions=lambda: views)


@pytest.mark.parametrize("parallelism", [3, 8, 20])
def test_the_shares_of_all_replicas_add_up_to_the_whole(parallelism: int) -> None:
    count = min(parallelism, 8)
    first, second = serving(parallelism, *range(0, count, 2)), serving(parallelism, *range(1, count, 2))

    assert first.share(0) + second.share(1) == pytest.approx(1)
    assert serving(parallelism, *range(count)).share(0) == 1


def test_a_call_from_a_partition_that_was_given_up_keeps_that_ones_share() -> None:
    assert serving(8).share(3) == 1 / 8


def test_a_share_is_never_nothing() -> None:
    assert serving(2).share(7) == 1 / 2
