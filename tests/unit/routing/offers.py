"""Offers and weights as hypothesis draws them, and a plain one to vary."""

from dataclasses import replace

from hypothesis import strategies as st

from shared.routing.offer import Offer
from shared.routing.score import Weights

PLAIN = Offer("a", quality=0.5, uncertainty=0.0, cost_usd=0.01, wait_s=2.0, needed_tokens=100, context_tokens=8000)


def offer(llm: str, **changes: float) -> Offer:
    return replace(PLAIN, llm=llm, **changes)  # type: ignore[arg-type]


def a_number(low: float, high: float) -> st.SearchStrategy[float]:
    """Between the two; to a billionth, as a sum with what is smaller rounds it away."""
    return st.floats(low, high, allow_nan=False).map(lambda number: round(number, 9))


@st.composite
def offer_lists(draw: st.DrawFn, at_least: int = 1) -> list[Offer]:
    count = draw(st.integers(at_least, 6))
    return [
        Offer(
            f"llm-{index}",
            quality=draw(a_number(0, 1)),
            uncertainty=draw(a_number(0, 1)),
            cost_usd=draw(a_number(0, 0.1)),
            wait_s=draw(a_number(0, 100)),
            needed_tokens=draw(st.integers(1, 10_000)),
            context_tokens=draw(st.integers(1, 10_000)),
            available=draw(st.booleans()),
        )
        for index in range(count)
    ]


weights = st.builds(
    Weights,
    willingness_to_pay=a_number(0, 10),
    tau_s=a_number(1, 120),
    alpha=a_number(0, 0.1),
    beta=a_number(0.01, 0.5),
    xi=a_number(0, 0.9),
    cost_scale_per_usd=a_number(1, 200),
)
