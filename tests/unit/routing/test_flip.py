"""Flip points are checked by deciding again just before and just after them."""

from dataclasses import replace

import pytest
from hypothesis import assume, given

from shared.routing.exploration import argmax
from shared.routing.flip import FlipPoint, flip_point
from shared.routing.limits import Limits, barred_by
from shared.routing.offer import Offer
from shared.routing.score import Weights, score
from tests.unit.routing.offers import offer, offer_lists, weights

NO_LIMITS = Limits()


def decide(offers: list[Offer], asked: Weights) -> str:
    return offers[argmax([score(each, asked).total for each in offers])].llm


def with_best(offers: list[Offer], asked: Weights, **changes: float) -> list[Offer]:
    best = decide(offers, asked)
    return [replace(each, **changes) if each.llm == best else each for each in offers]  # type: ignore[arg-type]


def margin(offers: list[Offer], asked: Weights) -> float:
    first, second, *_ = sorted((score(each, asked).total for each in offers), reverse=True)
    return first - second


@given(offer_lists(at_least=2), weights)
def test_another_willingness_to_pay_wins_just_past_the_flip_and_not_before(offers: list[Offer], asked: Weights) -> None:
    calm = [replace(each, wait_s=min(each.wait_s, asked.tau_s)) for each in offers]
    assume(margin(calm, asked) > 1e-6)
    point = flip_point(calm, asked, NO_LIMITS)
    best, lam = decide(calm, asked), asked.willingness_to_pay
    if point.willingness_to_pay is None:
        assert {decide(calm, replace(asked, willingness_to_pay=far)) for far in (0.0, 1e6)} == {best}
        return
    step = point.willingness_to_pay - lam
    assume(abs(step) > 1e-6)
    assume(abs(point.willingness_to_pay) < 1e6)

    assert decide(calm, replace(asked, willingness_to_pay=lam + 0.999 * step)) == best
    past = point.willingness_to_pay + 1e-3 * step
    if past >= 0:
        assert decide(calm, replace(asked, willingness_to_pay=past)) != best


@given(offer_lists(at_least=2), weights)
def test_the_runner_up_wins_just_past_the_cost_of_the_flip(offers: list[Offer], asked: Weights) -> None:
    calm = [replace(each, wait_s=min(each.wait_s, asked.tau_s)) for each in offers]
    assume(margin(calm, asked) > 1e-6)
    best = decide(calm, asked)
    point = flip_point(calm, asked, NO_LIMITS)
    assert point.cost_usd is not None
    before = next(each.cost_usd for each in calm if each.llm == best)
    step = point.cost_usd - before

    assert decide(with_best(calm, asked, cost_usd=before + 0.999 * step), asked) == best
    assert decide(with_best(calm, asked, cost_usd=before + 1.001 * step), asked) == point.runner_up


@given(offer_lists(at_least=2), weights)
def test_the_runner_up_wins_just_past_the_wait_of_the_flip(offers: list[Offer], asked: Weights) -> None:
    calm = [replace(each, wait_s=min(each.wait_s, asked.tau_s)) for each in offers]
    assume(margin(calm, asked) > 1e-6)
    best = decide(calm, asked)
    point = flip_point(calm, asked, NO_LIMITS)
    assert point.wait_s is not None
    before = next(each.wait_s for each in calm if each.llm == best)
    step = point.wait_s - before
    assume(step > 1e-6)

    assert decide(with_best(calm, asked, wait_s=before + 0.99 * step), asked) == best
    assert decide(with_best(calm, asked, wait_s=before + 1.01 * step), asked) == point.runner_up


def test_a_hard_limit_flips_first_where_it_is_nearer() -> None:
    offers = [offer("a", quality=0.9), offer("b", quality=0.5)]
    limits = Limits(max_cost_usd=0.011, max_wait_s=2.5)

    point = flip_point(offers, Weights(), limits)

    assert (point.cost_usd, point.wait_s, point.runner_up) == (0.011, 2.5, "b")
    assert barred_by(offer("a", cost_usd=0.0111), limits) == "max_cost_usd"


def test_a_choice_that_nothing_flips_says_so() -> None:
    better_everywhere = [offer("a", quality=0.9, cost_usd=0.001), offer("b", quality=0.2, cost_usd=0.002)]

    point = flip_point(better_everywhere, Weights(alpha=0, beta=0), NO_LIMITS)

    assert (point.willingness_to_pay, point.willingness_to_pay_llm, point.wait_s) == (None, None, None)


def test_a_single_candidate_has_no_flip() -> None:
    assert flip_point([offer("a")], Weights(), NO_LIMITS) == FlipPoint()


def test_the_nearest_of_two_heirs_is_named() -> None:
    offers = [
        offer("cheap", quality=0.5, cost_usd=0.0),
        offer("middle", quality=0.7, cost_usd=0.002),
        offer("best", quality=0.8, cost_usd=0.005),
    ]
    asked = Weights(willingness_to_pay=1.4, alpha=0, beta=0, cost_scale_per_usd=100)

    point = flip_point(offers, asked, NO_LIMITS)

    assert decide(offers, asked) == "middle"
    assert point.willingness_to_pay == pytest.approx(1.0)
    assert point.willingness_to_pay_llm == "cheap"
