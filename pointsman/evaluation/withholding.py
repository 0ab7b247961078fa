"""What an LLM is worth that comes new: the served router without it, then with few and more of its rows."""

from dataclasses import replace

import numpy as np

from pointsman.evaluation import served
from pointsman.evaluation.bootstrap import Scored, interval
from pointsman.evaluation.fitted import SERVED, Fitted
from pointsman.evaluation.judging import Judge
from pointsman.evaluation.playing import Played
from pointsman.evaluation.prices import Tariff
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.report import Withheld, Withholding, difference
from pointsman.training.recorded import Recorded
from pointsman.training.training import Progress, fit_heads
from services.trainer.fitting.card import Candidate
from shared.errors import ConfigurationError
from shared.messages import Llm

ROWS = (0, 20, 50, 200)


def withhold(llm: str, problem: Problem, fitted: Fitted, judge: Judge, progress: Progress) -> Withholding:
    """The other LLMs' heads stay as they are: heads are independent, so they are those of a fit without it."""
    column = problem.material.llms.index(llm)
    without = judge.judge(_play_without(problem, fitted, column)).scored
    heads: dict[str, Candidate | None] = {}
    for count in ROWS:
        heads[str(count)] = _fit(problem, fitted, column, count)
        progress(f"Withholding {llm}", len(heads), len(ROWS) + 1)
    heads["all"] = fitted.heads[SERVED][column]
    rows = {
        name: _withheld(judge.judge(_play_with(problem, fitted, column, head)).scored, without, head)
        for name, head in heads.items()
    }
    progress(f"Withholding {llm}", len(heads), len(ROWS) + 1)
    return Withholding(area_without=float(without.measures.area[0]), rows=rows)


def _fit(problem: Problem, fitted: Fitted, column: int, count: int) -> Candidate | None:
    """Its head from `count` of its rows; None where those make none."""
    llm = problem.material.llms[column]
    known = np.flatnonzero(np.isfinite(problem.train.quality[:, column]))
    if not count:
        return None
    drawn = np.sort(np.random.default_rng(problem.seed).permutation(known)[:count])
    quality = np.full_like(problem.train.quality, np.nan)
    quality[drawn, column] = problem.train.quality[drawn, column]
    recorded = replace(problem.train, quality=quality).recorded(fitted.lengths)
    alone = Recorded(recorded.prompts, {llm: recorded.answers[llm]})
    try:
        return next(
            fit_heads(alone, problem.train_embedded, fitted.place.encoder, fitted.place.artifacts, fitted.config)
        )
    except ConfigurationError:
        return None


def _play_with(problem: Problem, fitted: Fitted, column: int, head: Candidate | None) -> Played:
    heads: list[Candidate | None] = list(fitted.heads[SERVED])
    heads[column] = head
    prices = [*fitted.tariffs]
    prices[column] = _unseen(fitted, column)
    return served.play(problem, served.predict(heads, prices, problem.test_embedded, fitted.place.artifacts))


def _play_without(problem: Problem, fitted: Fitted, column: int) -> Played:
    """Nobody takes what costs without end."""
    predictions = fitted.predict(SERVED, problem.test_embedded)
    cost_usd = predictions.cost_usd.copy()
    cost_usd[:, column] = np.inf
    return served.play(problem, replace(predictions, cost_usd=cost_usd))


def _unseen(fitted: Fitted, column: int) -> Tariff:
    """Its prices, with what a descriptor says of an LLM nobody knows."""
    others = [tariff.prior_response_tokens for index, tariff in enumerate(fitted.tariffs) if index != column]
    tokens = Llm.model_fields["prior_response_tokens"].default if fitted.in_tokens(column) else float(np.mean(others))
    quality = Llm.model_fields["prior_quality"].default
    return replace(fitted.tariffs[column], prior_quality=quality, prior_response_tokens=tokens)


def _withheld(scored: Scored, without: Scored, head: Candidate | None) -> Withheld:
    is_served = head is not None and head.rejected is None
    return Withheld(
        area=float(scored.measures.area[0]),
        ci95=interval(scored.samples.area),
        gain=difference(scored, without),
        head=head.card.version if head is not None and is_served else None,
    )
