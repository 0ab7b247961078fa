"""Tags from labels and phrases, and the domains they make."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from pointsman.training.tagging.audit import audit
from pointsman.training.tagging.domains import Domains, find_domains
from pointsman.training.tagging.labels import LabelTagger
from pointsman.training.tagging.phrases import PhraseTagger
from pointsman.training.tagging.tags import Tags
from shared.inference import Floats

_SUBJECTS = {
    "kitchen": ("apple cake", "lentil stew", "rye bread", "onion soup"),
    "harbour": ("storm jib", "reef knot", "light ship", "spring tide"),
    "court": ("civil claim", "jury trial", "legal appeal", "court order"),
}
_FORMS = ("What should I know about the {}?", "Tell me all of the {}, please.", "Could you write about the {} for me?")
_TOPICS = [topic for topic, subjects in _SUBJECTS.items() for _ in subjects for _ in _FORMS]
_PROMPTS = [form.format(subject) for subjects in _SUBJECTS.values() for subject in subjects for form in _FORMS]


def embed(tags: Sequence[str]) -> Floats:
    """Tags of one subject close together, each at a place of its own."""
    places = {subject: index for index, words in enumerate(_SUBJECTS.values()) for subject in words}
    random = np.random.default_rng(3)
    return np.array([np.eye(3)[places[tag]] + random.normal(0, 0.05, 3) for tag in tags], np.float32)


def silent(_done: int) -> None:
    """Nobody waits."""


def test_key_phrases_are_what_the_prompts_differ_in() -> None:
    tags = PhraseTagger()(_PROMPTS, silent)

    assert [one[0] for one in tags] == [subject for words in _SUBJECTS.values() for subject in words for _ in _FORMS]


def test_domains_of_planted_topics_are_recovered() -> None:
    tags = PhraseTagger()(_PROMPTS, silent)

    domains = find_domains([one[:1] for one in tags], embed, most=3)

    assert len(domains.names) == 3
    together = Counter(zip(_TOPICS, domains.of_query, strict=True))
    assert set(together.values()) == {12}


def test_more_domains_than_tags_are_not_made() -> None:
    labels = dict(zip(_PROMPTS, _TOPICS, strict=True))
    tags = LabelTagger(labels)([*_PROMPTS, "unheard of"], silent)

    domains = find_domains(tags, lambda names: np.eye(len(names), dtype=np.float32))

    assert sorted(domains.names) == sorted(_SUBJECTS)
    assert [domains.names[domain] for domain in domains.of_query[:-1] if domain is not None] == _TOPICS
    assert domains.of_query[-1] is None


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        (("apple cake", "rye bread", "jury trial"), "apple cake, rye bread"),
        (("jury trial", "apple cake"), "jury trial"),
        (("apple cake", "jury trial"), "apple cake, rye bread"),
        (("reef knot", "rye bread", "apple cake", "jury trial"), "apple cake, rye bread"),
    ],
)
def test_a_query_belongs_to_the_majority_of_its_tags_and_on_a_tie_to_the_first(tags: Tags, name: str) -> None:
    others: list[Tags] = [("apple cake",), ("rye bread",), ("jury trial",), ("reef knot",)]

    domains = find_domains([tags, *others], embed, most=3)

    assert domains.of_query[0] is not None
    assert domains.names[domains.of_query[0]] == name


def test_a_group_in_nobodys_majority_is_no_domain() -> None:
    domains = find_domains([("apple cake", "rye bread", "jury trial")] * 3, embed, most=2)

    assert domains == Domains(("apple cake, rye bread",), (0, 0, 0))


def test_without_tags_there_are_no_domains_and_nothing_is_far() -> None:
    domains = find_domains([(), ()], embed)

    assert domains == Domains((), (None, None))
    assert audit(domains, np.eye(2, dtype=np.float32)).farthest == ()


def test_the_audit_says_what_is_covered_and_what_lies_far_from_it() -> None:
    vectors = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 1, 0], [0, 0, 1]], np.float32)

    found = audit(Domains(("left", "right"), (0, 0, 1, None)), vectors, most=2)

    assert found.tagged_share == 0.75
    assert found.domain_shares == {"left": 0.5, "right": 0.25}
    assert [far.query for far in found.farthest] == [3, 0]
    assert found.farthest[0].distance == pytest.approx(1.0)


def test_centroids_are_mean_directions() -> None:
    vectors = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)

    centroids = Domains(("north east", "west"), (0, 0, 1)).centroids(vectors)

    assert centroids == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [-1, 0]]))
    assert centroids.dtype == np.float32
