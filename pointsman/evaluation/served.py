"""The router that is served: heads as `pointsman train` fits them, loaded and weighed as the fleet does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman.evaluation.answered import Doubles
from pointsman.evaluation.playing import Estimates, Played, choices, realise
from pointsman.evaluation.prices import Tariff
from pointsman.evaluation.problem import Problem
from pointsman.training.policy import scaled_policy
from pointsman.training.vectors import Embedded
from services.decision.fleet import Policy
from services.trainer.fitting.card import Candidate
from shared.artifacts import Artifacts
from shared.head import Forecasts, Head
from shared.inference import Floats
from shared.messages import Preferences
from shared.prior import prior_tokens
from shared.routing.hardness import shift
from shared.routing.score import Weights, cost_usd


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where heads are fitted, and the version of the encoder whose vectors they read."""

    artifacts: Artifacts
    encoder: str


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the fleet would predict, (n, l) each: float32 values as they travel, costs as the decision computes them."""

    quality: Doubles
    response_tokens: Doubles
    tokens_p10: Doubles
    tokens_p90: Doubles
    uncertainty: Doubles
    cost_usd: Doubles


def predict(
    candidates: Sequence[Candidate | None], tariffs: Sequence[Tariff], embedded: Embedded, artifacts: Artifacts
) -> Predictions:
    """Of each LLM by its head; without one that may be served by its prior, as the decision shifts it."""
    heads = [None if one is None or one.rejected is not None else Head.load(one.model, artifacts) for one in candidates]
    made = [None if head is None else head.predict(embedded.inputs) for head in heads]
    informed = {str(column): one.quality.astype(np.float64) for column, one in enumerate(made) if one is not None}
    easier = shift(informed, {str(column): tariff.prior_quality for column, tariff in enumerate(tariffs)})
    columns = [
        _prior(tariff, np.broadcast_to(easier, len(embedded.vectors))) if one is None else one
        for one, tariff in zip(made, tariffs, strict=True)
    ]
    costs = [_cost(made, tariff, embedded.prompt_tokens) for made, tariff in zip(columns, tariffs, strict=True)]
    return Predictions(
        quality=_stack([made.quality for made in columns]),
        response_tokens=_stack([made.tokens_mean for made in columns]),
        tokens_p10=_stack([made.tokens_p10 for made in columns]),
        tokens_p90=_stack([made.tokens_p90 for made in columns]),
        # Rounding can put it just below 0.
        uncertainty=np.maximum(_stack([made.uncertainty for made in columns]), 0.0),
        cost_usd=np.stack(costs, axis=1),
    )


def policy_weights(problem: Problem) -> Weights:
    """The policy that `pointsman train` registers, but for waits: there are none in recorded answers."""
    costs_usd = problem.train.cost_usd[:, problem.material.reference_column].tolist()
    parameters = scaled_policy(problem.material.reference, costs_usd).model_copy(update={"beta": 0.0})
    return Policy("evaluated", parameters).weights(Preferences())


def play(problem: Problem, predictions: Predictions) -> Played:
    """The served choice at every willingness to pay: uncertainty rewarded, no exploration, no waits."""
    estimates = Estimates(predictions.quality, predictions.cost_usd, predictions.uncertainty)
    return realise(problem.test, choices(estimates, policy_weights(problem)))


def _prior(tariff: Tariff, easier: Doubles) -> Forecasts:
    def each(value: float) -> Floats:
        return np.full(len(easier), value, np.float32)

    tokens = prior_tokens(tariff.prior_response_tokens)
    quality = (tariff.prior_quality + easier).clip(0, 1).astype(np.float32)
    return Forecasts(quality, each(tokens.mean), each(tokens.p10), each(tokens.p90), each(1.0))


def _cost(made: Forecasts, tariff: Tariff, prompt_tokens: Floats) -> Doubles:
    """(n,) as services.decision.forecast computes it: prompt tokens are rounded, halves to even."""
    tokens: Doubles = np.rint(prompt_tokens.astype(np.float64) * tariff.prompt_token_ratio)
    response_tokens = made.tokens_mean.astype(np.float64)
    return cost_usd(tokens, response_tokens, tariff.usd_per_mtok_input, tariff.usd_per_mtok_output)


def _stack(columns: Sequence[Floats]) -> Doubles:
    return np.stack(columns, axis=1).astype(np.float64)
