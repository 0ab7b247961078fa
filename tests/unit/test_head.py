"""A head is fed what it reads, and says so when that is missing."""

from dataclasses import replace

import numpy as np
import pytest

from shared.errors import ArtifactError
from shared.features import FEATURES
from shared.head import Inputs
from tests.unit.heads import WIDTHS, head

INPUTS = Inputs(
    vectors=np.eye(2, 3, dtype=np.float32),
    prompt_tokens=np.array([5, 9], np.float32),
    features=np.full((2, len(FEATURES)), 0.5, np.float32),
    neighbours=np.array([[4, 2], [1, 0]]),
    similarities=np.array([[0.9, 0.5], [0.7, 0.1]], np.float32),
)


@pytest.mark.parametrize(
    ("optional", "says"),
    [
        ((), [5, 9]),
        (("features",), [0.5, 0.5]),
        (("neighbours",), [4, 1]),
        (("neighbours", "similarities"), [0.9, 0.7]),
    ],
)
def test_a_head_gets_what_it_reads_and_no_more(optional: tuple[str, ...], says: list[float]) -> None:
    reads = ("embedding", "prompt_tokens", *optional)

    made = head(**{name: WIDTHS[name] for name in reads})

    assert made.lacks(INPUTS) is None
    assert made.predict(INPUTS).quality.tolist() == pytest.approx(says)


def test_what_a_head_reads_and_nobody_gives_is_named() -> None:
    made = head(embedding=3, prompt_tokens=1, features=len(FEATURES))

    with pytest.raises(ArtifactError, match="expected features for head v1"):
        made.predict(Inputs(INPUTS.vectors, INPUTS.prompt_tokens))
    assert made.lacks(replace(INPUTS, features=np.zeros((2, 1), np.float32))) == "features"
    assert made.lacks(replace(INPUTS, vectors=np.zeros((2, 4), np.float32))) == "embedding"


@pytest.mark.parametrize("widths", [{"features": 3}, {"neighbours": 2, "similarities": 3}, {"colour": 1}])
def test_a_graph_with_other_inputs_is_no_head(widths: dict[str, int]) -> None:
    with pytest.raises(ArtifactError, match="expected inputs"):
        head(embedding=3, prompt_tokens=1, **widths)


def test_some_queries_inputs_are_taken_together() -> None:
    second = INPUTS[np.array([False, True])]

    assert [value.tolist() for value in second.feeds().values()][:2] == [[[0, 1, 0]], [[9]]]
    assert second.neighbours is not None
    assert second.neighbours.tolist() == [[1, 0]]
    assert INPUTS[np.array([1])].feeds().keys() == INPUTS.feeds().keys()
    assert Inputs(INPUTS.vectors, INPUTS.prompt_tokens)[np.array([0])].features is None
