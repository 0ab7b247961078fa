"""What the same predictions would have chosen at other settings, and what that would have come to."""

from collections.abc import Mapping, Sequence

import numpy as np

from pointsman.demo.material import Outcomes
from pointsman.demo.receipts import best_of
from pointsman.demo.story import CurvePoint
from shared.messages import Candidate, Receipt

#: Willingness to pay; 0 takes the cheapest.
SETTINGS = (0.0, *np.geomspace(0.05, 500, 33).tolist())


def curve(
    receipts: Sequence[tuple[int, Receipt]], known: Mapping[str, Outcomes], cost_scale_per_usd: float
) -> tuple[CurvePoint, ...]:
    """One point per setting, over the queries of these numbers and first receipts; empty where outcomes are unknown.

    The best trade of method 1.7 wins, of the LLMs that could be chosen then; waits and exploration are left out.
    """
    if not known or not receipts:
        return ()
    return tuple(_point(setting, receipts, known, cost_scale_per_usd) for setting in SETTINGS)


def _point(
    setting: float, receipts: Sequence[tuple[int, Receipt]], known: Mapping[str, Outcomes], scale: float
) -> CurvePoint:
    def worth(candidate: Candidate) -> float:
        return setting * candidate.quality - scale * candidate.cost_usd

    chosen = [(number, best_of(receipt, worth).llm) for number, receipt in receipts]
    return CurvePoint(
        willingness_to_pay=setting,
        quality=float(np.mean([known[llm].quality[number] for number, llm in chosen])),
        cost_usd=float(np.mean([known[llm].cost_usd[number] for number, llm in chosen])),
    )
