"""From recorded answers to an encoder that may be adopted: tag, group, tune, export, compare with the plain one."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from pointsman.training.recorded import Recorded
from pointsman.training.tagging.audit import Audit, audit
from pointsman.training.tagging.domains import Domains, Tagger, find_domains
from pointsman.training.tuning.judge import Judge, Mask, Verdict, compare, forest, qualities, ridge
from pointsman.training.tuning.tuning import Lesson, TuneConfig, Tuned, tune
from pointsman.training.vectors import embed
from services.embedder.export import Exported, export_source
from services.embedder.graph import load_source
from services.trainer.fitting.split import held_out
from shared.artifacts import Artifacts, Card
from shared.encoder import Encoder, Text
from shared.errors import ConfigurationError
from shared.inference import Floats

#: Method 1.2: int8 is adopted only where the predictors' held-out loss grows by less.
_MOST_INT8_LOSS = 1.01
_STOPPING_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class AdoptConfig:
    """What is tuned, and what judges it."""

    tuning: TuneConfig = field(default_factory=TuneConfig)
    #: See services.embedder.export.ExportConfig.
    model: str | None = None
    depth: int = 2
    max_length: int = 256
    #: Share of the queries that judge in the end, as for heads; tuning never sees them.
    held_out: float = 0.2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """What tuning works with: the encoder to beat, the store, a folder for vectors and checkpoints."""

    plain: Encoder
    artifacts: Artifacts
    cache: Path
    progress: Callable[[str, int, int], None]

    def embed(self, prompts: Sequence[str], encoder: Encoder, stage: str) -> Floats:
        """(n, d) as served."""
        return embed(prompts, encoder, self.cache, lambda done: self.progress(stage, done, len(prompts))).vectors


@dataclass(frozen=True, slots=True)
class Adoption:
    """What became of it."""

    domains: Domains
    audit: Audit
    tuned: Tuned
    verdict: Verdict
    #: Every stored precision, with the reason why it must not be served, if so.
    exported: list[Exported]

    @property
    def served(self) -> Exported | None:
        """What to serve from now on; None to keep the plain encoder."""
        return next((each for each in reversed(self.exported) if each.rejected is None), None)


def tune_encoder(recorded: Recorded, tagger: Tagger, desk: Desk, config: AdoptConfig) -> Adoption:
    """Tune an encoder on the prompts' domains, and export it; it is rejected unless heads surely gain by it.

    Raises ConfigurationError when the tagger finds fewer than two domains.
    """
    prompts = recorded.prompts
    quality = qualities(recorded.answers, len(prompts))
    judging = held_out(prompts, config.held_out, config.seed)
    vectors = desk.embed(prompts, desk.plain, "Embedding prompts")
    domains = _domains(prompts, tagger, desk, config.seed)
    source = load_source(config.model, config.depth, config.max_length)
    source = replace(source, name=f"{source.name}-tuned")
    lesson = _lesson(prompts, domains, quality, judging, config.seed)
    tuned = tune(source, lesson, config.tuning, desk.cache / "tuning", partial(desk.progress, "Tuning the encoder"))
    exported = export_source(source, True, desk.artifacts, _note(tagger, tuned, config))
    judge = Judge(quality, ~judging, judging, partial(forest, config.seed))
    found = [desk.embed(prompts, _load(each, desk), f"Embedding as {each.card.precision}") for each in exported]
    plain, *errors = (judge.errors(each) for each in (vectors, *found))
    judged = [_judged(each, plain, its, errors[0]) for each, its in zip(exported, errors, strict=True)]
    best = max(range(len(judged)), key=lambda index: (judged[index].rejected is None, index))
    return Adoption(domains, audit(domains, vectors), tuned, compare(plain, errors[best]), judged)


def _domains(prompts: Sequence[str], tagger: Tagger, desk: Desk, seed: int) -> Domains:
    tags = tagger(prompts, lambda done: desk.progress("Tagging prompts", done, len(prompts)))

    def embed_tags(names: Sequence[str]) -> Floats:
        return np.stack([each.vector for each in desk.plain.encode([Text(name) for name in names], token_budget=1)])

    domains = find_domains(tags, embed_tags, seed=seed)
    if len(domains.names) < 2:
        raise ConfigurationError(
            f"--tagger: expected tags of at least two kinds, got {len(domains.names)}; try another tagger"
        )
    return domains


def _lesson(prompts: Sequence[str], domains: Domains, quality: Floats, judging: Mask, seed: int) -> Lesson:
    """All but the judging rows; a part of them stops the run and is not tuned on either."""
    rows = np.flatnonzero(~judging).tolist()
    own = [prompts[row] for row in rows]
    stopping = held_out(own, _STOPPING_SHARE, seed + 1)
    judge = Judge(quality[rows], ~stopping, stopping, ridge)
    domain_of = [None if stops else domains.of_query[row] for row, stops in zip(rows, stopping, strict=True)]
    return Lesson(own, _renumbered(domain_of), judge.loss)


def _renumbered(domain_of: Sequence[int | None]) -> list[int | None]:
    """Domains from 0, without those that only held-out queries have."""
    place = {domain: index for index, domain in enumerate(sorted({each for each in domain_of if each is not None}))}
    return [None if each is None else place[each] for each in domain_of]


def _note(tagger: Tagger, tuned: Tuned, config: AdoptConfig) -> Card:
    return {
        "tagger": type(tagger).__name__,
        "form": config.tuning.form,
        "epochs": config.tuning.epochs,
        "seed": config.tuning.seed,
        "best_step": tuned.course.best.step,
        "ended": tuned.ended,
        "checks": [asdict(check) for check in tuned.course.checks],
    }


def _load(exported: Exported, desk: Desk) -> Encoder:
    return Encoder.load(exported.model, desk.artifacts)


def _judged(exported: Exported, plain: Floats, errors: Floats, float_errors: Floats) -> Exported:
    """`exported`, rejected where heads do not surely gain by it over the plain one, or lose by its precision."""
    if exported.rejected is not None:
        return exported
    verdict = compare(plain, errors)
    if not verdict.wins:
        reason = (
            f"held-out squared error of quality is {verdict.tuned:.4f}, the plain encoder's {verdict.plain:.4f}: "
            f"not surely better on {verdict.rows} queries (95 %)"
        )
        return replace(exported, rejected=reason)
    if errors.mean() > _MOST_INT8_LOSS * float_errors.mean():
        reason = (
            f"held-out squared error of quality is {errors.mean():.4f}, float32's {float_errors.mean():.4f}: "
            "over 1 % more"
        )
        return replace(exported, rejected=reason)
    return exported
