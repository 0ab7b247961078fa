"""CPU microseconds per decision for 4, 13 and 50 LLMs: the maths alone, and all of it with receipt and dispatch.

Run: `python -m benchmarks.decision_maths [--json FILE]`. Budget: the maths under 200 µs for 13 LLMs (design 6).
"""

import argparse
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from time import process_time

from services.decision.decide import Decider, Dispatched
from services.decision.fleet import Fleet
from services.decision.outstanding import Outstanding
from services.decision.settings import DecisionSettings
from services.decision.undecided import Undecided, first
from shared.messages import Accepted, Llm, Prediction, Query, TokenForecast, pack_vector
from shared.routing.exploration import choose
from shared.routing.flip import flip_point
from shared.routing.limits import Limits, sift
from shared.routing.offer import Offer
from shared.routing.score import Weights, score
from shared.stream.records import Position, Record

_ROUNDS, _PER_ROUND = 20, 50
_VECTOR = bytes(4 * 384)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the table there as well")
    asked = parser.parse_args()
    rows = [_measure(llms) for llms in (4, 13, 50)]
    print(f"{'LLMs':>5} {'maths µs':>10} {'decision µs':>12} {'with JSON µs':>13}")
    for row in rows:
        print(f"{row['llms']:>5} {row['maths_us']:>10.0f} {row['decision_us']:>12.0f} {row['encoded_us']:>13.0f}")
    if asked.json is not None:
        asked.json.write_text(json.dumps(rows, indent=2))


def _measure(llms: int) -> dict[str, float]:
    random = Random(7)
    offers, weights, limits = [_offer(random, number) for number in range(llms)], Weights(), Limits(max_cost_usd=1.0)

    def maths() -> None:
        barred = sift(offers, limits)
        allowed = [offer for offer, limit in zip(offers, barred, strict=True) if limit is None]
        choose([score(offer, weights).total for offer in allowed], 0.05, 0.5)
        flip_point(allowed, weights, limits)

    decider, undecided, outstanding = _replica(random, llms)

    def decide() -> Dispatched:
        decision = decider.decide(undecided, now=1.0)
        assert isinstance(decision, Dispatched), "nothing bars these LLMs"
        outstanding.release(decision.reservation)
        return decision

    def encode() -> None:
        decision = decide()
        decision.receipt.encode()
        decision.dispatch.encode()

    return {"llms": llms, "maths_us": _us(maths), "decision_us": _us(decide), "encoded_us": _us(encode)}


def _us(call: Callable[[], object]) -> float:
    """CPU time: median over rounds of the mean of a round, microseconds."""
    rounds = []
    for _ in range(_ROUNDS):
        began = process_time()
        for _ in range(_PER_ROUND):
            call()
        rounds.append((process_time() - began) / _PER_ROUND * 1e6)
    return median(rounds)


def _offer(random: Random, number: int) -> Offer:
    return Offer(
        f"llm-{number}",
        quality=random.random(),
        uncertainty=random.random(),
        cost_usd=random.random() / 100,
        wait_s=random.uniform(0, 40),
        needed_tokens=1000,
        context_tokens=8000,
    )


def _replica(random: Random, llms: int) -> tuple[Decider, Undecided, Outstanding]:
    fleet, outstanding, ids = Fleet(), Outstanding(), count()
    accepted = Accepted(
        query=Query(query_id="query", prompt="What is 2 + 2?"),
        origin="0-1",
        accepted_at=0.0,
        vector=pack_vector(_VECTOR),
        encoder="encoder",
        prompt_tokens=100,
    )
    undecided = first(accepted, Record(Position("accepted", 0, 0), b"", 0.0), 0.0, default_deadline_s=600)
    for number in range(llms):
        llm = Llm(
            name=f"llm-{number}",
            base_url="http://localhost/v1",
            model="model",
            usd_per_mtok_input=random.random(),
            usd_per_mtok_output=random.random(),
            context_tokens=8000,
        )
        fleet.learn(llm)
        tokens = TokenForecast(mean=200, p10=50, p90=500)
        undecided.predictions[llm.name] = Prediction(
            origin="0-1",
            accepted_at=0.0,
            llm=llm.name,
            quality=random.random(),
            response_tokens=tokens,
            uncertainty=0.5,
        )
    settings = DecisionSettings(instance="benchmark")
    return Decider(fleet, outstanding, settings, random.random, lambda: str(next(ids))), undecided, outstanding


if __name__ == "__main__":
    main()
