"""What fine-tuning minimises: a query near the centroid of its domain, centroids apart (MixLLM, method 1.2).

The paper gives L = L_intra + L_inter in words; both forms below are ours.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

#: Centroids with a smaller cosine are far enough apart.
_MARGIN = 0.0


def softmax_loss(vectors: Tensor, prototypes: Tensor, domains: Tensor, temperature: float) -> Tensor:
    """Mean of -log softmax_k(cos(e, c_k) / T)[domain].

    `vectors` (n, d) and `prototypes` (m, d) of unit length, `domains` (n,) int64.

    >>> east, north = torch.eye(2).unsqueeze(1)
    >>> both = torch.eye(2)
    >>> round(softmax_loss(east, both, torch.tensor([0]), 0.1).item(), 6)
    4.5e-05
    >>> round(softmax_loss(north, both, torch.tensor([0]), 0.1).item(), 3)
    10.0
    """
    return cross_entropy(vectors @ prototypes.T / temperature, domains)


def literal_loss(vectors: Tensor, prototypes: Tensor, domains: Tensor) -> Tensor:
    """Mean of 1 - cos(e, own centroid), plus the mean of max(0, cos) over pairs of centroids.

    >>> both = torch.eye(2)
    >>> literal_loss(both, both, torch.tensor([0, 1])).item()
    0.0
    >>> literal_loss(both, torch.ones(2, 2) / 2**0.5, torch.tensor([0, 1])).item() > 1
    True
    """
    intra = 1 - (vectors * prototypes[domains]).sum(1).mean()
    first, second = torch.triu_indices(len(prototypes), len(prototypes), offset=1)
    if not len(first):
        return intra
    cosines = (prototypes[first] * prototypes[second]).sum(1)
    return intra + torch.relu(cosines - _MARGIN).mean()


def moved(prototypes: Tensor, vectors: Tensor, domains: Tensor, momentum: float) -> Tensor:
    """(m, d) of unit length: momentum * prototype + (1 - momentum) * mean of the batch's vectors of that domain.

    The gradient goes through the batch; a domain without a query in it stays where it is.
    """
    members = torch.nn.functional.one_hot(domains, len(prototypes)).to(vectors.dtype)
    counts = members.sum(0).unsqueeze(1)
    means = members.T @ vectors / counts.clamp(min=1)
    return normalize(torch.where(counts > 0, momentum * prototypes + (1 - momentum) * means, prototypes), dim=1)
