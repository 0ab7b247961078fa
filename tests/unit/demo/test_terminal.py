"""The story on a terminal."""

from collections.abc import Mapping

from rich.console import Console

from pointsman.demo.material import Outcomes
from pointsman.demo.story import Story
from pointsman.demo.terminal import render
from pointsman.demo.totals import report
from tests.unit.demo.samples import answered, failed, outcomes


def _shown(known: Mapping[str, Outcomes]) -> str:
    sent = [answered(0, "cheap", 1.0, 0.01), answered(1, "dear", 1.0, 0.02), failed(2)]
    story = Story(
        source="a [test]",
        started_at=0.0,
        seconds=12.0,
        report=report(sent, known),
        llms=(),
        queries=(),
        queues=(),
        events=(),
        curve=(),
        singles={},
        explained=None,
    )
    console = Console(width=140)
    with console.capture() as captured:
        for part in render(story):
            console.print(part, highlight=False)
    return captured.get()


def test_everything_is_compared() -> None:
    shown = _shown(
        {"dear": outcomes([1.0] * 3, [0.02] * 3), "cheap": outcomes([1.0, 0.0, 0.0], [0.01] * 3)},
    )

    assert "a [test]: 2 of 3 answered, 1 failed in 12.0 s" in shown
    assert "the best: dear" in shown
    assert "the cheapest: cheap" in shown
    assert "random ones" in shown
    # 0.03 in all against 0.06; 2 right answers of 3 against 3.
    assert "×0.5 (" in shown
    assert "-0.333 (" in shown
    assert "95 %" in shown


def test_what_is_unknown_is_said_to_be() -> None:
    shown = _shown({})

    assert "unknown" in shown
    assert "cheapest" not in shown
