"""How well tags and domains cover the queries."""

from dataclasses import dataclass

import numpy as np

from pointsman.training.tagging.domains import Domains
from shared.inference import Floats


@dataclass(frozen=True, slots=True)
class Far:
    """A query that no domain is near to."""

    query: int
    #: 1 - cosine to the nearest centroid.
    distance: float


@dataclass(frozen=True, slots=True)
class Audit:
    """What a person looks at before trusting domains."""

    tagged_share: float
    #: By name, of all queries; the largest first.
    domain_shares: dict[str, float]
    #: The farthest first.
    farthest: tuple[Far, ...]


def audit(domains: Domains, vectors: Floats, most: int = 10) -> Audit:
    """Share of queries with a tag, share per domain, and the `most` queries farthest from every centroid.

    `vectors` (n, d) of unit length; with no domain at all, no query is far from one.
    """
    total = max(len(domains.of_query), 1)
    own = [domain for domain in domains.of_query if domain is not None]
    shares = {name: own.count(index) / total for index, name in enumerate(domains.names)}
    return Audit(
        tagged_share=len(own) / total,
        domain_shares=dict(sorted(shares.items(), key=lambda share: -share[1])),
        farthest=_farthest(domains, vectors, most) if domains.names else (),
    )


def _farthest(domains: Domains, vectors: Floats, most: int) -> tuple[Far, ...]:
    distances = 1 - (vectors @ domains.centroids(vectors).T).max(axis=1)
    order = np.argsort(-distances, kind="stable")[:most]
    return tuple(Far(int(query), float(distances[query])) for query in order)
