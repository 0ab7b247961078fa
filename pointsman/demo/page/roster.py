"""Who is on the page: one order and one colour per LLM in every picture."""

from dataclasses import dataclass

from pointsman.demo.story import Story

#: Colours that stay apart for colour-blind readers; the stylesheet defines them, greys are for the rest.
HUES = 8
GREYS = 3


@dataclass(frozen=True, slots=True)
class Roster:
    """The LLMs, and the class of the stylesheet that colours each."""

    #: From the cheapest to the dearest.
    names: tuple[str, ...]
    colour_of: dict[str, str]
    joined_s: dict[str, float]


def roster(story: Story) -> Roster:
    """Every LLM of the story; those that answered most have colours of their own, the rest are grey."""
    prices = {one.name: (one.usd_per_mtok_output, one.usd_per_mtok_input) for one in story.llms}
    others = sorted({*story.report.by_llm, *story.singles} - set(prices))
    names = (*sorted(prices, key=lambda name: (prices[name], name)), *others)
    busiest = sorted(names, key=lambda name: -_share(story, name))
    colours = {name: f"hue-{place}" if place < HUES else f"grey-{place % GREYS}" for place, name in enumerate(busiest)}
    return Roster(names, colours, {one.name: one.joined_s for one in story.llms if one.joined_s is not None})


def _share(story: Story, name: str) -> float:
    told = story.report.by_llm.get(name)
    return 0.0 if told is None else told.share
