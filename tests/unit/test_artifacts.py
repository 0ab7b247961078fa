"""Model files addressed by their content."""

from pathlib import Path

import pytest

from shared.artifacts import Artifacts
from shared.errors import ArtifactError

SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    return Artifacts(f"file://{tmp_path}/store")


def test_a_file_is_named_by_its_sha256_and_comes_back_with_its_card(store: Artifacts) -> None:
    stored = store.put(b"abc", {"version": "v1", "rows": 3})

    assert stored.sha256 == SHA256_OF_ABC
    assert stored.url.endswith(SHA256_OF_ABC)
    assert store.get(SHA256_OF_ABC) == b"abc"
    assert store.card(SHA256_OF_ABC) == {"version": "v1", "rows": 3}


def test_storing_again_renews_the_card_and_leaves_nothing_else(store: Artifacts, tmp_path: Path) -> None:
    store.put(b"abc", {"version": "v1"})

    store.put(b"abc", {"version": "v2"})

    assert store.card(SHA256_OF_ABC) == {"version": "v2"}
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == [SHA256_OF_ABC, f"{SHA256_OF_ABC}.json"]


def test_changed_bytes_are_refused(store: Artifacts, tmp_path: Path) -> None:
    store.put(b"abc", {})
    (tmp_path / "store" / SHA256_OF_ABC).write_bytes(b"abd")

    with pytest.raises(ArtifactError, match="expected a model file with sha256 ba78"):
        store.get(SHA256_OF_ABC)


def test_a_missing_file_says_where_it_was_looked_for(store: Artifacts) -> None:
    with pytest.raises(ArtifactError, match="POINTSMAN_ARTIFACTS"):
        store.get("0" * 64)


@pytest.mark.parametrize("card", [b"{not json", b"[1, 2]"])
def test_a_card_that_is_no_json_object_is_refused(card: bytes, store: Artifacts, tmp_path: Path) -> None:
    store.put(b"abc", {})
    (tmp_path / "store" / f"{SHA256_OF_ABC}.json").write_bytes(card)

    with pytest.raises(ArtifactError, match="card"):
        store.card(SHA256_OF_ABC)


def test_any_fsspec_url_will_do() -> None:
    store = Artifacts("memory://models")

    assert store.get(store.put(b"abc", {}).sha256) == b"abc"
