"""The rows of a training run, kept in one file for later refits: news are added to them, and do not replace them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.lib.format import write_array
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from pydantic import JsonValue

from services.trainer.fitting.basis import Basis
from services.trainer.fitting.examples import Examples, Mask
from services.trainer.fitting.packing import pack_basis, unpack_basis, within
from shared.artifacts import Artifacts
from shared.errors import ArtifactError
from shared.features import FEATURES
from shared.head import Inputs
from shared.inference import Floats

_BASIS = "basis"
#: Parts of the inputs that a run may be without.
_OPTIONAL = ("features", "neighbours", "similarities")


class Answers(Protocol):
    """One LLM's rows: indices of queries, and what was recorded; each (n,), tokens NaN where unknown."""

    @property
    def query(self) -> NDArray[np.int64]: ...
    @property
    def quality(self) -> Floats: ...
    @property
    def response_tokens(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Queries:
    """What all LLMs were asked, n queries; neighbours name them by number, 0 to n - 1."""

    inputs: Inputs
    #: (n,) which are not fitted, and which of those calibrate; the others of them judge.
    held_out: Mask
    calibrating: Mask

    @property
    def judging(self) -> Mask:
        return self.held_out & ~self.calibrating

    def answered(self, answers: Answers) -> Examples:
        """One LLM's examples."""
        inputs = self.inputs[answers.query]
        return Examples(
            vectors=inputs.vectors,
            prompt_tokens=inputs.prompt_tokens,
            quality=answers.quality,
            response_tokens=answers.response_tokens,
            held_out=self.held_out[answers.query],
            features=inputs.features,
            neighbours=inputs.neighbours,
            similarities=inputs.similarities,
            numbers=answers.query,
            calibrating=self.calibrating[answers.query],
        )


def store_rows(queries: Queries, basis: Basis, answers: Mapping[str, Answers], artifacts: Artifacts) -> str:
    """Write all LLMs' rows as one file; the same rows make the same sha256, which is returned."""
    arrays: dict[str, NDArray[Any]] = {
        "vectors": queries.inputs.vectors,
        "prompt_tokens": queries.inputs.prompt_tokens,
        "held_out": queries.held_out,
        "calibrating": queries.calibrating,
        **{f"{_BASIS}/{name}": array for name, array in pack_basis(basis).items()},
    }
    optional = {name: getattr(queries.inputs, name) for name in _OPTIONAL}
    arrays |= {name: values for name, values in optional.items() if values is not None}
    for llm, rows in answers.items():
        arrays |= {
            f"{llm}/query": rows.query,
            f"{llm}/quality": rows.quality,
            f"{llm}/response_tokens": rows.response_tokens,
        }
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            # Without a time of its own, a member says 1980: equal rows, equal bytes.
            with archive.open(ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                write_array(member, array, allow_pickle=False)
    card: dict[str, JsonValue] = {"kind": "rows", "queries": len(queries.held_out), "llms": [*sorted(answers)]}
    return artifacts.put(content.getvalue(), card).sha256


def load_rows(sha256: str, llm: str, artifacts: Artifacts) -> tuple[Examples, Basis]:
    """One LLM's kept examples, and the basis of the run; raises ArtifactError when the file is not such."""
    with _opened(sha256, f"training rows of {llm}", artifacts) as kept:
        optional = {name: kept[name] for name in _OPTIONAL if name in kept}
        if "features" in optional and optional["features"].shape[1] != len(FEATURES):
            # Of a version that computed others: what is served would not fit a head that reads them.
            del optional["features"]
        queries = Queries(
            Inputs(kept["vectors"], kept["prompt_tokens"], **optional), kept["held_out"], kept["calibrating"]
        )
        rows = _Answers(kept[f"{llm}/query"], kept[f"{llm}/quality"], kept[f"{llm}/response_tokens"])
        return queries.answered(rows), unpack_basis(within(kept, _BASIS))


def load_basis(sha256: str, artifacts: Artifacts) -> Basis:
    """What the heads of a run stand on; raises ArtifactError when the file is not of one."""
    with _opened(sha256, "training rows", artifacts) as kept:
        return unpack_basis(within(kept, _BASIS))


@contextmanager
def _opened(sha256: str, expected: str, artifacts: Artifacts) -> Iterator[NpzFile]:
    try:
        with np.load(BytesIO(artifacts.get(sha256)), allow_pickle=False) as kept:
            yield kept
    except (BadZipFile, KeyError, OSError, TypeError, ValueError) as error:
        raise ArtifactError(f"expected {sha256} to hold {expected}: {error}; train it again") from error


@dataclass(frozen=True, slots=True)
class _Answers:
    query: NDArray[np.int64]
    quality: Floats
    response_tokens: Floats
