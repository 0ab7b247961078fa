"""How well predictions route: the area under the curve of quality against cost, on queries whose answers are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.trainer.fitting.sureness import ONE_SIDED_95, unless_surely_better
from shared.inference import Floats

Doubles = NDArray[np.float64]
#: Willingness to pay along the curve (design 5).
_WILLINGNESS = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 400)])
#: Cost shares that the area is a mean over.
_SHARES = np.arange(2, 101) / 100
#: Of the queries, for standard errors.
_SAMPLES = 100


@dataclass(frozen=True, slots=True)
class Answered:
    """What m LLMs made of n queries, (n, m) each and complete; column `reference` is the strong one."""

    quality: Floats
    #: In any unit.
    cost: Floats
    reference: int


def areas(answered: Answered, quality: Floats, cost: Floats, samples: NDArray[np.int64]) -> Doubles:
    """(b,): mean over cost shares of the best quality ratio at or under each, routing by predictions (n, m) (design 5).

    Costs are predicted in the unit of the recorded ones; `samples` (b, n) says how often each query counts. A share
    that no setting is cheap enough for counts 0. Uncertainty and waits are left out.
    """
    rows, scale = np.arange(len(quality)), 1 / answered.cost[:, answered.reference].mean()
    chosen = np.stack([(each * quality - scale * cost).argmax(axis=1) for each in _WILLINGNESS])
    ratios = _ratios(answered.quality, answered.reference, chosen, rows, samples)
    shares = _ratios(answered.cost, answered.reference, chosen, rows, samples)
    best = [np.where(shares <= share, ratios, 0).max(axis=0) for share in _SHARES]
    found: Doubles = np.mean(best, axis=0)
    return found


def area(answered: Answered, quality: Floats, cost: Floats) -> float:
    """The same of all queries once."""
    return float(areas(answered, quality, cost, np.ones((1, len(quality)), np.int64))[0])


def _ratios(
    values: Floats, reference: int, chosen: NDArray[np.int64], rows: NDArray[np.int64], samples: NDArray[np.int64]
) -> Doubles:
    """(settings, b): totals of what was chosen over those of the reference LLM."""
    weights = samples.T.astype(np.float64)
    ratios: Doubles = (values[rows, chosen].astype(np.float64) @ weights) / (values[:, reference] @ weights)
    return ratios


def preferred(
    answered: Answered, predicted: dict[str, Floats], cost: Floats, seed: int
) -> tuple[str, dict[str, float]]:
    """The kind to route by, and the area of each; `predicted` (n, m) by kind.

    The first stays unless another's area is surely larger (95 %, one-sided): the largest of several is one that luck
    helped.
    """
    queries = len(answered.quality)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(queries, np.full(queries, 1 / queries), size=_SAMPLES)
    samples = np.concatenate([np.ones((1, queries), np.int64), drawn])
    found = {kind: areas(answered, quality, cost, samples) for kind, quality in predicted.items()}
    first = next(iter(found))
    gains = {kind: _sure_gain(values, found[first]) for kind, values in found.items() if kind != first}
    return unless_surely_better(first, gains), {kind: float(values[0]) for kind, values in found.items()}


def _sure_gain(areas: Doubles, others: Doubles) -> float:
    differences = areas - others
    return float(differences[0] - ONE_SIDED_95 * differences[1:].std(ddof=1))
