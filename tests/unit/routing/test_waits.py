"""Waits from outstanding seconds, and the partition that takes the next dispatch."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.routing.waits import PartitionLoad, least_loaded, service_s, wait_s
from tests.unit.routing.offers import a_number


@st.composite
def load_lists(draw: st.DrawFn) -> list[PartitionLoad]:
    return [
        PartitionLoad(number, draw(st.integers(0, 4)), draw(a_number(0, 1000)), draw(st.integers(0, 9)))
        for number in range(draw(st.integers(1, 8)))
    ]


@given(a_number(0, 60), load_lists())
def test_a_wait_is_never_shorter_than_the_answer_itself(service: float, loads: list[PartitionLoad]) -> None:
    assert wait_s(service, loads) >= service


@given(a_number(0, 60), load_lists(), a_number(0, 100))
def test_more_work_never_shortens_a_wait(service: float, loads: list[PartitionLoad], more: float) -> None:
    busier = [replace(load, outstanding_s=load.outstanding_s + more, busy=load.busy + 1) for load in loads]

    assert wait_s(service, busier) >= wait_s(service, loads)


@given(load_lists())
def test_the_chosen_partition_is_the_least_loaded_with_slots(loads: list[PartitionLoad]) -> None:
    serving = [load for load in loads if load.slots]
    if not serving:
        with pytest.raises(ValueError, match="empty"):
            least_loaded(loads)
        return

    chosen = least_loaded(loads)

    rivals = [load for load in serving if load.is_free] or serving
    assert chosen in rivals
    assert chosen.per_slot_s == min(load.per_slot_s for load in rivals)


def test_a_free_slot_is_taken_before_a_shorter_queue() -> None:
    one_long_call_and_a_free_slot = PartitionLoad(0, slots=2, outstanding_s=100, busy=1)
    no_slot_for_a_moment = PartitionLoad(1, slots=1, outstanding_s=3, busy=1)

    assert least_loaded([no_slot_for_a_moment, one_long_call_and_a_free_slot]).partition == 0


def test_service_is_first_token_and_then_the_tokens() -> None:
    assert service_s(first_token_s=0.4, response_tokens=300, tokens_per_s=50) == pytest.approx(6.4)


def test_nobody_serving_leaves_the_answer_alone() -> None:
    assert wait_s(3.0, []) == 3.0
