"""What a prompt's text shows before anybody answers it: counts and shares, for heads beside the vector."""

from math import log1p

import numpy as np

from shared.inference import Array, Floats

#: Names of what features_of returns, in its order.
FEATURES = (
    "characters",
    "words",
    "lines",
    "distinct_words",
    "word_characters",
    "digits",
    "numbers",
    "letters",
    "upper_case",
    "non_ascii",
    "marks",
    "formula",
    "code",
    "options",
    "questions",
)
#: Of a longer text both ends are looked at: tasks stand at either.
_END_CHARACTERS = 16_000
_ASCII = 128
_DIGITS, _UPPER, _LOWER = slice(48, 58), slice(65, 91), slice(97, 123)
_MARKS = [ord(mark) for mark in "+-*/=<>^%&|~_()[]{}@#"]
_BACKSLASH, _DOLLAR, _QUESTION = ord("\\"), ord("$"), ord("?")
_NEWLINE = ord("\n")
#: Words and signs of programming languages that prose hardly has.
_CODE = ("```", "def ", "return ", "import ", "class ", "assert", "print(", "==", "+=", "=>", "->", ");", "{\n", "//")
#: Answers to choose from are marked `A.`, `B)`, `(C)` or `D:`, at the start of a line or after a space.
_FIRST_OPTION, _MOST_OPTIONS = ord("A"), 10
_BEFORE_OPTION, _AFTER_OPTION = "\n\t (", ".):"


def features_of(text: str) -> Floats:
    """(f,) float32 in the order of FEATURES, each in [0, 1]: shares, or log(1 + count) over that of a large count.

    >>> found = dict(zip(FEATURES, features_of("What is 17 * 23? (A) 391 (B) 400").tolist()))
    >>> found["options"], round(found["digits"], 3), found["code"]
    (0.20000000298023224, 0.312, 0.0)
    """
    if len(text) > 2 * _END_CHARACTERS:
        return _features(f"{text[:_END_CHARACTERS]}\n{text[-_END_CHARACTERS:]}", len(text))
    return _features(text, len(text))


def _features(text: str, characters: int) -> Floats:
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), "<u4")
    count = np.bincount(np.minimum(codes, _ASCII), minlength=_ASCII + 1)
    words = text.split()
    seen = max(len(codes), 1)
    upper, lower = int(count[_UPPER].sum()), int(count[_LOWER].sum())
    values = (
        _logarithmic(characters, 100_000),
        _logarithmic(len(words), 20_000),
        _logarithmic(count[_NEWLINE], 1_000),
        len(set(words)) / max(len(words), 1),
        _logarithmic(seen / max(len(words), 1), 100),
        count[_DIGITS].sum() / seen,
        _logarithmic(_numbers(codes), 1_000),
        (upper + lower) / seen,
        upper / max(upper + lower, 1),
        count[_ASCII] / seen,
        count[_MARKS].sum() / seen,
        _logarithmic(count[_BACKSLASH] + count[_DOLLAR], 100),
        _logarithmic(sum(map(text.count, _CODE)), 100),
        _options(text, codes) / _MOST_OPTIONS,
        _logarithmic(count[_QUESTION], 20),
    )
    return np.minimum(np.array(values, np.float32), 1)


def _numbers(codes: Array) -> int:
    """Runs of ASCII digits."""
    digit = (codes >= _DIGITS.start) & (codes < _DIGITS.stop)
    return int(digit[:1].sum() + (digit[1:] & ~digit[:-1]).sum())


def _options(text: str, codes: Array) -> int:
    """Different letters from A to J that mark an answer."""
    # Unsigned: what is below A wraps around to far above J.
    [places] = np.nonzero(codes[:-1] - np.uint32(_FIRST_OPTION) < _MOST_OPTIONS)
    return len(
        {text[at] for at in places.tolist() if text[at + 1] in _AFTER_OPTION and text[at - 1 : at] in _BEFORE_OPTION}
    )


def _logarithmic(value: float, large: float) -> float:
    return log1p(value) / log1p(large)
