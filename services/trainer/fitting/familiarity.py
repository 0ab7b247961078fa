"""What uncertainty is measured against: a whitened PCA of the embeddings, and A_l over one LLM's rows (method 1.5)."""

from dataclasses import dataclass

import numpy as np

from shared.inference import Floats

DIMENSIONS = 32
#: [D] A_l weighs at most this many rows, or the bonus of a new LLM would never matter.
MOST_ROWS = 333


@dataclass(frozen=True, slots=True)
class Projection:
    """e' = [(e - mean) @ whitening, 1] / norm: `mean` (d,), `whitening` (d, k)."""

    mean: Floats
    whitening: Floats

    def __call__(self, vectors: Floats) -> Floats:
        """(n, d) in, (n, k + 1) of unit length out."""
        whitened = (vectors - self.mean) @ self.whitening
        biased = np.concatenate([whitened, np.ones((len(vectors), 1), np.float32)], axis=1)
        unit: Floats = biased / np.linalg.norm(biased, axis=1, keepdims=True)
        return unit


def fit_projection(vectors: Floats, dimensions: int = DIMENSIONS) -> Projection:
    """The first principal components of the rows, each scaled to unit variance; fewer where the rows have fewer."""
    mean = vectors.mean(axis=0)
    _, singular, components = np.linalg.svd((vectors - mean).astype(np.float64), full_matrices=False)
    kept = singular[:dimensions] > 1e-6 * singular[0]
    scale = np.sqrt(max(len(vectors) - 1, 1)) / singular[:dimensions][kept]
    whitening = components[:dimensions][kept].T * scale
    return Projection(mean.astype(np.float32), whitening.astype(np.float32))


def inverse_of_seen(projected: Floats) -> Floats:
    """A_l^-1, (k + 1, k + 1), with A_l = I + w sum e' e'^T and w = min(1, 333 / n).

    >>> inverse_of_seen(np.array([[1.0, 0.0]] * 3, np.float32)).round(2).tolist()
    [[0.25, 0.0], [0.0, 1.0]]
    """
    seen = projected.astype(np.float64)
    weight = min(1.0, MOST_ROWS / max(len(seen), 1))
    inverse = np.linalg.inv(np.eye(seen.shape[1]) + weight * seen.T @ seen)
    return inverse.astype(np.float32)
