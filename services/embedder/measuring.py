"""What an exported graph is measured on: parity with torch, closeness and speed against float32, effect of a batch."""

from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np
import torch

from services.embedder.graph import Source
from shared.encoder import ATTENTION_MASK, INPUT_IDS, SENTENCE_VECTOR
from shared.inference import Floats, Session

#: Above this, the graph is not the model.
PARITY_CEILING = 1e-4
#: Method 1.2: at or below this, int8 is not adopted.
COSINE_FLOOR = 0.98
_TEXTS = (
    "What is 17 * 23?",
    "Write a Python function that returns the n-th Fibonacci number without recursion.",
    "Translate into French: the pointsman sets the switches before the train arrives.",
    "A farmer has 12 cows and sells a third of them, then buys twice as many as he has left. How many now?",
    "Summarise the causes of the First World War in three sentences, for a twelve-year-old.",
    "def f(x):\n    return [y for y in x if y % 2]\n\nassert f([1, 2, 3]) == ??",
    "¿Cuál es la capital de Australia?",
    "Prove that the square root of two is irrational. " * 12,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """All on the same texts, short and long, one core."""

    #: To torch, largest difference of one component.
    max_abs_difference: float
    mean_cosine: float
    #: Cosine of a text alone to itself in a batch with longer and shorter ones; the lowest over the texts.
    alone_in_batch_cosine: float
    prompts_per_s: float
    speed_ratio: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(value, 9) for name, value in asdict(self).items()}


def measure(source: Source, plain: bytes, graph: bytes) -> Measured:
    """Compare `graph` with torch and with the float32 graph `plain`."""
    session, reference = Session(graph), Session(plain)
    texts = [_tokens(source, text) for text in _TEXTS]
    alone = np.concatenate([_run(session, [ids]) for ids in texts])
    exact = np.concatenate([_run(reference, [ids]) for ids in texts])
    in_batch = _run(session, texts)
    with torch.no_grad():
        ids, mask = _padded(texts)
        torched = source.module(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    rate, reference_rate = _rate(session, texts), _rate(reference, texts)
    return Measured(
        max_abs_difference=float(np.abs(in_batch - torched).max()),
        mean_cosine=float((alone * exact).sum(1).mean()),
        alone_in_batch_cosine=float((alone * in_batch).sum(1).min()),
        prompts_per_s=rate,
        speed_ratio=rate / reference_rate,
    )


def _tokens(source: Source, text: str) -> list[int]:
    ids: list[int] = source.tokenizer.encode(text).ids
    return ids[: source.max_length]


def _padded(texts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    longest = max(len(ids) for ids in texts)
    ids = np.array([text + [0] * (longest - len(text)) for text in texts], np.int64)
    mask = np.array([[1] * len(text) + [0] * (longest - len(text)) for text in texts], np.int64)
    return ids, mask


def _run(session: Session, texts: list[list[int]]) -> Floats:
    ids, mask = _padded(texts)
    vectors: Floats = session({INPUT_IDS: ids, ATTENTION_MASK: mask})[SENTENCE_VECTOR]
    return vectors


def _rate(session: Session, texts: list[list[int]], rounds: int = 3) -> float:
    started = perf_counter()
    for _ in range(rounds):
        for ids in texts:
            _run(session, [ids])
    return rounds * len(texts) / (perf_counter() - started)
