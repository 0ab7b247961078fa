"""What a cost-quality curve comes to in a few numbers; no interpolation, as nobody can serve between two settings."""

from dataclasses import dataclass

import numpy as np

from pointsman.evaluation.answered import Doubles

#: Cost shares over which the area is the mean.
_SHARES: Doubles = np.arange(2, 101) / 100
#: Points that are reported by themselves; 0.9725 and 0.2418 are MixLLM's headline.
QUALITY_RATIOS = (0.9725, 1.0)
COST_SHARES = (0.1, 0.2418)
#: The same sum in another order is still the same share.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Measures:
    """Of b curves, each (b,); a cost share that is nowhere reached is inf, a quality that nothing affords -inf."""

    area: Doubles
    max_quality_ratio: Doubles
    cost_share_at_quality_ratio: dict[float, Doubles]
    quality_ratio_at_cost_share: dict[float, Doubles]


def measure(quality_ratio: Doubles, cost_share: Doubles) -> Measures:
    """Both (b, s): b curves of s points, relative to the reference LLM's mean quality and mean cost.

    The area is the mean over cost shares 0.02, 0.03, … 1.00 of the best quality ratio at or under that share, 0 where
    no point is that cheap.

    >>> made = measure(np.array([[0.5, 1.0]]), np.array([[0.0, 0.505]]))
    >>> made.area.round(4).tolist(), made.cost_share_at_quality_ratio[1.0].tolist()
    ([0.7525], [0.505])
    """
    within = [np.maximum(best_within(quality_ratio, cost_share, share), 0) for share in _SHARES]
    return Measures(
        area=np.mean(within, axis=0),
        max_quality_ratio=quality_ratio.max(axis=1),
        cost_share_at_quality_ratio={ratio: _cheapest(quality_ratio, cost_share, ratio) for ratio in QUALITY_RATIOS},
        quality_ratio_at_cost_share={share: best_within(quality_ratio, cost_share, share) for share in COST_SHARES},
    )


def best_within(quality_ratio: Doubles, cost_share: Doubles, share: float) -> Doubles:
    """(b,): the best point at or under that cost; -inf where there is none."""
    best: Doubles = np.where(cost_share <= share * (1 + _ROUNDING), quality_ratio, -np.inf).max(axis=1)
    return best


def _cheapest(quality_ratio: Doubles, cost_share: Doubles, ratio: float) -> Doubles:
    """(b,): the cheapest point at or over that quality; inf where there is none."""
    cheapest: Doubles = np.where(quality_ratio >= ratio * (1 - _ROUNDING), cost_share, np.inf).min(axis=1)
    return cheapest
