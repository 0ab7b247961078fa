"""A decision in sentences: why this LLM, and what would have changed it."""

from dataclasses import dataclass

from pointsman.command.output import seconds, usd
from shared.messages import Candidate, Receipt

_LIMITS = {
    "llms": "is not among the LLMs the query allows",
    "context": "has too small a context window",
    "max_cost_usd": "is expected to cost more than the query allows",
    "max_wait_s": "is expected to take longer than the query allows",
    "excluded": "failed on this query before",
    "closed": "takes no calls at present",
}


@dataclass(frozen=True, slots=True)
class _Aspect:
    """One way in which two candidates differ, as the chosen one's part of the sentence."""

    better: str
    worse: str
    gain: float

    def say(self) -> str:
        return self.better if self.gain > 0 else self.worse


def why(receipt: Receipt) -> str:
    """One sentence: why this LLM was chosen, or none."""
    chosen = chosen_of(receipt)
    if chosen is None:
        return f"Refused: {receipt.refusal or 'no LLM was left'}."
    if receipt.explored:
        return f"{chosen.llm} was drawn at random, to learn (probability {receipt.propensity:.3f})."
    others = [one for one in receipt.candidates if one.barred_by is None and one.llm != chosen.llm]
    if not others:
        return f"{chosen.llm} was the only LLM within the limits."
    rival = max(others, key=lambda one: one.score)
    if rival.score > chosen.score:
        return f"{chosen.llm} was chosen though {rival.llm} scores higher: it takes calls at present."
    return f"{chosen.llm} scores {chosen.score:.3f}, {rival.llm} {rival.score:.3f}: {_compare(chosen, rival)}."


def what_would_change_it(receipt: Receipt) -> list[str]:
    """Each smallest change that would have given the query to another LLM; empty when none would."""
    chosen, flip = chosen_of(receipt), receipt.flip
    if chosen is None:
        return []
    said = []
    if flip.willingness_to_pay is not None:
        said.append(
            f"a willingness to pay of {flip.willingness_to_pay:.3g} instead of {receipt.willingness_to_pay:.3g}"
            f" (then {flip.willingness_to_pay_llm or flip.runner_up})"
        )
    if flip.cost_usd is not None:
        instead = f"{usd(flip.cost_usd)} instead of {usd(chosen.cost_usd)}"
        said.append(f"an answer of {chosen.llm} for {instead} (then {flip.runner_up})")
    if flip.wait_s is not None:
        instead = f"{seconds(flip.wait_s)} instead of {seconds(chosen.wait_s)}"
        said.append(f"a wait for {chosen.llm} of {instead} (then {flip.runner_up})")
    return said


def barred(candidate: Candidate) -> str:
    """Why a candidate could not be chosen; empty when it could."""
    return "" if candidate.barred_by is None else _LIMITS.get(candidate.barred_by, candidate.barred_by)


def chosen_of(receipt: Receipt) -> Candidate | None:
    """The candidate that was chosen; None when the query was refused."""
    return next((one for one in receipt.candidates if one.llm == receipt.llm), None)


def _compare(chosen: Candidate, rival: Candidate) -> str:
    """What speaks for the chosen one, and what it outweighs."""
    aspects = (
        _Aspect("better", "less good", _unless_tied(chosen.quality - rival.quality, 0.0005)),
        _Aspect("cheaper", "dearer", _unless_tied(rival.cost_usd - chosen.cost_usd, 1e-9)),
        _Aspect("sooner", "later", _unless_tied(rival.wait_s - chosen.wait_s, 0.005)),
    )
    pros = [aspect.say() for aspect in aspects if aspect.gain > 0]
    cons = [aspect.say() for aspect in aspects if aspect.gain < 0]
    if not pros:
        return "its predictions are less certain, which is worth learning from" if cons else "they hardly differ"
    told = f"it is expected to be {' and '.join(pros)}"
    return f"{told}, which outweighs being {' and '.join(cons)}" if cons else told


def _unless_tied(gain: float, least: float) -> float:
    return gain if abs(gain) >= least else 0.0
