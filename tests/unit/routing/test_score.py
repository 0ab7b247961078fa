"""The score against its formula, a worked example and its properties."""

from dataclasses import replace

import pytest
from hypothesis import given

from shared.routing.exploration import argmax
from shared.routing.offer import Offer
from shared.routing.score import LINEAR_ABOVE, Weights, cost_usd, penalty, score, trade, wait_at
from tests.unit.routing.offers import a_number, offer, offer_lists, weights


def test_a_score_by_hand() -> None:
    asked = Weights(willingness_to_pay=1.5, tau_s=30, alpha=0.01, beta=0.1, xi=0.8, cost_scale_per_usd=100)

    scored = score(offer("a", quality=0.9, uncertainty=0.5, cost_usd=0.006, wait_s=30), asked)

    assert scored.trade == pytest.approx((1.5 * 0.9 - 0.6) / 2.5)
    assert scored.penalty == pytest.approx(10)
    assert scored.total == pytest.approx(0.3 + 0.005 - 1.0)


def test_cost_adds_prompt_and_response_at_their_prices() -> None:
    assert cost_usd(2000, 1000, usd_per_mtok_input=0.5, usd_per_mtok_output=2.0) == pytest.approx(0.003)


@given(a_number(1, 600), a_number(0.01, 0.9), a_number(0, 0.9))
def test_beta_times_the_penalty_is_one_at_tau(tau: float, beta: float, xi: float) -> None:
    asked = Weights(tau_s=tau, beta=beta, xi=xi)

    assert beta * penalty(tau, asked) == pytest.approx(1)
    assert penalty(xi * tau, asked) == pytest.approx(1)


def test_eighty_seconds_and_eight_hundred_never_tie() -> None:
    asked = Weights()

    assert penalty(80, asked) < penalty(800, asked) < penalty(86_400, asked) < float("inf")


def test_the_linear_continuation_meets_the_exponential_with_its_value_and_slope() -> None:
    asked = Weights()
    joint = asked.xi * asked.tau_s + LINEAR_ABOVE / asked.gamma_per_s
    step = 1e-6

    below = (penalty(joint, asked) - penalty(joint - step, asked)) / step
    above = (penalty(joint + step, asked) - penalty(joint, asked)) / step

    assert above == pytest.approx(below, rel=1e-3)


@given(a_number(0, 2000), a_number(0, 2000), weights)
def test_a_longer_wait_never_costs_less(first: float, second: float, asked: Weights) -> None:
    shorter, longer = sorted((first, second))

    assert penalty(shorter, asked) <= penalty(longer, asked)


@given(a_number(0, 2000), weights)
def test_wait_at_undoes_penalty(wait: float, asked: Weights) -> None:
    assert wait_at(penalty(wait, asked), asked) == pytest.approx(wait, rel=1e-6, abs=1e-6)


@given(offer_lists(at_least=2), weights)
def test_without_bonus_and_penalty_the_ranking_is_quality_times_worth_minus_cost(
    offers: list[Offer], asked: Weights
) -> None:
    plain = replace(asked, alpha=0, beta=0)

    taken = offers[argmax([score(each, plain).total for each in offers])]

    def worth(each: Offer) -> float:
        return plain.willingness_to_pay * each.quality - plain.cost_scale_per_usd * each.cost_usd

    assert worth(taken) == pytest.approx(max(map(worth, offers)), abs=1e-9)


@given(offer_lists(at_least=2), weights, a_number(0, 10), a_number(0, 10))
def test_more_willingness_to_pay_never_lowers_the_chosen_quality(
    offers: list[Offer], asked: Weights, first: float, second: float
) -> None:
    low, high = sorted((first, second))

    def chosen_quality(lam: float) -> float:
        plain = replace(asked, alpha=0, beta=0, willingness_to_pay=lam)
        totals = [score(each, plain).total for each in offers]
        tied = [each.quality for each, total in zip(offers, totals, strict=True) if total >= max(totals) - 1e-12]
        return max(tied) if lam == high else min(tied)

    assert chosen_quality(low) <= chosen_quality(high) + 1e-9


@given(offer_lists(at_least=2), weights, a_number(0, 50))
def test_a_quality_everybody_gains_changes_no_choice(offers: list[Offer], asked: Weights, gain: float) -> None:
    before = [score(each, asked).total for each in offers]
    after = [score(replace(each, quality=each.quality + gain), asked).total for each in offers]

    assert after[argmax(before)] == pytest.approx(max(after), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    "wrong", [{"tau_s": 0}, {"beta": 1.0}, {"beta": -0.1}, {"xi": 1.0}, {"willingness_to_pay": -1}]
)
def test_weights_without_a_meaning_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected willingness_to_pay >= 0"):
        Weights(**wrong)


def test_without_beta_a_wait_costs_nothing() -> None:
    asked = Weights(beta=0)

    assert score(offer("a", wait_s=10_000), asked).total == pytest.approx(trade(0.5, 0.01, asked))
