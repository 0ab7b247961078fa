"""Model files, addressed by the sha256 of their bytes, a card beside each; any folder that fsspec can reach."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256 as digest_of
from uuid import uuid4

import fsspec
from pydantic import JsonValue

from shared.errors import ArtifactError, TransientError

Card = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A stored file: what it is called everywhere, and where it lies."""

    sha256: str
    url: str


class Artifacts:
    """The store below one fsspec URL. Blocking: a service calls it from a thread."""

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)

    def put(self, content: bytes, card: Card) -> Artifact:
        """Store `content` and its card; storing the same bytes again only renews the card."""
        sha256 = digest_of(content).hexdigest()
        self._files.makedirs(self._root, exist_ok=True)
        self._write(self._path(sha256), content)
        self._write(self._card_path(sha256), json.dumps(dict(card), indent=1, sort_keys=True).encode())
        return Artifact(sha256, self._files.unstrip_protocol(self._path(sha256)))

    def get(self, sha256: str) -> bytes:
        """The bytes whose sha256 this is; raises ArtifactError when they are missing or others."""
        content = self._read(self._path(sha256))
        found = digest_of(content).hexdigest()
        if found != sha256:
            raise ArtifactError(f"expected a model file with sha256 {sha256}, its bytes have {found}; store it again")
        return content

    def card(self, sha256: str) -> Card:
        """The card beside a file; raises ArtifactError when it is missing or not a JSON object."""
        try:
            card = json.loads(self._read(self._card_path(sha256)))
        except ValueError as error:
            raise ArtifactError(f"expected the card of {sha256} to be JSON; store the file again") from error
        if not isinstance(card, dict):
            raise ArtifactError(f"expected the card of {sha256} to be a JSON object; store the file again")
        return card

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256}"

    def _card_path(self, sha256: str) -> str:
        return f"{self._path(sha256)}.json"

    def _read(self, path: str) -> bytes:
        try:
            content: bytes = self._files.cat_file(path)
        except FileNotFoundError as error:
            raise ArtifactError(f"expected a model file at {path}, there is none; check POINTSMAN_ARTIFACTS") from error
        except OSError as error:
            raise TransientError(f"cannot read {path}: {error}") from error
        return content

    def _write(self, path: str, content: bytes) -> None:
        """Write all or nothing: a reader never meets half a file."""
        part = f"{path}.{uuid4().hex}.part"
        try:
            self._files.pipe_file(part, content)
            self._files.mv(part, path)
        except OSError as error:
            raise TransientError(f"cannot write {path}: {error}") from error
