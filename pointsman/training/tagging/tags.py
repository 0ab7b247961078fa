"""What a tag is, whoever gives it."""

import re
from collections.abc import Iterable

#: One query's tags, the most telling first; none where the tagger knew nothing.
Tags = tuple[str, ...]

MOST_TAGS = 5
_MOST_CHARACTERS = 60
_SEPARATORS = re.compile(r"[\s_/-]+")


def cleaned(found: Iterable[str]) -> Tags:
    """The first five distinct tags in lower case, words a space apart; sentences and empty ones are left out.

    >>> cleaned(["Linear_Algebra", "linear algebra.", "", "Proof"])
    ('linear algebra', 'proof')
    """
    tags = (_SEPARATORS.sub(" ", tag).strip(" .,;:!?\"'`#*()[]").lower() for tag in found)
    return tuple(dict.fromkeys(tag for tag in tags if 0 < len(tag) <= _MOST_CHARACTERS))[:MOST_TAGS]
