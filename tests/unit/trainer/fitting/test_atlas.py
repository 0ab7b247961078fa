"""An atlas finds the nearest training queries, never a training query itself, and the domain a query is of."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.trainer.fitting.atlas import AtlasConfig, Chart, chart, store_atlas
from services.trainer.fitting.atlas_graph import Regions
from shared.artifacts import Artifacts
from shared.atlas import Atlas
from shared.encoder import EncoderCard
from shared.errors import ArtifactError
from shared.inference import Floats

DIMENSIONS = 16
CONFIG = AtlasConfig(neighbours=5)
CARD = EncoderCard(
    version="e1",
    name="e",
    tokenizer_sha256="0" * 64,
    dimensions=DIMENSIONS,
    depth=1,
    max_length=64,
    precision="int8",
    opset=20,
    made_by={},
    measured={},
)


def unit_vectors(count: int, seed: int = 0) -> Floats:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def halved(vectors: Floats) -> Floats:
    """As the atlas keeps them: what is nearest is then no matter of rounding."""
    return vectors.astype(np.float16).astype(np.float32)


def stored(charted: Chart, folder: Path, config: AtlasConfig = CONFIG) -> Atlas:
    artifacts = Artifacts(folder.as_uri())
    return Atlas.load(store_atlas(charted, CARD, config, artifacts).sha256, artifacts)


def nearest(cosines: Floats, count: int) -> list[list[int]]:
    order: list[list[int]] = np.argsort(-cosines, axis=1, kind="stable")[:, :count].tolist()
    return order


def test_new_queries_find_the_nearest_training_queries(tmp_path: Path) -> None:
    vectors, new = halved(unit_vectors(300)), unit_vectors(50, seed=1)

    places = stored(chart(vectors, None, CONFIG), tmp_path)(new)

    assert places.neighbours.tolist() == nearest(new @ vectors.T, 5)
    assert places.similarities == pytest.approx(np.sort(new @ vectors.T)[:, :-6:-1], abs=1e-3)
    assert places.domains.shape == (50, 0)


def test_training_queries_find_the_others_and_never_themselves() -> None:
    vectors = halved(unit_vectors(300))
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)

    charted = chart(vectors, None, CONFIG)

    assert charted.neighbours.tolist() == nearest(cosines, 5)
    assert charted.similarities == pytest.approx(-np.sort(-cosines)[:, :5], abs=1e-3)
    assert 0 < chart(unit_vectors(300), None, CONFIG).parity < 1e-3


def test_equal_queries_are_neighbours_of_each_other_but_not_of_themselves() -> None:
    vectors = np.repeat(unit_vectors(10), 20, axis=0)

    charted = chart(vectors, None, CONFIG)

    assert not (charted.neighbours == np.arange(200)[:, None]).any()
    assert charted.similarities == pytest.approx(np.ones((200, 5)), abs=1e-3)
    assert charted.recall == 1
    assert (charted.neighbours // 20 == np.arange(200)[:, None] // 20).all()


def test_of_too_many_queries_some_are_drawn_and_keep_their_numbers(tmp_path: Path) -> None:
    vectors = unit_vectors(300)
    config = replace(CONFIG, most_rows=100)

    charted = chart(vectors, None, config)

    assert (charted.rows, charted.neighbours.shape) == (100, (300, 5))
    drawn = np.unique(charted.neighbours)
    assert drawn.max() > 200
    assert len(drawn) <= 100
    exact = np.einsum("nd,nkd->nk", vectors, vectors[charted.neighbours])
    assert charted.similarities == pytest.approx(exact, abs=1e-3)
    assert np.isin(stored(charted, tmp_path, config)(vectors).neighbours, drawn).mean() > 0.95
    assert chart(vectors, None, config).graph == charted.graph
    assert chart(vectors, None, replace(config, seed=1)).graph != charted.graph


def test_a_vector_near_a_centroid_is_of_its_domain(tmp_path: Path) -> None:
    vectors, centroids = unit_vectors(60), unit_vectors(3, seed=2)
    atlas = stored(chart(vectors, Regions(("law", "sea", "food"), centroids), CONFIG), tmp_path)

    places = atlas(centroids)

    cosines = centroids @ centroids.T
    expected = np.exp(cosines / 0.1) / np.exp(cosines / 0.1).sum(axis=1, keepdims=True)
    assert places.domains == pytest.approx(expected, rel=1e-3)
    assert [place.domain for place in atlas.place(centroids)] == ["law", "sea", "food"]
    assert atlas.card.domains == ("law", "sea", "food")


def test_the_distance_is_to_the_nearest_training_query(tmp_path: Path) -> None:
    vectors = unit_vectors(60)
    atlas = stored(chart(vectors, None, CONFIG), tmp_path)

    [near, far] = atlas.place(np.stack([vectors[7], -vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0))]))

    assert near.distance == pytest.approx(0, abs=1e-3)
    assert far.distance > 0.3
    assert (near.neighbours[0], near.domain) == (7, None)


def test_fewer_queries_than_neighbours_are_all_neighbours() -> None:
    charted = chart(unit_vectors(4), None, CONFIG)

    assert [sorted(row) for row in charted.neighbours.tolist()] == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_the_search_is_as_narrow_as_it_recalls_enough() -> None:
    steep = unit_vectors(400) * np.float32(0.5) ** np.arange(DIMENSIONS, dtype=np.float32)
    steep /= np.linalg.norm(steep, axis=1, keepdims=True)
    config = replace(CONFIG, widths=(1, 8))

    few, all_of_them = chart(steep, None, config), chart(unit_vectors(400), None, config)

    assert len(few.graph) < len(all_of_them.graph) - 400 * 7 * 2
    assert min(few.recall, all_of_them.recall) >= 0.99
    cosines = steep @ steep.T
    np.fill_diagonal(cosines, -2)
    shared = [len({*found} & {*best}) for found, best in zip(few.neighbours.tolist(), nearest(cosines, 5), strict=True)]
    assert np.mean(shared) > 4.9


def test_what_is_no_atlas_is_refused(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path.as_uri())
    charted = chart(unit_vectors(30), None, CONFIG)
    other_width = CARD.model_copy(update={"dimensions": 8})

    with pytest.raises(ArtifactError, match="an atlas's card"):
        Atlas.load(artifacts.put(b"something", {}).sha256, artifacts)
    with pytest.raises(ArtifactError, match="expected inputs"):
        Atlas.load(store_atlas(charted, other_width, CONFIG, artifacts).sha256, artifacts)
    with pytest.raises(ArtifactError, match=r"within 0\.001 of numpy's"):
        chart(100 * unit_vectors(30), None, CONFIG)
