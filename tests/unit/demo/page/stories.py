"""Stories to draw: plausible runs from a seed, and the edges of what a run may be."""

from random import Random

from pointsman.demo.story import (
    CurvePoint,
    DemoLlm,
    Difference,
    Happening,
    LlmTotals,
    QueryPoint,
    QueueSample,
    Report,
    Single,
    StageTimes,
    Story,
    Told,
    Totals,
)
from tests.unit.command.receipts import candidate, receipt

_NAMES = (
    "plover-mini", "finch-code", "heron-reason", "eagle-pro", "owl-maths", "wren-small", "ibis-long-context-preview",
    "kestrel", "llama-3.1-8b-instruct", "swift-flash", "raven-70b", "crane-large", "gull", "stork-xl",
)  # fmt: skip
_UNKNOWN = Difference(quality=None, cost_usd=None)


def plausible(count: int, seed: int = 1) -> Story:
    """A run of 300 prompts over that many LLMs: a burst, one that joins, one that stalls."""
    random = Random(seed)
    llms = [_llm(name, place, count, random) for place, name in enumerate(_NAMES[:count])]
    joining, stalling = (llms[count // 2].name, llms[count // 3].name) if count > 1 else (None, None)
    llms = [one.model_copy(update={"joined_s": 34.0}) if one.name == joining else one for one in llms]
    singles = {one.name: _single(one, random) for one in llms}
    queries = _queries(llms, singles, stalling, random)
    return Story(
        source="generated problems with answers that are checked by computation",
        started_at=1_795_000_000.0,
        seconds=78.4,
        report=_report(queries, singles),
        llms=tuple(llms),
        queries=tuple(queries),
        queues=tuple(_queues(llms, stalling, random)),
        events=(
            Happening(at_s=12.0, kind="burst_began"),
            Happening(at_s=22.5, kind="burst_ended"),
            Happening(at_s=34.0, kind="joined", llm=joining),
            Happening(at_s=48.0, kind="stalled", llm=stalling),
            Happening(at_s=62.0, kind="recovered", llm=stalling),
        ),
        curve=tuple(_curve(singles)),
        singles=singles,
        explained=_explained(llms, singles),
    )


def unanswered() -> Story:
    """Three prompts, all refused by a fleet of two."""
    story = plausible(2)
    queries = [
        QueryPoint(
            sent_s=at, answered_s=None, llm=None, topic="dates", quality=None, cost_usd=None, wait_s=None, phase="calm"
        )
        for at in (0.0, 0.4, 0.9)
    ]
    report = Report(
        queries=3,
        answered=0,
        refused=3,
        failed=0,
        quality=None,
        cost_usd=None,
        best_single=None,
        cheapest=None,
        random=Totals(quality=None, cost_usd=None),
        by_llm={},
        stages={},
        differences={"pointsman - best_single": _UNKNOWN},
    )
    nothing = {"queues": (), "events": (), "curve": (), "singles": {}, "explained": None, "seconds": 0.0}
    return story.model_copy(update={"queries": tuple(queries), "report": report} | nothing)


def lone() -> Story:
    """One LLM, which takes everything; nothing happens."""
    story = plausible(1)
    return story.model_copy(update={"events": ()})


def real_endpoints() -> Story:
    """Nobody knows what the LLMs that were not asked would have said."""
    story = plausible(4)
    report = story.report.model_copy(
        update={
            "best_single": None,
            "cheapest": None,
            "random": Totals(quality=None, cost_usd=None),
            "differences": {"pointsman - best_single": _UNKNOWN, "pointsman - random": _UNKNOWN},
        }
    )
    return story.model_copy(update={"report": report, "curve": (), "singles": {}})


def long_waits() -> Story:
    """A queue of hours at one LLM, and one that costs nothing."""
    story = plausible(5)
    queues = tuple(
        one.model_copy(update={"outstanding_s": {name: value * 900 for name, value in one.outstanding_s.items()}})
        for one in story.queues
    )
    free = story.llms[0].name
    singles = story.singles | {free: story.singles[free].model_copy(update={"cost_usd": 0.0})}
    stages = {
        name: StageTimes(p50_s=one.p50_s * 400, p99_s=one.p99_s * 900) for name, one in story.report.stages.items()
    }
    report = story.report.model_copy(update={"stages": stages})
    return story.model_copy(update={"queues": queues, "singles": singles, "report": report})


def hostile() -> Story:
    """Names and words that would break a page that does not escape them."""
    text = plausible(3).model_dump_json()
    evil = "<script>alert(1)</script>&\\\"'"
    return Story.model_validate_json(
        text.replace("finch-code", evil).replace("generated problems", "</style><b>problems")
    )


def _llm(name: str, place: int, count: int, random: Random) -> DemoLlm:
    price = 0.05 * 10 ** (2.3 * place / max(count - 1, 1)) * random.uniform(0.8, 1.25)
    return DemoLlm(
        name=name,
        usd_per_mtok_input=round(price, 3),
        usd_per_mtok_output=round(4 * price, 2),
        parallelism=8 - place // 3,
    )


def _single(llm: DemoLlm, random: Random) -> Totals:
    cost = llm.usd_per_mtok_output * random.uniform(90, 180) / 1e6
    return Totals(quality=min(0.35 + 0.16 * (cost / 1e-5) ** 0.28 + random.gauss(0, 0.04), 0.93), cost_usd=cost)


def _queries(llms: list[DemoLlm], singles: dict[str, Totals], stalling: str | None, random: Random) -> list[QueryPoint]:
    at, found = 0.0, []
    for number in range(300):
        burst, stalled = 12 <= at < 22.5, 48 <= at < 62
        able = [one for one in llms if at >= (one.joined_s or 0) and (not (stalled and one.name == stalling))]
        weights = [1.5 / (1 + 3 * abs(place - 0.35 * len(able) - burst)) for place in range(len(able))]
        llm = random.choices(able, weights)[0]
        wait = random.uniform(0.5, 2.5) * (4 if burst else 1)
        right = random.random() < (singles[llm.name].quality or 0) + 0.12
        cost = (singles[llm.name].cost_usd or 0) * random.uniform(0.4, 1.6)
        phase = "burst" if burst else "stalled" if stalled else "calm"
        lost = number % 149 == 148
        found.append(
            QueryPoint(
                sent_s=at,
                answered_s=None if lost else at + wait,
                llm=None if lost else llm.name,
                topic="dates",
                quality=None if lost else float(right),
                cost_usd=None if lost else cost,
                wait_s=None if lost else wait,
                phase=phase,
            )
        )
        at += random.expovariate(9.0 if burst else 3.1)
    return found


def _report(queries: list[QueryPoint], singles: dict[str, Totals]) -> Report:
    answered = [one for one in queries if one.llm is not None]
    quality = sum(one.quality or 0 for one in queries) / len(queries)
    cost = sum(one.cost_usd or 0 for one in queries) / len(queries)
    best = max(singles.items(), key=lambda item: item[1].quality or 0)
    cheapest = min(singles.items(), key=lambda item: item[1].cost_usd or 0)
    random = Totals(
        quality=sum(one.quality or 0 for one in singles.values()) / len(singles),
        cost_usd=sum(one.cost_usd or 0 for one in singles.values()) / len(singles),
    )
    rivals = {"best_single": best[1], "cheapest": cheapest[1], "random": random}
    return Report(
        queries=len(queries),
        answered=len(answered),
        refused=0,
        failed=len(queries) - len(answered),
        quality=quality,
        cost_usd=cost,
        best_single=Single(llm=best[0], **best[1].model_dump()),
        cheapest=Single(llm=cheapest[0], **cheapest[1].model_dump()),
        random=random,
        by_llm={name: _did(name, answered) for name in singles if any(one.llm == name for one in answered)},
        stages={
            "embed": StageTimes(p50_s=0.041, p99_s=0.31),
            "predict": StageTimes(p50_s=0.006, p99_s=0.028),
            "decide": StageTimes(p50_s=0.003, p99_s=0.012),
            "queue": StageTimes(p50_s=0.35, p99_s=7.8),
            "llm": StageTimes(p50_s=1.4, p99_s=6.1),
        },
        differences={f"pointsman - {name}": _difference(quality, cost, rival) for name, rival in rivals.items()},
    )


def _did(name: str, answered: list[QueryPoint]) -> LlmTotals:
    mine = [one for one in answered if one.llm == name]
    return LlmTotals(
        share=len(mine) / len(answered),
        quality=sum(one.quality or 0 for one in mine) / len(mine),
        cost_usd=sum(one.cost_usd or 0 for one in mine) / len(mine),
        wait_s=sum(one.wait_s or 0 for one in mine) / len(mine),
    )


def _difference(quality: float, cost: float, rival: Totals) -> Difference:
    assert rival.quality is not None
    assert rival.cost_usd is not None
    better, dearer = quality - rival.quality, cost - rival.cost_usd
    return Difference(
        quality=(better - 0.035, better, better + 0.034),
        cost_usd=(dearer - 0.08 * cost, dearer, dearer + 0.09 * cost),
        cost_ratio=(0.92 * cost / rival.cost_usd, cost / rival.cost_usd, 1.09 * cost / rival.cost_usd),
    )


def _queues(llms: list[DemoLlm], stalling: str | None, random: Random) -> list[QueueSample]:
    level = {one.name: 0.0 for one in llms}
    samples = []
    for step in range(156):
        at = step / 2
        pull = 4.0 if 12 <= at < 22.5 else 1.0
        for one in llms:
            goal = pull * random.uniform(0.2, 2.4) + (9 if one.name == stalling and 48 <= at < 62 else 0)
            level[one.name] += 0.25 * (goal - level[one.name])
        known = {one.name: level[one.name] for one in llms if at >= (one.joined_s or 0)}
        samples.append(QueueSample(at_s=at, outstanding_s=known))
    return samples


def _curve(singles: dict[str, Totals]) -> list[CurvePoint]:
    costs = sorted(one.cost_usd or 0 for one in singles.values())
    low, high = costs[0], costs[-1]
    best = max(one.quality or 0 for one in singles.values())
    return [
        CurvePoint(
            willingness_to_pay=10 ** (step / 20 - 1),
            quality=min(best + 0.045 - (best - 0.45) * (1 - step / 59) ** 2.6, 1.0),
            cost_usd=low * (0.8 * high / low) ** (step / 59),
        )
        for step in range(60)
    ]


def _explained(llms: list[DemoLlm], singles: dict[str, Totals]) -> Told:
    chosen = llms[len(llms) // 3].name
    candidates = [
        candidate(
            one.name,
            quality=singles[one.name].quality,
            cost_usd=singles[one.name].cost_usd,
            wait_s=1.2 + place,
            score=0.61 if one.name == chosen else 0.52 - 0.11 * place,
            head=None if one.joined_s else "v1",
            barred_by="max_wait_s" if place == len(llms) - 1 and len(llms) > 2 else None,
        )
        for place, one in enumerate(llms)
    ]
    return Told(
        receipt=receipt(chosen, *candidates),
        lines=(
            f"{chosen} scores 0.610, {llms[0].name} 0.520: it is expected to be better, which outweighs being dearer.",
            f"What would have changed it: a willingness to pay of 0.62 instead of 1.4 (then {llms[0].name}).",
        ),
    )
