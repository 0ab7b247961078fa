"""The figures of a run: what the fleet did, and what other ways would have done on the same queries."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pointsman.demo.intervals import paired, ratio
from pointsman.demo.material import Doubles, Outcomes
from pointsman.demo.record import Sent
from pointsman.demo.story import Difference, LlmTotals, Report, Single, StageTimes, Totals
from shared.messages import Response


def report(sent: Sequence[Sent], known: Mapping[str, Outcomes]) -> Report:
    """Totals over all queries that were sent; one without an answer has quality 0 and costs nothing.

    `known` is empty where nobody knows what other LLMs would have made of them.
    """
    ours = _ours(sent)
    rivals = _rivals([one.number for one in sent], known)
    best = _best(rivals)
    cheapest = _cheapest(rivals)
    average = _average(rivals)
    statuses = [None if one.response is None else one.response.status for one in sent]
    return Report(
        queries=len(sent),
        answered=statuses.count("answered"),
        refused=statuses.count("refused"),
        failed=statuses.count("failed") + statuses.count(None),
        **totals(ours).model_dump(),
        best_single=_single(best, rivals),
        cheapest=_single(cheapest, rivals),
        random=Totals(quality=None, cost_usd=None) if average is None else totals(average),
        by_llm=by_llm(sent),
        stages=stages([one.answer for one in sent if one.answer is not None]),
        differences={
            "pointsman - best_single": _difference(ours, None if best is None else rivals[best]),
            "pointsman - cheapest": _difference(ours, None if cheapest is None else rivals[cheapest]),
            "pointsman - random": _difference(ours, average),
        },
    )


def totals(outcomes: Outcomes) -> Totals:
    """Means over the queries."""
    return Totals(quality=float(outcomes.quality.mean()), cost_usd=float(outcomes.cost_usd.mean()))


def singles(sent: Sequence[Sent], known: Mapping[str, Outcomes]) -> dict[str, Totals]:
    """Every LLM alone on the same queries."""
    return {llm: totals(rival) for llm, rival in _rivals([one.number for one in sent], known).items()}


def by_llm(sent: Sequence[Sent]) -> dict[str, LlmTotals]:
    """What each LLM did, the busiest first."""
    answered: dict[str, list[Sent]] = {}
    for one in sent:
        if one.answer is not None and one.answer.llm is not None:
            answered.setdefault(one.answer.llm, []).append(one)
    total = sum(map(len, answered.values()))
    busiest = sorted(answered.items(), key=lambda item: -len(item[1]))
    return {llm: _of_one(mine, total) for llm, mine in busiest}


def stages(answers: Sequence[Response]) -> dict[str, StageTimes]:
    """Seconds per stage, in the order in which a query passes them; `total` is the whole wait."""
    spent: dict[str, list[float]] = {}
    for answer in answers:
        for stage, seconds in answer.stages.items():
            spent.setdefault(stage, []).append(seconds)
        if answer.wait_s is not None:
            spent.setdefault("total", []).append(answer.wait_s)
    spent["total"] = spent.pop("total", [])
    return {stage: _times(seconds) for stage, seconds in spent.items() if seconds}


def _ours(sent: Sequence[Sent]) -> Outcomes:
    return Outcomes(
        quality=np.array([one.quality or 0.0 for one in sent]),
        cost_usd=np.array([0.0 if one.answer is None else one.answer.cost_usd or 0.0 for one in sent]),
    )


def _rivals(numbers: Sequence[int], known: Mapping[str, Outcomes]) -> dict[str, Outcomes]:
    """Every LLM's outcomes of the queries that were sent, in their order."""
    rows = list(numbers)
    return {llm: Outcomes(one.quality[rows], one.cost_usd[rows]) for llm, one in known.items()}


def _best(rivals: Mapping[str, Outcomes]) -> str | None:
    return max(rivals, key=lambda llm: (rivals[llm].quality.mean(), -rivals[llm].cost_usd.mean()), default=None)


def _cheapest(rivals: Mapping[str, Outcomes]) -> str | None:
    return min(rivals, key=lambda llm: rivals[llm].cost_usd.mean(), default=None)


def _average(rivals: Mapping[str, Outcomes]) -> Outcomes | None:
    """What drawing an LLM at random for each query comes to on average."""
    if not rivals:
        return None

    def mean(of: Callable[[Outcomes], Doubles]) -> Doubles:
        averaged: Doubles = np.mean([of(rival) for rival in rivals.values()], axis=0)
        return averaged

    return Outcomes(mean(lambda one: one.quality), mean(lambda one: one.cost_usd))


def _single(llm: str | None, rivals: Mapping[str, Outcomes]) -> Single | None:
    return None if llm is None else Single(llm=llm, **totals(rivals[llm]).model_dump())


def _difference(ours: Outcomes, theirs: Outcomes | None) -> Difference:
    if theirs is None:
        return Difference(quality=None, cost_usd=None)
    return Difference(
        quality=paired(ours.quality, theirs.quality),
        cost_usd=paired(ours.cost_usd, theirs.cost_usd),
        cost_ratio=ratio(ours.cost_usd, theirs.cost_usd),
    )


def _of_one(mine: Sequence[Sent], total: int) -> LlmTotals:
    ours = _ours(mine)
    waits = [one.answer.wait_s for one in mine if one.answer is not None and one.answer.wait_s is not None]
    return LlmTotals(
        share=len(mine) / total,
        **totals(ours).model_dump(),
        wait_s=float(np.mean(waits)) if waits else None,
    )


def _times(seconds: Sequence[float]) -> StageTimes:
    p50, p99 = np.quantile(seconds, (0.5, 0.99))
    return StageTimes(p50_s=float(p50), p99_s=float(p99))
