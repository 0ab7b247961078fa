from pointsman.command.reasons import what_would_change_it, why
from tests.unit.command.receipts import candidate, receipt


def test_the_sentence_names_what_outweighed_what() -> None:
    decided = receipt(
        "small",
        candidate("small", quality=0.7, cost_usd=0.0002, wait_s=1, score=0.5),
        candidate("large", quality=0.9, cost_usd=0.002, wait_s=4, score=0.4),
    )

    assert why(decided) == (
        "small scores 0.500, large 0.400: it is expected to be cheaper and sooner, which outweighs being less good."
    )


def test_a_draw_is_called_a_draw() -> None:
    decided = receipt("small", candidate("small", score=0.1), candidate("large", score=0.9))

    assert "drawn at random" in why(decided.model_copy(update={"explored": True, "propensity": 0.025}))


def test_the_rival_is_the_best_of_those_within_the_limits() -> None:
    decided = receipt(
        "small",
        candidate("small", score=0.5),
        candidate("huge", score=0.9, barred_by="max_cost_usd"),
        candidate("large", quality=0.4, score=0.4),
    )

    assert "large 0.400" in why(decided)


def test_one_within_the_limits_needs_no_comparison() -> None:
    decided = receipt("small", candidate("small"), candidate("huge", barred_by="llms"))

    assert why(decided) == "small was the only LLM within the limits."


def test_a_refusal_gives_its_reason() -> None:
    refused = receipt(None, candidate("small", barred_by="max_wait_s"))

    assert why(refused.model_copy(update={"refusal": "max_wait_s is 1 s, the best on offer is 3 s"})) == (
        "Refused: max_wait_s is 1 s, the best on offer is 3 s."
    )


def test_each_change_names_the_new_value_the_old_one_and_who_would_have_won() -> None:
    decided = receipt("small", candidate("small", cost_usd=0.001, wait_s=2), candidate("large"))
    flip = decided.flip.model_copy(
        update={
            "willingness_to_pay": 2.1,
            "willingness_to_pay_llm": "large",
            "cost_usd": 0.003,
            "wait_s": 12.0,
            "runner_up": "large",
        }
    )

    assert what_would_change_it(decided.model_copy(update={"flip": flip})) == [
        "a willingness to pay of 2.1 instead of 1.4 (then large)",
        "an answer of small for $0.003 instead of $0.001 (then large)",
        "a wait for small of 12.0 s instead of 2.0 s (then large)",
    ]


def test_nothing_is_claimed_where_nothing_would_change_it() -> None:
    assert what_would_change_it(receipt("small", candidate("small"))) == []
