"""What the page does not show, said at its end."""

from pointsman.demo.story import Story
from pointsman.drawing.markup import Markup, element, text


def limits(story: Story) -> Markup:
    """The honest small print."""
    said = [element("li", None, text(line)) for line in lines(story)]
    return element(
        "section", {"class": "limits"}, element("h2", None, text("What this does not show")), element("ul", None, *said)
    )


def lines(story: Story) -> list[str]:
    """What a reader must know before believing the figures."""
    known = [
        "The LLMs are simulated: their answers are computed or were recorded earlier, and their speed, prices, burst "
        "and stall are staged. The fleet around them, its queues and its waits are real.",
        "What each LLM alone would have reached is known here only because every answer can be checked beforehand. "
        "It ignores waits: an LLM that answers everything alone would have kept the prompts of the burst waiting.",
    ]
    unknown = [
        "Only the LLM that was asked answered a prompt. What the others would have said, and so what was saved, is "
        "unknown."
    ]
    return [
        *(known if story.singles else unknown),
        "The best LLM is the best on these very prompts, known afterwards: a harder rival than one chosen in advance.",
        f"One run of {story.report.queries:,} prompts on one machine. The intervals tell how much the prompts drawn "
        "matter, not how much another day, load or set of LLMs would.",
        "A prompt without an answer counts as quality 0.",
    ]
