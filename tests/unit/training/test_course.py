"""When a tuning run ends."""

import pytest

from pointsman.training.tuning.course import Check, Course


def course(*looks: tuple[float, float]) -> Course:
    checks = tuple(Check(step, loss, cosine) for step, (loss, cosine) in enumerate(looks))
    return Course(len(checks), checks)


def test_it_goes_on_while_the_predictors_gain() -> None:
    assert course((0.3, 0.1), (0.2, 0.2), (0.1, 0.3)).ending(most_cosine=0.7, patience=2) is None


def test_it_ends_when_they_have_not_gained_for_long_enough() -> None:
    looks = ((0.3, 0.1), (0.2, 0.1), (0.25, 0.1), (0.2, 0.1))

    assert course(*looks[:3]).ending(most_cosine=0.7, patience=2) is None
    assert "not gained for 2 checks" in str(course(*looks).ending(most_cosine=0.7, patience=2))
    assert course(*looks).best.step == 1


def test_domains_that_become_points_end_it_even_while_the_predictors_gain() -> None:
    assert "collapsing" in str(course((0.3, 0.1), (0.2, 0.71)).ending(most_cosine=0.7, patience=2))


def test_an_encoder_that_was_tight_before_may_still_be_tuned() -> None:
    assert course((0.3, 0.9)).ending(most_cosine=0.7, patience=2) is None


@pytest.mark.parametrize("looks", [(), ((0.5, 0.25),), ((1 / 3, 0.1), (0.1, 1e-9))])
def test_a_course_survives_its_file(looks: tuple[tuple[float, float], ...]) -> None:
    assert Course.from_data(course(*looks).as_data()) == course(*looks)
