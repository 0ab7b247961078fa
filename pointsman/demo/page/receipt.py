"""One decision, explained by its receipt."""

from pointsman.command.reasons import barred
from pointsman.demo.page.roster import Roster
from pointsman.demo.story import Told
from pointsman.drawing import words
from pointsman.drawing.markup import Markup, element, joined, paragraph, text
from pointsman.drawing.scales import Linear
from shared.messages import Candidate, Receipt


def explained(told: Told, roster: Roster) -> Markup:
    """The candidates, best first, and why it came to this one."""
    receipt = told.receipt
    ordered = sorted(receipt.candidates, key=lambda one: (one.llm != receipt.llm, one.barred_by or "", -one.score))
    scale = _scale(receipt)
    head = element(
        "thead",
        None,
        element(
            "tr",
            None,
            *(
                element("th", {"scope": "col", "class": kind}, text(name))
                for name, kind in (
                    ("Candidate", None),
                    ("Quality", "number"),
                    ("Cost", "number"),
                    ("Wait", "number"),
                    ("Score", "score"),
                )
            ),
        ),
    )
    rows = [_row(one, receipt, scale, roster) for one in ordered]
    return joined(
        [
            paragraph(_situation(receipt), "lead"),
            element("table", {"class": "receipt"}, head, element("tbody", None, *rows)),
            *(paragraph(line, "why") for line in told.lines),
        ]
    )


def _situation(receipt: Receipt) -> str:
    subject = "A prompt" if receipt.domain is None else f"A prompt about {receipt.domain}"
    return (
        f"{subject}, {words.count(receipt.prompt_tokens, 'token')} long. Its sender would pay "
        f"{receipt.willingness_to_pay:g} times what a mean answer of the reference LLM costs for a perfect one, "
        f"and finds a wait of {receipt.tau_s:g} s too long."
    )


def _row(one: Candidate, receipt: Receipt, scale: Linear, roster: Roster) -> Markup:
    chosen = one.llm == receipt.llm
    kind = "chosen" if chosen else "barred" if one.barred_by is not None else None
    colour = roster.colour_of.get(one.llm, "grey-0")
    key = element("span", {"class": f"key {colour}"})
    return element(
        "tr",
        {"class": kind},
        element("th", {"scope": "row"}, key, text(one.llm), *_remarks(one, chosen)),
        element("td", {"class": "number"}, text(words.quality(one.quality))),
        element("td", {"class": "number"}, text(words.cost(one.cost_usd))),
        element("td", {"class": "number"}, text(words.seconds(one.wait_s))),
        element("td", {"class": "score"}, _bar(one, scale, colour)),
    )


def _remarks(one: Candidate, chosen: bool) -> list[Markup]:
    said = [
        "chosen" if chosen else "",
        barred(one),
        "no prediction in time, prior used" if one.late else "",
        "no head yet, prior used" if one.head is None and not one.late else "",
    ]
    remarks = ", ".join(one for one in said if one)
    return [element("span", {"class": "remark"}, text(remarks))] if remarks else []


def _scale(receipt: Receipt) -> Linear:
    """Scores onto percents of the column; 0 is always on it, and outliers below do not flatten the rest."""
    scores = [one.score for one in receipt.candidates]
    high = max([*scores, 0.0])
    low = max(min([*scores, 0.0]), -2 * high if high > 0 else min(scores, default=-1.0))
    return Linear(low, high if high > low else low + 1, 0, 100)


def _bar(one: Candidate, scale: Linear, colour: str) -> Markup:
    zero, end = scale(0), max(scale(one.score), 0.0)
    left, width = min(zero, end), abs(end - zero)
    bar = element("span", {"class": f"bar {colour}", "style": f"left:{left:.1f}%;width:{width:.1f}%"})
    axis = element("span", {"class": "zero", "style": f"left:{zero:.1f}%"})
    said = f"{one.score:.3f}" if abs(one.score) < 1000 else f"{one.score:.2g}"
    track = element("span", {"class": "track", "aria-hidden": "true"}, bar, axis)
    return joined([track, element("span", {"class": "number"}, text(said.replace("-", "−")))])
