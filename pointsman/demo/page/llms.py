"""The table of LLMs: what each did of the prompts, and what it would have done of all of them."""

from pointsman.demo.page.roster import Roster
from pointsman.demo.story import DemoLlm, LlmTotals, Story, Totals
from pointsman.drawing import words
from pointsman.drawing.markup import Markup, element, joined, number, text

_NOTHING = LlmTotals(share=0.0, quality=None, cost_usd=None, wait_s=None)
_COLUMNS = ("LLM", "Share", "Quality", "Cost", "Wait", "Quality", "Cost", "USD per million tokens")


def table(story: Story, roster: Roster) -> Markup:
    """One row per LLM, then the fleet and the ways to compare it with."""
    described = {one.name: one for one in story.llms}
    most = max((one.share for one in story.report.by_llm.values()), default=0.0) or 1.0
    rows = [_row(name, described.get(name), story, roster.colour_of[name], most) for name in roster.names[::-1]]
    body = element("tbody", None, *rows)
    return element(
        "div",
        {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "LLMs, a table"},
        element("table", {"class": "llms"}, _head(), body, element("tbody", {"class": "totals"}, *_totals(story))),
    )


def _head() -> Markup:
    groups = (("", 1), ("of the prompts it was given", 4), ("had it answered all", 2), ("price", 1))
    over = [
        element("th", {"colspan": str(span), "scope": "colgroup", "class": "over" if name else None}, text(name))
        for name, span in groups
    ]
    names = [
        element("th", {"scope": "col", "class": None if place == 0 else "number"}, text(name))
        for place, name in enumerate(_COLUMNS)
    ]
    return element("thead", None, element("tr", None, *over), element("tr", None, *names))


def _row(name: str, llm: DemoLlm | None, story: Story, colour: str, most: float) -> Markup:
    did = story.report.by_llm.get(name, _NOTHING)
    alone = story.singles.get(name)
    key = element("span", {"class": f"key {colour}"})
    price = words.UNKNOWN if llm is None else f"{llm.usd_per_mtok_input:g} in, {llm.usd_per_mtok_output:g} out"
    bar = element("span", {"class": f"bar {colour}", "style": f"width:{number(3.2 * did.share / most)}em"})
    return element(
        "tr",
        None,
        element("th", {"scope": "row"}, key, text(name)),
        _cell(joined([bar, element("span", {"class": "share"}, text(words.percent(did.share)))])),
        *([_cell(text(said)) for said in _did(did)] if did.share > 0 else [_cell(text("–"))] * 3),
        *map(_cell_of, _alone(alone)),
        _cell(text(price), quiet=True),
    )


def _did(did: LlmTotals) -> tuple[str, str, str]:
    return words.quality(did.quality), words.cost(did.cost_usd), words.seconds(did.wait_s)


def _alone(totals: Totals | None) -> tuple[str, str]:
    if totals is None:
        return words.UNKNOWN, words.UNKNOWN
    return words.quality(totals.quality), words.cost(totals.cost_usd)


def _totals(story: Story) -> list[Markup]:
    report = story.report
    ours = Totals(quality=report.quality, cost_usd=report.cost_usd)
    return [_total("The fleet, this run", ours), _total("A random LLM each time", report.random)]


def _total(name: str, totals: Totals) -> Markup:
    return element(
        "tr",
        None,
        element("th", {"scope": "row"}, text(name)),
        element("td", {"colspan": "4"}),
        *map(_cell_of, _alone(totals)),
        element("td"),
    )


def _cell_of(said: str) -> Markup:
    return _cell(text(said))


def _cell(content: Markup, quiet: bool = False) -> Markup:
    unknown = content == words.UNKNOWN
    return element("td", {"class": "number unknown" if unknown else "number quiet" if quiet else "number"}, content)
