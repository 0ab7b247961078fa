"""The page's tables."""

from collections.abc import Iterable, Mapping, Sequence

from pointsman.drawing import words
from pointsman.drawing.markup import Markup, element, text
from pointsman.evaluation.page.names import about, colour, ordered
from pointsman.evaluation.report import Difference, Report, Router, Routing, Withholding

_SHARE, _RATIO = "0.2418", "0.9725"
_BY_DOMAIN = ("pointsman", "best_single", "dataset_mean", "oracle")


def routers(routing: Routing) -> Markup:
    """Every router: area, two points of its curve, and how it compares."""
    heads = ("Router", "Area", "95 %", "Quality at 24.18 % of cost", "Cost of 97.25 % of quality", "Ours less this")
    rows = [_router(name, routing.routers[name], routing.differences) for name in ordered(list(routing.routers))]
    return _table(heads, rows)


def domains(report: Report) -> Markup:
    """Areas on the queries of one label each."""
    heads = ("Data set", "Queries", "Reference’s quality", *_BY_DOMAIN)
    rows = [
        [
            _name(name),
            *_cells(f"{one.queries:,}", words.quality(one.reference.quality)),
            *_cells(*(_area(one.area[of]) for of in _BY_DOMAIN)),
        ]
        for name, one in report.domains.items()
    ]
    return _table(heads, rows)


def llms(report: Report) -> Markup:
    """Every LLM alone, what was predicted of it, and its share of the queries by default."""
    heads = (
        "LLM",
        "Head",
        "Quality",
        "Calibration error",
        "Cost predicted",
        "Cost realised",
        "Correlation of costs",
        "Tokens predicted",
        "Tokens realised",
        "Within 10–90 %",
        "Queries by default",
    )
    rows = [
        [
            _name(llm),
            element("td", {"class": "quiet"}, text(one.head or "none: its prior")),
            *_cells(
                words.quality(report.llms[llm].quality),
                f"{one.calibration.error:.3f}",
                words.cost(one.predicted_cost_usd),
                words.cost(one.realised_cost_usd),
                _number(one.cost_correlation, ".2f"),
                _number(one.predicted_tokens, ",.0f"),
                _number(one.realised_tokens, ",.0f"),
                words.percent(one.interval_coverage),
                words.percent(report.served.shares[llm]),
            ),
        ]
        for llm, one in report.predictions.items()
    ]
    return _table(heads, rows)


def withheld(withhold: Mapping[str, Withholding]) -> Markup:
    """What an LLM that comes new is worth, by how many of its answers are known."""
    heads = ("LLM", "Rows known", "Head", "Area", "95 %", "More than without it")
    rows = []
    for llm, one in withhold.items():
        rows.append([_name(llm), *_cells("it is not there", "", f"{one.area_without:.3f}", "", "")])
        for count, found in one.rows.items():
            ends = f"{found.ci95[0]:.3f}–{found.ci95[1]:.3f}"
            rows.append(
                [
                    _name(""),
                    *_cells(count, found.head or "its prior", f"{found.area:.3f}", ends, _difference(found.gain)),
                ]
            )
    return _table(heads, rows)


def _router(name: str, router: Router, differences: Mapping[str, Difference]) -> list[Markup]:
    less = differences.get(f"pointsman - {name}")
    key = element("span", {"class": f"key {colour(name)}"})
    remark = element("span", {"class": "remark"}, text(about(name)))
    return [
        element("th", {"scope": "row"}, key, text(name), remark),
        *_cells(
            f"{router.area:.3f}",
            _ends(router.ci95.area),
            _ratio(router.quality_ratio_at_cost_share[_SHARE]),
            _ratio(router.cost_share_at_quality_ratio[_RATIO]),
            "" if less is None else _difference(less.area),
        ),
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[Markup]]) -> Markup:
    """The first column names the row; the others are aligned to the right."""
    kinds = [None, *["number wrap"] * (len(heads) - 1)]
    cells = [
        element("th", {"scope": "col", "class": kind}, text(head)) for head, kind in zip(heads, kinds, strict=True)
    ]
    head = element("thead", None, element("tr", None, *cells))
    body = element("tbody", None, *(element("tr", None, *row) for row in rows))
    return element("div", {"class": "scroll"}, element("table", {"class": "report"}, head, body))


def _name(said: str) -> Markup:
    return element("th", {"scope": "row"}, text(said))


def _cells(*said: str) -> list[Markup]:
    return [element("td", {"class": "number"}, text(one)) for one in said]


def _area(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _ratio(value: float | None) -> str:
    return "never" if value is None else f"{100 * value:.1f} %"


def _ends(ends: tuple[float | None, float | None]) -> str:
    return "–".join("never" if end is None else f"{end:.3f}" for end in ends)


def _difference(ends: tuple[float, float, float]) -> str:
    low, mean, high = map(words.signed, ends)
    return f"{mean} ({low} to {high})"
