import pytest

from services.executor.circuit import Circuit, CircuitSettings
from services.executor.failures import Verdict

SETTINGS = CircuitSettings(failures=3, first_s=10, longest_s=30)


@pytest.fixture
def circuit() -> Circuit:
    return Circuit(SETTINGS)


def fail(circuit: Circuit, at: float, times: int = 1) -> None:
    for _ in range(times):
        circuit.settle(Verdict.FAILING, "timeout", at, at)


def test_it_opens_after_failures_in_a_row(circuit: Circuit) -> None:
    fail(circuit, 0, times=2)
    before = circuit.admit(0)
    fail(circuit, 0)

    refusal = circuit.admit(1)

    assert before is None
    assert refusal is not None
    assert (refusal.kind, circuit.reason, circuit.healthy(1)) == ("circuit", "timeout", False)


def test_an_answer_in_between_starts_the_count_again(circuit: Circuit) -> None:
    fail(circuit, 0, times=2)
    circuit.settle(Verdict.FINE, "", 0, 0)
    fail(circuit, 0, times=2)

    assert circuit.admit(0) is None


def test_refused_credentials_open_it_at_once(circuit: Circuit) -> None:
    circuit.settle(Verdict.CLOSED, "auth", 0, 0)

    assert circuit.reason == "auth"
    assert circuit.admit(0) is not None


def test_after_its_time_one_call_probes(circuit: Circuit) -> None:
    fail(circuit, 0, times=3)

    assert circuit.healthy(10)
    assert circuit.admit(10) is None
    assert not circuit.healthy(10)
    assert circuit.admit(10) is not None


def test_a_probe_that_answers_closes_it(circuit: Circuit) -> None:
    fail(circuit, 0, times=3)
    circuit.admit(10)

    circuit.settle(Verdict.FINE, "", 10, 11)

    assert (circuit.reason, circuit.admit(11)) == (None, None)


def test_each_failed_probe_doubles_the_time_up_to_the_longest(circuit: Circuit) -> None:
    fail(circuit, 0, times=3)
    opened_for = []
    now = 10.0
    for _ in range(3):
        circuit.admit(now)
        fail(circuit, now)
        opened_for.append(next(s for s in range(100) if circuit.healthy(now + s)))
        now += opened_for[-1]

    assert opened_for == [20, 30, 30]


def test_a_probe_that_was_cut_leaves_room_for_another(circuit: Circuit) -> None:
    fail(circuit, 0, times=3)
    circuit.admit(10)

    circuit.settle(Verdict.NOTHING, "lost", 10, 11)

    assert circuit.admit(11) is None


def test_calls_begun_before_it_opened_say_nothing_new(circuit: Circuit) -> None:
    circuit.settle(Verdict.CLOSED, "auth", 5, 5)

    circuit.settle(Verdict.FINE, "", 1, 6)

    assert circuit.reason == "auth"
