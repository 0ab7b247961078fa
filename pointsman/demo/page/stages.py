"""How long each stage of a query's way takes."""

from collections.abc import Iterator, Mapping

from pointsman.demo.story import StageTimes, Story
from pointsman.drawing import words
from pointsman.drawing.markup import Attributes, Markup, element
from pointsman.drawing.scales import Linear, rounded_up
from pointsman.drawing.svg import NARROW, Picture, frame, group, label, line, marks, telling

#: What each stage does; those after the decision happen at the LLM.
_ROUTING = {"embed": "Read and embed", "predict": "Predict for every LLM", "decide": "Decide"}
_ANSWERING = {"queue": "Wait for the LLM", "llm": "The LLM answers", "total": "All together"}
_ROW, _HEAD, _AXIS = 50.0, 34.0, 30.0


def draw(story: Story, width: float) -> Markup:
    """The picture, `width` units wide: routing and answering apart, each to its own scale."""
    stages = story.report.stages
    answering = {name: times for name, times in stages.items() if name in _ANSWERING}
    routing = {name: times for name, times in stages.items() if name not in _ANSWERING}
    panels = [("Routing", routing, _ROUTING), ("At the LLM", answering, _ANSWERING)]
    parts, y = [], 0.0
    for title, part, names in panels:
        if part:
            parts.append(group("panel", _panel(title, part, names, (width, y))))
            y += _HEAD + _ROW * len(part) + _AXIS + 8
    description = "; ".join(", ".join(_told(name, times)) for name, times in stages.items()) + "."
    return frame(Picture("stages", "How long each stage takes", description), width, y, parts)


def _panel(
    title: str, stages: Mapping[str, StageTimes], names: Mapping[str, str], place: tuple[float, float]
) -> Iterator[Markup]:
    width, top = place
    narrow = width == NARROW
    most = rounded_up(max(times.p99_s for times in stages.values()))
    scale = Linear(0, most, 2.0 if narrow else 190.0, width - (84 if narrow else 200))
    bottom = top + _HEAD + _ROW * len(stages)
    yield label(0, top + 12, title, "panel-name")
    for tick in scale.ticks(2 if narrow else 4):
        yield line(scale(tick), top + _HEAD - 4, scale(tick), bottom, "grid" if tick else "axis")
        said = "0" if tick == 0 else f"{tick:g} s" if most >= 1 else f"{1000 * tick:g} ms"
        yield label(scale(tick), bottom + 12, said, "tick", "start" if narrow and tick == 0 else "middle")
    rows = enumerate(stages.items())
    yield marks(_bars(name, times, scale, top + _HEAD + _ROW * place) for place, (name, times) in rows)
    for index, (name, times) in enumerate(stages.items()):
        yield from _words(names.get(name, name), times, scale, (top + _HEAD + _ROW * index, width))


def _bars(name: str, times: StageTimes, scale: Linear, y: float) -> Markup:
    upper, lower = y + 17, y + 33
    bars: list[Attributes] = [
        {"x": scale(0), "y": upper, "width": scale(times.p50_s) - scale(0), "height": 10, "class": "median"},
        {"x": scale(0), "y": lower, "width": scale(times.p99_s) - scale(0), "height": 10, "class": "slowest"},
    ]
    return element("g", telling(_told(name, times)), *(element("rect", bar) for bar in bars))


def _words(name: str, times: StageTimes, scale: Linear, place: tuple[float, float]) -> Iterator[Markup]:
    y, width = place
    if width == NARROW:
        yield label(scale(0), y + 5, words.short(name, 36), "label")
    else:
        yield label(scale(0) - 12, y + 30, words.short(name, 24), "label", "end")
    yield label(scale(times.p50_s) + 6, y + 22, words.seconds(times.p50_s), "value strong")
    yield label(scale(times.p99_s) + 6, y + 38, words.seconds(times.p99_s), "value quiet")


def _told(name: str, times: StageTimes) -> list[str]:
    return [
        (_ROUTING | _ANSWERING).get(name, name),
        f"half within {words.seconds(times.p50_s)}",
        f"99 of 100 within {words.seconds(times.p99_s)}",
    ]
