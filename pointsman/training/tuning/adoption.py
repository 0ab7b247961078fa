"""From domains to an encoder that may be adopted: tune, export, compare with the plain one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np

from pointsman.training.recorded import Recorded
from pointsman.training.tagging.domains import Domains
from pointsman.training.tuning.config import AdoptConfig
from pointsman.training.tuning.desk import Desk
from pointsman.training.tuning.judge import Judge, Mask, Verdict, compare, forest, qualities, ridge
from pointsman.training.tuning.tuning import Lesson, Tuned, tune
from services.embedder.export import Exported, export_source
from services.embedder.graph import load_source
from services.trainer.fitting.split import held_out
from shared.artifacts import Card
from shared.encoder import Encoder
from shared.errors import ConfigurationError
from shared.inference import Floats

#: Method 1.2: int8 is adopted only where the predictors' held-out loss grows by less.
_MOST_INT8_LOSS = 1.01
_STOPPING_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Adoption:
    """What became of it."""

    tuned: Tuned
    verdict: Verdict
    #: Every stored precision, with the reason why it must not be served, if so.
    exported: list[Exported]

    @property
    def served(self) -> Exported | None:
        """What to serve from now on; None to keep the plain encoder."""
        return next((each for each in reversed(self.exported) if each.rejected is None), None)


def tune_encoder(recorded: Recorded, domains: Domains, desk: Desk, config: AdoptConfig) -> Adoption:
    """Tune an encoder on the prompts' domains, and export it; it is rejected unless heads surely gain by it.

    Raises ConfigurationError when there are fewer than two domains.
    """
    if len(domains.names) < 2:
        raise ConfigurationError(
            f"--tagger: expected tags of at least two kinds, got {len(domains.names)}; try another tagger"
        )
    prompts = recorded.prompts
    quality = qualities(recorded.answers, len(prompts))
    judging = held_out(prompts, config.held_out, config.seed)
    vectors = desk.embed(prompts, desk.plain, "Embedding prompts").vectors
    source = load_source(config.model, config.depth, config.max_length)
    source = replace(source, name=f"{source.name}-tuned")
    lesson = _lesson(prompts, domains, quality, judging, config.seed)
    tuned = tune(source, lesson, config.tuning, desk.cache / "tuning", partial(desk.progress, "Tuning the encoder"))
    exported = export_source(source, True, desk.artifacts, _note(tuned, config))
    judge = Judge(quality, ~judging, judging, partial(forest, config.seed))
    found = [_embed(each, prompts, desk) for each in exported]
    plain, *errors = (judge.errors(each) for each in (vectors, *found))
    judged = [_judged(each, plain, its, errors[0]) for each, its in zip(exported, errors, strict=True)]
    best = max(range(len(judged)), key=lambda index: (judged[index].rejected is None, index))
    return Adoption(tuned, compare(plain, errors[best]), judged)


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


def _note(tuned: Tuned, config: AdoptConfig) -> Card:
    return {
        "tagger": config.tagger,
        "form": config.tuning.form,
        "epochs": config.tuning.epochs,
        "seed": config.tuning.seed,
        "best_step": tuned.course.best.step,
        "ended": tuned.ended,
        "checks": [asdict(check) for check in tuned.course.checks],
    }


def _embed(exported: Exported, prompts: Sequence[str], desk: Desk) -> Floats:
    encoder = Encoder.load(exported.model, desk.artifacts)
    return desk.embed(prompts, encoder, f"Embedding, tuned, {exported.card.precision}").vectors


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
