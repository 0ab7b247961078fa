"""Two replicas: one view of the waits, and nothing lost when one is killed."""

import asyncio
import time
from math import isclose

from pointsman.local.process import Child
from shared.messages import Accepted, Llm, PartitionCapacity
from tests.integration.decision.play import Play, eventually
from tests.integration.serving import metric

QUEUED_S = 100.0


def a_partition(llm: Llm, number: int, queued_s: float) -> PartitionCapacity:
    return PartitionCapacity(
        topic=f"dispatch.{llm.name}",
        partition=number,
        next_offset=0,
        owned_since=time.time(),
        slots=1,
        queued_s=queued_s,
        remaining_s=0,
        in_flight=1,
    )


def accepted_at(play: Play, llm: Llm, home: int) -> Accepted:
    """A query of this home partition: its number decides which replica gets it."""
    while play.home_of(accepted := play.accepted(llm)) != home:
        pass
    return accepted


def outstanding_s(replica: Child, llm: Llm) -> float:
    return metric(replica, f'outstanding_seconds{{llm="{llm.name}"}}')


async def test_two_replicas_see_the_same_waits(play: Play) -> None:
    # A prediction that comes too late on a busy machine promises no more tokens than one in time.
    llm = await play.llm(parallelism=1, prior_response_tokens=100)
    replicas = [await play.replica() for _ in range(2)]
    await play.announce(llm, a_partition(llm, 0, QUEUED_S))
    service_s = llm.prior_first_token_s + 100 / llm.prior_tokens_per_s
    deciders: set[str] = set()

    # Each dispatch adds its seconds; every replica counts those of the other too.
    for number in range(2 * play.home_partitions):
        expected_s = QUEUED_S + number * service_s
        for replica in replicas:
            await eventually(
                lambda known=replica, told=expected_s: isclose(outstanding_s(known, llm), told), f"{expected_s} s told"
            )
        accepted = accepted_at(play, llm, number % play.home_partitions)
        await play.predict(accepted, llm, 0.8, tokens=100)
        await play.accept(accepted)
        _, receipt = await play.receipt(accepted)
        deciders.add(receipt.replica)
        wait_s = next(one for one in receipt.candidates if one.llm == llm.name).wait_s
        assert abs(wait_s - (expected_s + service_s)) < 0.01

    assert len(deciders) == 2, "both decided"


async def test_a_new_replica_knows_what_was_dispatched_before_it_came(play: Play) -> None:
    llm = await play.llm(parallelism=1, prior_response_tokens=100)
    first = await play.replica()
    for _ in range(5):
        accepted = play.accepted(llm)
        await play.predict(accepted, llm, 0.8, tokens=100)
        await play.accept(accepted)
        await play.receipt(accepted)
    await play.dispatches(llm, 5)
    await first.stop()
    await asyncio.sleep(5.5)  # what is on `capacity` is then older than a new replica reads back

    await play.replica()
    accepted = play.accepted(llm)
    await play.predict(accepted, llm, 0.8, tokens=100)
    await play.accept(accepted)
    _, receipt = await play.receipt(accepted)

    service_s = llm.prior_first_token_s + 100 / llm.prior_tokens_per_s
    wait_s = next(one for one in receipt.candidates if one.llm == llm.name).wait_s
    assert abs(wait_s - 6 * service_s) < 0.01


async def test_a_killed_replica_loses_nothing(play: Play) -> None:
    llm = await play.llm()
    victim, _ = await play.replica(), await play.replica()
    asked = [play.accepted(llm) for _ in range(200)]

    for number, accepted in enumerate(asked):
        await play.predict(accepted, llm, 0.8)
        await play.accept(accepted)
        if number == 100:
            victim.kill()
    for accepted in asked:
        await play.receipt(accepted)

    wanted = {accepted.query.query_id for accepted in asked}
    deadline = time.monotonic() + 60
    found: set[str] = set()
    while wanted - found and time.monotonic() < deadline:
        found = {dispatch.accepted.query.query_id for _, dispatch in await play.dispatches(llm, len(wanted))}
    assert not wanted - found
