"""Hard limits: which LLMs may answer a query, and what to tell its sender when none may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.routing.offer import Offer


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query insists on; None is no limit."""

    #: Only these may answer.
    llms: frozenset[str] | None = None
    #: These may not be asked again.
    excluded: frozenset[str] = frozenset()
    max_cost_usd: float | None = None
    #: Seconds left until the sender stops waiting.
    max_wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no LLM may answer: one word for programs, one sentence for people."""

    kind: str
    message: str
    #: The named limit's value at which one more LLM comes in; None where the limit is no number.
    best: float | None = None
    llm: str | None = None


def barred_by(offer: Offer, limits: Limits) -> str | None:
    """The first hard limit the offer fails, or None.

    >>> dear = Offer("a", quality=1, uncertainty=0, cost_usd=2, wait_s=1, needed_tokens=1, context_tokens=2)
    >>> barred_by(dear, Limits(max_cost_usd=1))
    'max_cost_usd'
    """
    if limits.llms is not None and offer.llm not in limits.llms:
        return "llms"
    if offer.llm in limits.excluded:
        return "excluded"
    for name, (value, limit) in _measured(offer, limits).items():
        if value > limit:
            return name
    return None


def sift(offers: Sequence[Offer], limits: Limits) -> list[str | None]:
    """Per offer the limit that bars it, or None.

    An LLM that is not available is barred as `closed` while another one passes; when none else does, it may answer
    after all (protocol, section 5).
    """
    barred = [barred_by(offer, limits) for offer in offers]
    if not any(limit is None and offer.available for limit, offer in zip(barred, offers, strict=True)):
        return barred
    return [
        "closed" if limit is None and not offer.available else limit
        for limit, offer in zip(barred, offers, strict=True)
    ]


def refusal(offers: Sequence[Offer], limits: Limits) -> Refusal:
    """Name the tightest limit and the best value on offer, when every offer is barred.

    The allow list and exclusions say what is on offer at all; of the measured limits (context, cost, wait) the
    tightest is one whose relaxation alone would let an LLM in, where there is one; of those, the one that bars the most
    LLMs, then the one exceeded by the largest factor. The best value is that of the LLM closest to the limit among
    those that pass all other limits, where there are any.

    >>> a = Offer("a", quality=1, uncertainty=0, cost_usd=0.02, wait_s=3, needed_tokens=10, context_tokens=99)
    >>> refusal([a], Limits(max_cost_usd=0.01)).message
    'no LLM is within max_cost_usd = 0.01 USD; the nearest, a, needs 0.02 USD'
    """
    if not offers:
        return Refusal("no_llms", "no LLM is known to the fleet; add one with `pointsman llms add FILE`")
    if (missing := _missing(offers, limits)) is not None:
        return missing
    on_offer = [offer for offer in offers if barred_by(offer, limits) not in ("llms", "excluded")]
    failing = {offer.llm: _failed(offer, limits) for offer in on_offer}
    names = sorted({name for failed in failing.values() for name in failed})
    decisive = [name for name in names if any(failed == {name} for failed in failing.values())]
    tightest = max(decisive or names, key=lambda name: _tightness(name, on_offer, limits))
    near = [offer for offer in on_offer if failing[offer.llm] == {tightest}] or on_offer
    return _explain(tightest, min(near, key=lambda offer: _excess(tightest, offer, limits)), limits)


def _missing(offers: Sequence[Offer], limits: Limits) -> Refusal | None:
    """The refusal when allow list and exclusions leave nothing on offer."""
    known = ", ".join(sorted(offer.llm for offer in offers))
    allowed = [offer for offer in offers if limits.llms is None or offer.llm in limits.llms]
    if not allowed:
        asked = ", ".join(sorted(limits.llms or ()))
        return Refusal("llms", f"preferences.llms allows only {asked}; the fleet has {known}")
    if all(offer.llm in limits.excluded for offer in allowed):
        return Refusal("excluded", f"every LLM that may answer failed already: {', '.join(sorted(limits.excluded))}")
    return None


def _measured(offer: Offer, limits: Limits) -> Mapping[str, tuple[float, float]]:
    """Per numeric limit in force: the offer's value, and the most that passes."""
    measured: dict[str, tuple[float, float]] = {"context": (offer.needed_tokens, float(offer.context_tokens))}
    if limits.max_cost_usd is not None:
        measured["max_cost_usd"] = (offer.cost_usd, limits.max_cost_usd)
    if limits.max_wait_s is not None:
        measured["max_wait_s"] = (offer.wait_s, limits.max_wait_s)
    return measured


def _failed(offer: Offer, limits: Limits) -> set[str]:
    return {name for name, (value, limit) in _measured(offer, limits).items() if value > limit}


def _excess(name: str, offer: Offer, limits: Limits) -> float:
    value, limit = _measured(offer, limits)[name]
    return value / limit if limit > 0 else float("inf")


def _tightness(name: str, offers: Sequence[Offer], limits: Limits) -> tuple[int, float]:
    bars = sum(name in _failed(offer, limits) for offer in offers)
    return bars, min(_excess(name, offer, limits) for offer in offers)


def _explain(name: str, nearest: Offer, limits: Limits) -> Refusal:
    value, limit = _measured(nearest, limits)[name]
    if name == "context":
        message = f"no LLM's context window holds {value:.0f} tokens; the widest, {nearest.llm}, holds {limit:.0f}"
    else:
        unit = "USD" if name == "max_cost_usd" else "s"
        message = f"no LLM is within {name} = {limit:.6g} {unit}; the nearest, {nearest.llm}, needs {value:.6g} {unit}"
    return Refusal(name, message, value, nearest.llm)
