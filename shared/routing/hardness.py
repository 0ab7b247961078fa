"""What a query's hardness for the LLMs with heads says of one without."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Quality = TypeVar("Quality", float, NDArray[np.float64])


def shift(predicted: Mapping[str, Quality], usual: Mapping[str, float]) -> Quality | float:
    """By how much LLMs are expected to do better on a query than they usually do, on average; 0 where none is known.

    A prior is the same for all queries. Beside LLMs whose predictions fall on hard ones it would win just those.

    >>> round(shift({"a": 0.5, "b": 0.9, "unknown": 0.1}, {"a": 0.8, "b": 0.8}), 3), shift({}, {})
    (-0.1, 0.0)
    """
    differences = [quality - usual[llm] for llm, quality in predicted.items() if llm in usual]
    return sum(differences) / len(differences) if differences else 0.0
