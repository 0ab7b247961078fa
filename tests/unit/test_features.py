"""Features say what the text shows, stay within bounds and cost little, whatever the text."""

from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.features import FEATURES, features_of

_CHOICE = "Which planet is largest?\n(A) Mars\n(B) Jupiter\n(C) Venus\nAnswer:"
_CODE = "def f(xs):\n    return [x for x in xs if x == 1]\n\nassert f([1, 2]) == ??"
_FORMULA = r"Let $f(x) = \frac{x^2}{3}$. What is $f(3)$?"
_PROSE = "Tell me a story about a lighthouse keeper who was afraid of the sea"


def named(text: str) -> dict[str, float]:
    return dict(zip(FEATURES, features_of(text).tolist(), strict=True))


@given(st.text(st.characters()))
def test_any_text_has_finite_features_within_0_and_1(text: str) -> None:
    found = features_of(text)

    assert (found.shape, found.dtype) == ((len(FEATURES),), np.float32)
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize(
    ("feature", "text"),
    [
        ("options", _CHOICE),
        ("code", _CODE),
        ("marks", "x = (a + b) / (c - d)"),
        ("formula", _FORMULA),
        ("questions", "Really? Are you sure? Why?"),
        ("lines", "\n".join("abcdefgh")),
        ("digits", "31415 92653"),
        ("numbers", "1 2 3 4 5 6 7 8"),
        ("upper_case", "WHAT IS THIS"),
        ("non_ascii", "你好，世界"),
        ("letters", "nothingbutletters"),
        ("word_characters", "internationalisation"),
        ("characters", _PROSE * 20),
        ("words", _PROSE * 20),
        ("distinct_words", "all of these words differ"),
    ],
)
def test_each_feature_is_highest_on_the_text_that_has_it(feature: str, text: str) -> None:
    others = [each for each in (_CHOICE, _CODE, _FORMULA, _PROSE, "no no no no no") if each != text]

    assert named(text)[feature] >= max(named(other)[feature] for other in others)
    assert named(text)[feature] > named("no no no no no")[feature]


def test_options_are_counted_by_their_letters_where_they_stand_apart() -> None:
    assert named("A) one B) two C: three")["options"] == pytest.approx(0.3)
    assert named("(A) one\n(A) again")["options"] == pytest.approx(0.1)
    assert named("NASA. CIA) what (x.B: K. 5 A 6")["options"] == 0


def test_of_a_long_text_both_ends_are_looked_at() -> None:
    middle = "x" * 200_000

    assert named(f"def f():{middle}")["code"] > named(middle)["code"] < named(f"{middle} return 1")["code"]


@pytest.mark.parametrize("text", ["(" * 500_000, "A. " * 150_000, "for x " * 80_000, "```" * 150_000])
def test_the_longest_query_allowed_takes_little_time(text: str) -> None:
    began = process_time()

    features_of(text)

    assert process_time() - began < 0.1
