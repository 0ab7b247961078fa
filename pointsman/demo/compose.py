"""Puts together what a run noted and what is known into the story."""

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.demo.curve import curve
from pointsman.demo.material import Material
from pointsman.demo.receipts import tell
from pointsman.demo.record import Record, Sent
from pointsman.demo.story import DemoLlm, QueryPoint, Story
from pointsman.demo.totals import report, singles
from shared.messages import Llm, Model, Receipt


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it."""

    #: Seconds since the epoch.
    started_at: float
    record: Record
    #: By number of the query.
    receipts: Sequence[tuple[int, Receipt]]
    llms: Sequence[Llm]
    models: Sequence[Model]


def compose(material: Material, run: Run) -> Story:
    """The story of a run."""
    sent = sorted(run.record.sent, key=lambda one: one.sent_s)
    joined = {one.llm: one.at_s for one in run.record.happenings if one.kind == "joined"}
    return Story(
        source=material.source,
        started_at=run.started_at,
        seconds=max((one.ended_s for one in sent), default=0.0),
        report=report(sent, material.known),
        llms=tuple(_llm(one, joined.get(one.name)) for one in run.llms),
        queries=tuple(_point(one, material) for one in sent),
        queues=tuple(run.record.queues),
        events=tuple(run.record.happenings),
        curve=curve(run.receipts, material.known, _cost_scale(run.models)),
        singles=singles(sent, material.known),
        explained=tell(run.receipts),
    )


def _llm(llm: Llm, joined_s: float | None) -> DemoLlm:
    return DemoLlm(
        name=llm.name,
        usd_per_mtok_input=llm.usd_per_mtok_input,
        usd_per_mtok_output=llm.usd_per_mtok_output,
        parallelism=llm.parallelism,
        joined_s=joined_s,
    )


def _point(one: Sent, material: Material) -> QueryPoint:
    answer = one.answer
    return QueryPoint(
        sent_s=one.sent_s,
        answered_s=None if answer is None else one.ended_s,
        llm=None if answer is None else answer.llm,
        topic=material.asked[one.number].topic,
        quality=one.quality,
        cost_usd=None if answer is None else answer.cost_usd,
        wait_s=None if answer is None else answer.wait_s,
        phase=one.phase,
    )


def _cost_scale(models: Sequence[Model]) -> float:
    return next(model.policy.cost_scale_per_usd for model in models if model.policy is not None)
