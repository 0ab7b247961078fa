"""Problems whose best router is known by construction."""

from collections.abc import Sequence

import numpy as np

from pointsman.evaluation.answered import Answered, Doubles, Query, Rows
from pointsman.evaluation.material import LeftOut, Material
from pointsman.evaluation.problem import Problem
from pointsman.training.vectors import Embedded
from shared.features import FEATURES

NOTHING_LEFT_OUT = LeftOut(0, 0, {}, 0, 0)
#: Each is good at its own topic; the last at all of them, for ten times the cost.
LLMS = ("ash", "birch", "cedar", "dear")
_TOPICS = 3
_DIMENSIONS = 12
_SKILLED, _UNSKILLED, _ALL_ROUND = 0.95, 0.2, 0.8
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


def planted(train: int = 600, test: int = 400, seed: int = 0) -> Problem:
    """Whose topic decides which of three cheap LLMs is good; vectors tell the topic, up to noise."""
    random = np.random.default_rng(seed)
    topics = random.integers(0, _TOPICS, train + test)
    skills = np.full((_TOPICS, len(LLMS)), _UNSKILLED)
    np.fill_diagonal(skills, _SKILLED)
    skills[:, -1] = _ALL_ROUND
    return _problem(skills[topics], topics, train, random)


def noise(train: int = 600, test: int = 400, seed: int = 0) -> Problem:
    """Whose answers are good by chance alone, equally for every LLM, at one cost."""
    random = np.random.default_rng(seed)
    topics = random.integers(0, _TOPICS, train + test)
    return _problem(np.full((train + test, len(LLMS)), 0.5), topics, train, random, costs=(0.001,) * len(LLMS))


def topics_of(problem: Problem) -> Rows:
    """The planted topic of each test query: the LLM to choose."""
    return np.array([int(query.dataset.removeprefix("topic-")) for query in problem.test.queries], np.int64)


def answered(
    quality: Doubles,
    cost_usd: Doubles,
    llms: Sequence[str] = LLMS,
    datasets: Sequence[str] | None = None,
    seed: int = 0,
) -> Answered:
    """Both (n, l), in the order of `llms`, which is sorted; tokens are the costs in thousandths of a cent."""
    words = _words(len(quality), np.random.default_rng(seed))
    labels = ["all"] * len(quality) if datasets is None else datasets
    queries = tuple(
        Query("planted", f"q{number:05}", label, label, word)
        for number, (label, word) in enumerate(zip(labels, words, strict=True))
    )
    return Answered(queries, tuple(llms), quality, np.full_like(quality, 10.0), cost_usd * 1e5, cost_usd)


def problem_of(train: Answered, test: Answered, train_vectors: Doubles, test_vectors: Doubles) -> Problem:
    """Of which the last LLM is the reference."""
    material = Material(train, test, test.llms[-1], NOTHING_LEFT_OUT)
    return Problem(material, embedded(train_vectors), embedded(test_vectors), seed=0)


def embedded(vectors: Doubles) -> Embedded:
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Embedded(unit, np.full(len(unit), 10.0, np.float32), np.zeros((len(unit), len(FEATURES)), np.float32))


def _problem(
    skills: Doubles,
    topics: Rows,
    train: int,
    random: np.random.Generator,
    costs: Sequence[float] = (0.001, 0.001, 0.001, 0.01),
) -> Problem:
    quality = (random.random(skills.shape) < skills).astype(np.float64)
    # Lengths vary, so that there is something to fit.
    cost_usd = np.asarray(costs) * random.uniform(0.9, 1.1, skills.shape)
    centres = np.eye(_TOPICS, _DIMENSIONS)
    vectors = centres[topics] + random.normal(0, 0.15, (len(topics), _DIMENSIONS))
    labels = [f"topic-{topic}" for topic in topics]
    first = answered(quality[:train], cost_usd[:train], datasets=labels[:train], seed=1)
    rest = answered(quality[train:], cost_usd[train:], datasets=labels[train:], seed=2)
    return problem_of(first, rest, vectors[:train], vectors[train:])


def _words(count: int, random: np.random.Generator) -> list[str]:
    """Different words, as what differs in numbers alone counts as the same prompt."""
    return ["".join(word) for word in random.choice(_LETTERS, (count, 12))]
