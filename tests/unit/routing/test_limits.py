"""Hard limits, one by one, and refusals that tell the sender what would help."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.routing.limits import Limits, barred_by, refusal, sift
from shared.routing.offer import Offer
from tests.unit.routing.offers import a_number, offer, offer_lists


@pytest.mark.parametrize(
    ("name", "offered", "limits"),
    [
        ("llms", offer("a"), Limits(llms=frozenset({"b"}))),
        ("excluded", offer("a"), Limits(excluded=frozenset({"a"}))),
        ("context", offer("a", needed_tokens=8001), Limits()),
        ("max_cost_usd", offer("a", cost_usd=0.02), Limits(max_cost_usd=0.01)),
        ("max_wait_s", offer("a", wait_s=9), Limits(max_wait_s=8)),
    ],
)
def test_each_limit_bars_under_its_name(name: str, offered: Offer, limits: Limits) -> None:
    assert barred_by(offered, limits) == name


def test_what_meets_a_limit_exactly_passes() -> None:
    limits = Limits(llms=frozenset({"a"}), max_cost_usd=0.01, max_wait_s=2.0)

    assert barred_by(offer("a", cost_usd=0.01, wait_s=2.0, needed_tokens=8000), limits) is None


def test_an_unavailable_llm_is_closed_while_another_may_answer() -> None:
    assert sift([replace(offer("a"), available=False), offer("b")], Limits()) == ["closed", None]


def test_an_unavailable_llm_answers_when_no_other_may() -> None:
    offers = [replace(offer("a"), available=False), offer("b", cost_usd=0.5)]

    assert sift(offers, Limits(max_cost_usd=0.1)) == [None, "max_cost_usd"]


def test_without_any_llm_the_refusal_says_how_to_add_one() -> None:
    refused = refusal([], Limits())

    assert refused.kind == "no_llms"
    assert "pointsman llms add" in refused.message


def test_an_allow_list_of_unknown_llms_is_answered_with_the_known_ones() -> None:
    refused = refusal([offer("a"), offer("b")], Limits(llms=frozenset({"x"})))

    assert (refused.kind, refused.message) == ("llms", "preferences.llms allows only x; the fleet has a, b")


def test_a_cost_limit_is_answered_with_the_cheapest() -> None:
    refused = refusal([offer("a", cost_usd=0.03), offer("b", cost_usd=0.02)], Limits(max_cost_usd=0.01))

    assert (refused.kind, refused.best, refused.llm) == ("max_cost_usd", 0.02, "b")
    assert "0.01 USD; the nearest, b, needs 0.02 USD" in refused.message


def test_a_limit_outside_the_allow_list_is_not_named() -> None:
    offers = [offer("a", cost_usd=0.03), offer("b", cost_usd=0.02)]

    refused = refusal(offers, Limits(llms=frozenset({"a"}), max_cost_usd=0.01))

    assert (refused.kind, refused.best, refused.llm) == ("max_cost_usd", 0.03, "a")


def test_the_limit_named_is_the_one_whose_relaxation_helps() -> None:
    slow = offer("slow", wait_s=20)
    dear_and_slow = offer("dear", cost_usd=5, wait_s=30)

    refused = refusal([slow, dear_and_slow], Limits(max_cost_usd=0.1, max_wait_s=10))

    assert (refused.kind, refused.best, refused.llm) == ("max_wait_s", 20, "slow")


def test_a_query_too_long_for_all_is_answered_with_the_widest_context() -> None:
    refused = refusal(
        [offer("a", needed_tokens=9000), replace(offer("b", needed_tokens=9000), context_tokens=7)], Limits()
    )

    assert refused.message == "no LLM's context window holds 9000 tokens; the widest, a, holds 8000"


limits = st.builds(
    Limits,
    llms=st.none() | st.frozensets(st.sampled_from([f"llm-{n}" for n in range(8)])),
    excluded=st.frozensets(st.sampled_from([f"llm-{n}" for n in range(8)]), max_size=3),
    max_cost_usd=st.none() | a_number(1e-6, 0.1),
    max_wait_s=st.none() | a_number(0.1, 100),
)


@given(offer_lists(), limits)
def test_sifting_agrees_with_each_limit_and_closes_only_beside_an_open_one(offers: list[Offer], limits: Limits) -> None:
    barred = sift(offers, limits)

    assert [None if name == "closed" else name for name in barred] == [barred_by(each, limits) for each in offers]
    if "closed" in barred:
        assert None in barred


@given(offer_lists(), limits)
def test_granting_what_a_refusal_names_lets_an_llm_in(offers: list[Offer], limits: Limits) -> None:
    assume(all(sift(offers, limits)))
    refused = refusal(offers, limits)
    on_offer = [each for each in offers if barred_by(each, limits) not in ("llms", "excluded")]

    if refused.kind in ("max_cost_usd", "max_wait_s"):
        barred_alone = [each for each in on_offer if barred_by(each, replace(limits, **{refused.kind: None})) is None]
        granted = replace(limits, **{refused.kind: refused.best})

        assert bool(barred_alone) == any(barred_by(each, granted) is None for each in on_offer)
    else:
        assert refused.kind in {barred_by(each, limits) for each in offers}


@given(offer_lists(), limits)
def test_the_named_limit_helps_alone_wherever_one_does(offers: list[Offer], limits: Limits) -> None:
    assume(all(sift(offers, limits)))
    refused = refusal(offers, limits)
    assume(refused.kind not in ("llms", "excluded"))

    def helps(name: str) -> bool:
        if name == "context":
            relaxed = [replace(each, needed_tokens=0) for each in offers]
            return any(barred_by(each, limits) is None for each in relaxed)
        return any(barred_by(each, replace(limits, **{name: None})) is None for each in offers)

    if any(map(helps, ("context", "max_cost_usd", "max_wait_s"))):
        assert helps(refused.kind)
