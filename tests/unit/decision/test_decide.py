"""One decision: its numbers by hand, its limits, its draw, and what its receipt says."""

from math import exp, log

import pytest

from services.decision.settings import DecisionSettings
from shared.messages import Candidate, Model, PolicyParameters
from tests.unit.decision.stage import Stage, a_partition, a_prediction, an_accepted, an_announcement, an_llm

A = an_llm("a", usd_per_mtok_input=1.0, usd_per_mtok_output=2.0)
B = an_llm("b", usd_per_mtok_input=0.1, usd_per_mtok_output=0.2, context_tokens=4000)


async def decided(stage: Stage, **query: object) -> Stage:
    await stage.accept(an_accepted(**query))  # type: ignore[arg-type]
    await stage.predict(a_prediction("a", quality=0.9, tokens=200))
    await stage.predict(a_prediction("b", quality=0.7, tokens=100))
    await stage.after(0.3)
    return stage


def candidates(stage: Stage) -> dict[str, Candidate]:
    return {candidate.llm: candidate for candidate in stage.receipts[-1].candidates}


async def test_a_decision_by_hand() -> None:
    stage = await decided(Stage(A, B))

    a, b = candidates(stage)["a"], candidates(stage)["b"]
    receipt, dispatch = stage.receipts[0], stage.dispatches[0]
    # 1000 prompt tokens; 0.5 s to the first token, 100 tokens/s; lam 1.4, cost scale 100, tau 30.
    assert (a.cost_usd, b.cost_usd) == (pytest.approx(0.0014), pytest.approx(0.00012))
    assert (a.service_s, a.wait_s, b.wait_s) == (pytest.approx(2.5), pytest.approx(2.5), pytest.approx(1.5))
    assert a.trade == pytest.approx((1.4 * 0.9 - 0.14) / 2.4)
    assert b.trade == pytest.approx((1.4 * 0.7 - 0.012) / 2.4)
    assert a.penalty == pytest.approx(exp(log(10) / 6 * (2.5 - 24)))
    assert a.score == pytest.approx(a.trade + 0.005 - 0.1 * a.penalty)
    assert receipt.llm == dispatch.llm == "a"
    assert (receipt.willingness_to_pay, receipt.tau_s, receipt.policy) == (1.4, 30.0, "default")
    assert receipt.flip.runner_up == "b"
    # 0.2 lam = 0.128 - 2.4 * 0.1 * (difference of tiny penalties)
    assert receipt.flip.willingness_to_pay == pytest.approx(0.64, abs=0.01)
    assert receipt.flip.cost_usd == pytest.approx(0.0014 + (a.score - b.score) * 2.4 / 100)
    assert (dispatch.attempt, dispatch.counted_attempts, dispatch.deadline) == (
        1,
        1,
        stage.receipts[0].accepted_at + 600,
    )
    assert [prediction.llm for prediction in dispatch.alternatives] == ["b"]


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("llms", {"preferences": {"llms": ["nobody"]}}),
        ("max_cost_usd", {"preferences": {"max_cost_usd": 0.0001}}),
        ("max_wait_s", {"preferences": {"max_wait_s": 1.0}}),
        ("context", {"prompt_tokens": 9000}),
    ],
)
async def test_each_hard_limit_refuses_under_its_name(kind: str, query: dict[str, object]) -> None:
    stage = await decided(Stage(A, B), **query)

    [ending] = stage.endings
    assert ending.response.error is not None
    assert (ending.response.status, ending.response.error.kind) == ("refused", kind)
    assert stage.receipts[0].refusal == kind
    assert stage.receipts[0].llm is None
    assert ending.response.decision_id == stage.receipts[0].decision_id
    assert stage.dispatches == []


async def test_a_limit_that_leaves_one_llm_chooses_it() -> None:
    stage = await decided(Stage(A, B), preferences={"max_cost_usd": 0.001})

    assert stage.dispatches[0].llm == "b"
    assert candidates(stage)["a"].barred_by == "max_cost_usd"


async def test_the_context_window_has_a_margin_and_room_for_an_asked_maximum() -> None:
    fits = await decided(Stage(A, B), prompt_tokens=3700)
    no_margin = await decided(Stage(A, B), prompt_tokens=3900)
    asked = await decided(Stage(A, B), prompt_tokens=3700, parameters={"max_tokens": 400})

    assert candidates(fits)["b"].barred_by is None
    assert candidates(no_margin)["b"].barred_by == "context"
    assert candidates(asked)["b"].barred_by == "context"


async def test_an_asked_maximum_of_tokens_bounds_cost_and_wait() -> None:
    stage = await decided(Stage(A, B), parameters={"max_tokens": 50})

    assert candidates(stage)["a"].cost_usd == pytest.approx(0.0011)
    assert candidates(stage)["a"].wait_s == pytest.approx(1.0)


async def test_prompt_tokens_are_estimated_by_the_llms_announced_ratio() -> None:
    stage = Stage(A, B)
    stage.outstanding.announce(an_announcement("a", prompt_token_ratio=1.5))

    await decided(stage)

    assert (candidates(stage)["a"].prompt_tokens, candidates(stage)["b"].prompt_tokens) == (1500, 1000)
    assert stage.dispatches[0].prompt_tokens == 1500


async def test_measured_speed_replaces_the_descriptors() -> None:
    stage = Stage(A, B)
    stage.outstanding.announce(an_announcement("a", first_token_s=1.0, tokens_per_s=50.0))

    await decided(stage)

    assert candidates(stage)["a"].service_s == pytest.approx(5.0)


async def test_a_query_brings_its_own_willingness_to_pay_and_patience() -> None:
    stage = await decided(Stage(A, B), preferences={"willingness_to_pay": 0.3, "max_wait_s": 60})

    assert stage.dispatches[0].llm == "b"
    assert (stage.receipts[0].willingness_to_pay, stage.receipts[0].tau_s) == (0.3, 60)


async def test_a_promoted_policy_decides_from_then_on() -> None:
    stage = Stage(A, B)
    parameters = PolicyParameters(willingness_to_pay=0.1)
    stage.fleet.follow(Model(kind="policy", version="thrifty", policy=parameters, revision=3))
    stage.fleet.follow(Model(kind="policy", version="older", policy=PolicyParameters(), revision=2))

    await decided(stage)

    assert (stage.receipts[0].policy, stage.dispatches[0].llm) == ("thrifty", "b")


def test_a_policy_without_sense_is_left_where_it_is() -> None:
    stage = Stage(A)

    stage.fleet.follow(Model(kind="policy", version="broken", policy=PolicyParameters(beta=2.0), revision=9))

    assert stage.fleet.policy.version == "default"


async def test_a_draw_below_five_percent_explores_and_says_so() -> None:
    stage = await decided(Stage(A, B, draw=0.04))

    receipt = stage.receipts[0]
    assert (receipt.llm, receipt.explored, receipt.propensity) == ("b", True, pytest.approx(0.025))
    assert receipt.flip.runner_up is None


async def test_the_best_has_the_rest_of_the_probability() -> None:
    stage = await decided(Stage(A, B, draw=0.5))

    assert (stage.receipts[0].explored, stage.receipts[0].propensity) == (False, pytest.approx(0.975))


async def test_who_opts_out_of_exploration_gets_the_best_for_sure() -> None:
    stage = await decided(Stage(A, B, draw=0.0), preferences={"explore": False})

    assert (stage.receipts[0].llm, stage.receipts[0].explored, stage.receipts[0].propensity) == ("a", False, 1.0)


async def test_a_closed_circuit_is_chosen_only_when_no_other_may_answer() -> None:
    stage = Stage(A, B)
    stage.outstanding.announce(an_announcement("a", a_partition("a", 0), healthy=False, reason="auth"))
    stage.outstanding.announce(an_announcement("b", a_partition("b", 0)))

    await decided(stage)
    await stage.accept(an_accepted("0-2", preferences={"llms": ["a"]}))
    await stage.after(0.3)

    assert [dispatch.llm for dispatch in stage.dispatches] == ["b", "a"]
    assert stage.receipts[0].candidates[0].barred_by == "closed"


async def test_a_burst_spreads_over_the_llms_at_once() -> None:
    twins = [an_llm("a", parallelism=1), an_llm("b", parallelism=1)]
    stage = Stage(*twins)
    for twin in twins:
        stage.outstanding.announce(an_announcement(twin.name, a_partition(twin.name, 0)))
    stage.broker.away = {"decisions"}

    for number in range(12):
        origin = f"0-{number}"
        await stage.accept(an_accepted(origin))
        await stage.predict(a_prediction("a", quality=0.8, origin=origin, tokens=1500))
        await stage.predict(a_prediction("b", quality=0.8, origin=origin, tokens=1500))

    waiting = {twin.name: stage.outstanding.loads(twin)[0].busy for twin in twins}
    assert waiting == {"a": 6, "b": 6}, "though nothing is acknowledged yet"


async def test_a_batch_query_is_dispatched_to_the_batch_queue() -> None:
    stage = Stage(A)

    await stage.accept(an_accepted().model_copy(update={"batch": True}))
    await stage.predict(a_prediction("a"))

    assert "dispatch-batch.a" in stage.broker.topics
    assert stage.receipts[0].batch


async def test_text_is_kept_only_where_the_operator_told_to() -> None:
    silent = await decided(Stage(A, B))
    keeping = await decided(Stage(A, B, settings=DecisionSettings(store_text=True)))

    assert silent.receipts[0].text is None
    assert keeping.receipts[0].text == "What is 2 + 2?"


async def test_a_dispatch_carries_what_its_stages_took() -> None:
    stage = Stage(A)

    await stage.accept(an_accepted(at=stage.now - 0.08), appended_at=stage.now - 0.03)
    await stage.predict(a_prediction("a"), appended_at=stage.now - 0.01)

    stages = stage.dispatches[0].stages
    assert stages == {
        "embed": pytest.approx(0.05),
        "predict": pytest.approx(0.02),
        "decide": pytest.approx(0.01),
    }


@pytest.mark.parametrize(
    "extreme",
    [
        {"parameters": {"max_tokens": 10**400}},
        {"preferences": {"willingness_to_pay": 1e308}},
        {"preferences": {"max_cost_usd": 5e-324}},
        {"preferences": {"max_wait_s": 0.001}},
    ],
)
async def test_extreme_wishes_are_decided_too(extreme: dict[str, object]) -> None:
    stage = Stage(A, B)
    crowded = [a_partition("b", number, remaining_s=1e6, in_flight=1) for number in range(2)]
    stage.outstanding.announce(an_announcement("a", a_partition("a", 0)))
    stage.outstanding.announce(an_announcement("b", *crowded))

    await decided(stage, **extreme)

    assert len(stage.endings) + len(stage.dispatches) == 1
    assert stage.broker.on("accepted.dead") == []


async def test_a_prior_is_shifted_by_how_hard_the_query_is_for_llms_with_heads() -> None:
    newcomer = an_llm("c", prior_quality=0.6)
    stage = Stage(A, B, newcomer)
    usual = PolicyParameters(usual_quality={"a": 0.8, "b": 0.8, "gone": 0.1})
    stage.fleet.follow(Model(kind="policy", version="charted", policy=usual, revision=3))
    await stage.accept(an_accepted())
    await stage.predict(a_prediction("a", quality=0.6))
    await stage.predict(a_prediction("b", quality=0.3))
    await stage.predict(a_prediction("c", quality=0.6).model_copy(update={"head": None}))

    seen = candidates(stage)
    assert (seen["a"].quality, seen["b"].quality) == (0.6, 0.3)
    assert seen["c"].quality == pytest.approx(0.6 - 0.35)
    # Decided again, it is shifted once, not twice.
    alternatives = {one.llm: one.quality for one in stage.dispatches[0].alternatives}
    assert alternatives["c"] == 0.6


async def test_a_shifted_prior_stays_a_share_and_without_usual_qualities_nothing_shifts() -> None:
    newcomer = an_llm("c", prior_quality=0.1)
    for usual, expected in (({"a": 0.9}, 0.0), ({}, 0.1)):
        stage = Stage(A, newcomer)
        policy = PolicyParameters(usual_quality=usual)
        stage.fleet.follow(Model(kind="policy", version="charted", policy=policy, revision=3))
        await stage.accept(an_accepted())
        await stage.predict(a_prediction("a", quality=0.2))
        await stage.predict(a_prediction("c", quality=0.1).model_copy(update={"head": None}))

        assert candidates(stage)["c"].quality == expected
