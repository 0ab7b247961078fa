"""One decision: from forecasts to a receipt, and a dispatch or a refusal. Pure but for the reservation it makes."""

from collections.abc import Callable
from dataclasses import dataclass

from services.decision.fleet import Fleet, Policy
from services.decision.forecast import Forecast, forecasts
from services.decision.outstanding import Outstanding, Reservation
from services.decision.settings import DecisionSettings
from services.decision.undecided import Undecided
from shared.messages import Candidate, Dispatch, Flip, Receipt
from shared.routing.exploration import Choice, choose
from shared.routing.flip import FlipPoint, flip_point
from shared.routing.limits import Limits, Refusal, refusal, sift
from shared.routing.score import Score, Weights, score
from shared.routing.waits import least_loaded
from shared.topics import dispatch as dispatch_topic


@dataclass(frozen=True, slots=True)
class Dispatched:
    """An LLM was chosen; its queue counts this dispatch already."""

    receipt: Receipt
    dispatch: Dispatch
    reservation: Reservation


@dataclass(frozen=True, slots=True)
class Refused:
    """No LLM may answer."""

    receipt: Receipt
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class _Ranked:
    """The candidates of one decision, and what each of them comes to."""

    forecasts: list[Forecast]
    scores: list[Score]
    barred: list[str | None]
    weights: Weights
    limits: Limits

    @property
    def allowed(self) -> list[int]:
        return [index for index, limit in enumerate(self.barred) if limit is None]


class Decider:
    """Decides by the live policy; randomness and ids are handed in."""

    def __init__(
        self,
        fleet: Fleet,
        outstanding: Outstanding,
        settings: DecisionSettings,
        draw: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._fleet = fleet
        self._outstanding = outstanding
        self._settings = settings
        #: Uniform in [0, 1).
        self._draw = draw
        self.new_id = new_id

    def decide(self, undecided: Undecided, now: float) -> Dispatched | Refused:
        """Choose an LLM and reserve its queue, or name the tightest limit."""
        policy = self._fleet.policy
        ranked = self._rank(undecided, policy, now)
        receipt = self._receipt(undecided, policy, ranked, now)
        if not ranked.allowed:
            return _refused(receipt, ranked)
        choice = self._choose(undecided, policy, ranked)
        chosen = ranked.forecasts[ranked.allowed[choice.index]]
        receipt = receipt.model_copy(
            update={
                "llm": chosen.llm.name,
                "propensity": choice.propensity,
                "explored": choice.explored,
                "flip": _flip(chosen, ranked),
            }
        )
        return Dispatched(receipt, _dispatch(undecided, receipt, chosen, ranked), self._reserve(undecided, chosen))

    def _rank(self, undecided: Undecided, policy: Policy, now: float) -> _Ranked:
        preferences = undecided.accepted.query.preferences
        live = (self._fleet.live[name] for name in sorted(self._fleet.live))
        usual = policy.parameters.usual_quality
        offered = forecasts(undecided, live, self._outstanding, now, self._settings.context_margin, usual)
        weights = policy.weights(preferences)
        limits = Limits(
            llms=None if preferences.llms is None else frozenset(preferences.llms),
            excluded=undecided.excluded,
            max_cost_usd=preferences.max_cost_usd,
            max_wait_s=None if preferences.max_wait_s is None else undecided.deadline - now,
        )
        offers = [forecast.offer for forecast in offered]
        return _Ranked(offered, [score(offer, weights) for offer in offers], sift(offers, limits), weights, limits)

    def _choose(self, undecided: Undecided, policy: Policy, ranked: _Ranked) -> Choice:
        """Only first attempts explore: only they count in estimates."""
        explores = undecided.attempt == 1 and undecided.accepted.query.preferences.explore
        totals = [ranked.scores[index].total for index in ranked.allowed]
        return choose(totals, policy.parameters.exploration if explores else 0.0, self._draw())

    def _reserve(self, undecided: Undecided, chosen: Forecast) -> Reservation:
        llm, partition = chosen.llm, least_loaded(chosen.loads).partition
        topic = dispatch_topic(llm.name, llm.parallelism, batch=undecided.accepted.batch).name
        return self._outstanding.reserve(llm.name, topic, partition, chosen.service_s)

    def _receipt(self, undecided: Undecided, policy: Policy, ranked: _Ranked, now: float) -> Receipt:
        accepted, query = undecided.accepted, undecided.accepted.query
        names = [forecast.llm.name for forecast in ranked.forecasts]
        seen = {name: at for name in names if (at := self._outstanding.seen_at(name)) is not None}
        return Receipt(
            decision_id=self.new_id(),
            origin=accepted.origin,
            query_id=query.query_id,
            tenant=query.tenant,
            accepted_at=accepted.accepted_at,
            decided_at=now,
            attempt=undecided.attempt,
            batch=accepted.batch,
            llm=None,
            candidates=tuple(map(_candidate, ranked.forecasts, ranked.scores, ranked.barred)),
            propensity=1.0,
            willingness_to_pay=ranked.weights.willingness_to_pay,
            tau_s=ranked.weights.tau_s,
            policy=policy.version,
            encoder=accepted.encoder,
            vector=accepted.vector,
            prompt_tokens=accepted.prompt_tokens,
            features=accepted.features,
            neighbours=accepted.neighbours,
            domain=accepted.domain,
            distance=accepted.distance,
            text=_text(undecided) if self._settings.store_text else None,
            replica=self._settings.instance,
            capacity_seen_at=seen,
        )


def _candidate(forecast: Forecast, scored: Score, barred_by: str | None) -> Candidate:
    prediction, offer = forecast.prediction, forecast.offer
    return Candidate(
        llm=offer.llm,
        quality=offer.quality,
        response_tokens=prediction.response_tokens,
        uncertainty=prediction.uncertainty,
        head=prediction.head,
        late=forecast.late,
        prompt_tokens=forecast.prompt_tokens,
        cost_usd=offer.cost_usd,
        wait_s=offer.wait_s,
        service_s=forecast.service_s,
        trade=scored.trade,
        penalty=scored.penalty,
        score=scored.total,
        barred_by=barred_by,
    )


def _refused(receipt: Receipt, ranked: _Ranked) -> Refused:
    why = refusal([forecast.offer for forecast in ranked.forecasts], ranked.limits)
    return Refused(receipt.model_copy(update={"refusal": why.kind}), why)


def _flip(chosen: Forecast, ranked: _Ranked) -> Flip:
    """None of it for a draw against the scores: no change of them would have changed it."""
    best = max(ranked.allowed, key=lambda index: ranked.scores[index].total)
    if ranked.forecasts[best] is not chosen:
        return Flip()
    point: FlipPoint = flip_point(
        [ranked.forecasts[index].offer for index in ranked.allowed], ranked.weights, ranked.limits
    )
    return Flip(
        willingness_to_pay=point.willingness_to_pay,
        willingness_to_pay_llm=point.willingness_to_pay_llm,
        cost_usd=point.cost_usd,
        wait_s=point.wait_s,
        runner_up=point.runner_up,
    )


def _dispatch(undecided: Undecided, receipt: Receipt, chosen: Forecast, ranked: _Ranked) -> Dispatch:
    order = sorted(
        range(len(ranked.forecasts)),
        key=lambda index: (ranked.barred[index] is not None, -ranked.scores[index].total),
    )
    others = (ranked.forecasts[index] for index in order if ranked.forecasts[index] is not chosen)
    return Dispatch(
        decision_id=receipt.decision_id,
        accepted=undecided.accepted,
        llm=chosen.llm.name,
        attempt=undecided.attempt,
        counted_attempts=undecided.counted + 1,
        deadline=undecided.deadline,
        excluded=tuple(sorted(undecided.excluded)),
        alternatives=tuple(forecast.prediction for forecast in others if not forecast.late),
        prediction=chosen.prediction,
        prompt_tokens=chosen.prompt_tokens,
        service_s=chosen.service_s,
        stages=_stages(undecided, receipt.decided_at),
    )


def _stages(undecided: Undecided, now: float) -> dict[str, float]:
    """What the first decision took is what is left of the time since the query came."""
    if undecided.attempt > 1:
        return undecided.stages
    before_s = sum(undecided.stages.values())
    return undecided.stages | {"decide": max(0.0, now - undecided.accepted.accepted_at - before_s)}


def _text(undecided: Undecided) -> str | None:
    query = undecided.accepted.query
    if query.prompt is not None or query.messages is None:
        return query.prompt
    return "[" + ",".join(turn.model_dump_json() for turn in query.messages) + "]"
