"""Domains: groups of tags, and the queries in them (method 1.1)."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.cluster import KMeans

from pointsman.training.tagging.tags import Tags
from shared.encoder import Encoder, Text
from shared.inference import Floats

#: [P] Coarse domains of the paper.
MOST_DOMAINS = 20
_TAGS_IN_A_NAME = 2

#: Vectors (n, d) of n tags.
EmbedTags = Callable[[Sequence[str]], Floats]


class Tagger(Protocol):
    """Says what queries are about; training only."""

    def __call__(self, prompts: Sequence[str], progress: Callable[[int], None]) -> list[Tags]:
        """Tags of each prompt; `progress` is told how many have been tagged."""
        ...


@dataclass(frozen=True, slots=True)
class Domains:
    """What the queries are about."""

    #: Of m domains: the most frequent tags of each.
    names: tuple[str, ...]
    #: Of n queries: the index of its domain, None without a tag.
    of_query: tuple[int | None, ...]

    def centroids(self, vectors: Floats) -> Floats:
        """(m, d) of unit length: the mean direction of each domain's queries; `vectors` (n, d)."""
        own = np.array([-1 if domain is None else domain for domain in self.of_query])
        means = np.stack([vectors[own == domain].mean(axis=0) for domain in range(len(self.names))])
        unit: Floats = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
        return unit


def group_queries(
    prompts: Sequence[str], tagger: Tagger, encoder: Encoder, progress: Callable[[int], None], seed: int = 0
) -> Domains:
    """Tag the prompts, and find the domains that their tags make in the encoder's space."""

    def embed(tags: Sequence[str]) -> Floats:
        return np.stack([each.vector for each in encoder.encode([Text(tag) for tag in tags], token_budget=1)])

    return find_domains(tagger(prompts, progress), embed, seed=seed)


def find_domains(tags: Sequence[Tags], embed: EmbedTags, most: int = MOST_DOMAINS, seed: int = 0) -> Domains:
    """Group the tags by k-means on their vectors; a query belongs where most of its tags do.

    Fewer than `most` domains where there are fewer tags; none at all without tags.
    """
    counts = Counter(tag for one in tags for tag in one)
    if not counts:
        return Domains((), (None,) * len(tags))
    distinct = sorted(counts)
    weights = np.array([counts[tag] for tag in distinct], np.float64)
    grouping = KMeans(min(most, len(distinct)), n_init=3, random_state=seed)
    group_of = dict(zip(distinct, grouping.fit(embed(distinct), sample_weight=weights).labels_.tolist(), strict=True))
    chosen = [majority([group_of[tag] for tag in one]) for one in tags]
    # The largest first; a group may be in nobody's majority.
    sizes = Counter(group for group in chosen if group is not None)
    place = {group: index for index, (group, _) in enumerate(sizes.most_common())}
    return Domains(
        names=tuple(_name(group, group_of, counts) for group in place),
        of_query=tuple(None if group is None else place[group] for group in chosen),
    )


def majority(groups: Sequence[int]) -> int | None:
    """The most frequent one, on a tie the one that comes first; None of none.

    >>> majority([2, 7, 7, 2])
    2
    """
    return Counter(groups).most_common(1)[0][0] if groups else None


def _name(group: int, group_of: dict[str, int], counts: Counter[str]) -> str:
    own = sorted((tag for tag, its in group_of.items() if its == group), key=lambda tag: (-counts[tag], tag))
    return ", ".join(own[:_TAGS_IN_A_NAME])
