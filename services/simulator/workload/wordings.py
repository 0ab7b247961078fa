"""Sentences with gaps: written with values, and read back from any text that contains one of them."""

import re
from collections.abc import Mapping
from random import Random


class Wordings:
    """The wordings of one kind of question; all have the same `{gaps}`."""

    def __init__(self, gaps: Mapping[str, str], *sentences: str) -> None:
        """`gaps`: name to the regular expression, without groups of its own, of what may stand there."""
        self._sentences = sentences
        self._patterns = tuple(_pattern(sentence, gaps) for sentence in sentences)

    def write(self, random: Random, **values: object) -> str:
        """One of the sentences, its gaps filled."""
        return random.choice(self._sentences).format(**values)

    def read(self, text: str) -> dict[str, str] | None:
        """The gaps' values, or None where the text contains none of the sentences, whatever its white space.

        >>> Wordings({"a": "[0-9]+"}, "Is {a} even?").read("Well. Is\\n34 even?")
        {'a': '34'}
        """
        plain = " ".join(text.split())
        for pattern in self._patterns:
            found = pattern.search(plain)
            if found is not None:
                return found.groupdict()
        return None


def _pattern(sentence: str, gaps: Mapping[str, str]) -> re.Pattern[str]:
    literal = re.escape(" ".join(sentence.split()))
    return re.compile(re.sub(r"\\\{(\w+)\\\}", lambda gap: f"(?P<{gap[1]}>{gaps[gap[1]]})", literal))
