"""Judges the heads of a run on all of its rows, each by a fit that never saw it."""

from collections.abc import Mapping

import numpy as np

from pointsman.training.config import TrainConfig
from pointsman.training.progress import Progress, nobody
from pointsman.training.recorded import Recorded
from pointsman.training.settling import predict, table_of
from pointsman.training.vectors import Embedded
from services.trainer.fitting.basis import Basis, learn_grounds
from services.trainer.fitting.estimators.port import Targets
from services.trainer.fitting.heads import Judged, judge
from services.trainer.fitting.split import folds
from services.trainer.fitting.sureness import least_mean
from shared.inference import Floats

_FOLDS = 4


def judge_crosswise(
    recorded: Recorded,
    embedded: Embedded,
    config: TrainConfig,
    basis: Basis,
    *,
    relearn: bool,
    progress: Progress = nobody,
) -> Mapping[str, Judged]:
    """Every LLM's head of the kind that was settled on; empty where none was, as the best of several is lucky.

    Also empty where an LLM's rows are so alike that they are all in one fold.

    The judging rows alone are too few to be sure of most heads: of 13 good ones from 500 queries 6 to 9 would be
    rejected (docs/decisions/router.md). So a ground is learned without each fold, and tried on it. Without `relearn`
    the basis is only read out without the fold: enough for an LLM that comes late, of whose rows it knows nothing.
    """
    if len(basis.quality) > 1:
        return {}
    [(kind, ground)] = basis.quality.items()
    quality, inputs = table_of(recorded).quality, embedded.inputs
    predicted, constant = np.full_like(quality, np.nan), np.full_like(quality, np.nan)
    fold_of, answered = folds(recorded.prompts, _FOLDS, config.seed), np.isfinite(quality)
    if not all(answered[fold_of != fold].any(axis=0).all() for fold in range(_FOLDS)):
        return {}
    for fold in range(_FOLDS):
        left_out = fold_of == fold
        known = Targets(inputs[~left_out], quality[~left_out])
        if relearn:
            [ground] = learn_grounds((kind,), known, len(quality), config.heads, config.seed).values()
        predicted[left_out] = predict(ground, ground.see(inputs), quality, ~left_out)[left_out].clip(0, 1)
        constant[left_out] = np.nanmean(known.values, axis=0)
        progress("Judging heads", fold + 1, _FOLDS)
    squares, baseline = np.square(quality - predicted), np.square(quality - constant)
    works = basis.works or least_mean(np.nanmean((baseline - squares)[answered.any(axis=1)], axis=1)) > 0
    return {
        llm: _judged(kind, squares[answers.query, column], baseline[answers.query, column], works)
        for column, (llm, answers) in enumerate(recorded.answers.items())
    }


def _judged(kind: str, squares: Floats, baseline: Floats, works: bool) -> Judged:
    return judge(kind, squares, baseline, {kind: float(squares.mean())}, in_good_company=works)
