"""The encoder that prompts are embedded with: exported once and kept, and how many prompts a second one core embeds."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version as version_of
from pathlib import Path
from time import process_time

from pydantic import TypeAdapter

from services.embedder.export import ExportConfig, export
from shared.artifacts import Artifacts
from shared.encoder import Encoder, Text
from shared.files import write_whole
from shared.messages import Model

_SECONDS = 1.5
#: The length that design 6 names.
_TOKENS = 137
_WORD = "rail "
_KNOWN = "encoder.json"
_MADE_BY = ("torch", "onnx", "onnxruntime", "tokenizers")

_models = TypeAdapter(Model)


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one core, by processor time: other load on the machine does not count."""

    #: A prompt of 137 tokens.
    at_137_tokens: float
    #: The test prompts themselves.
    on_test_prompts: float


def exported_model(config: ExportConfig, folder: Path) -> tuple[Model, Artifacts]:
    """The served precision of that encoder, exported into its part of `folder` unless it is there already."""
    place = part_of(folder, config)
    artifacts, known = Artifacts(place.absolute().as_uri()), place / _KNOWN
    if known.exists():
        return _models.validate_json(known.read_bytes()), artifacts
    served = [one for one in export(config, artifacts) if one.rejected is None][-1]
    keep(served.model, place)
    return served.model, artifacts


def keep(model: Model, place: Path) -> None:
    """From now on it is what was exported there."""
    write_whole(place / _KNOWN, model.model_dump_json().encode())


def measure_speed(model: Model, artifacts: Artifacts, prompts: Sequence[str]) -> Speed:
    """On one thread, one prompt after another, as the embedder does."""
    encoder = Encoder.load(model, artifacts, threads=1)
    return Speed(_rate(encoder, [_WORD * (_TOKENS - 2)]), _rate(encoder, prompts))


def _rate(encoder: Encoder, prompts: Sequence[str]) -> float:
    encoder.encode([Text(prompts[0])], token_budget=1)
    done, started = 0, process_time()
    while (spent := process_time() - started) < _SECONDS:
        encoder.encode([Text(prompts[done % len(prompts)])], token_budget=1)
        done += 1
    return done / spent


def part_of(folder: Path, config: ExportConfig) -> Path:
    """Another model, setting or exporter is another encoder; a model's files count by size and time."""
    files: list[str] = []
    if config.model is not None and Path(config.model).is_dir():
        found = [(file.name, file.stat()) for file in Path(config.model).iterdir()]
        files = [f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in found]
    made_by = [version_of(package) for package in _MADE_BY]
    return folder / sha256(json.dumps([asdict(config), sorted(files), made_by]).encode()).hexdigest()[:16]
