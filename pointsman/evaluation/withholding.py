"""What an LLM is worth that comes new: the served router without it, then with few and more of its rows."""

from dataclasses import dataclass, replace

import numpy as np

from pointsman.evaluation import served
from pointsman.evaluation.answered import Answered, Rows
from pointsman.evaluation.bootstrap import Scored, interval
from pointsman.evaluation.fitted import Fitted
from pointsman.evaluation.judging import Judge
from pointsman.evaluation.playing import Played
from pointsman.evaluation.prices import Tariff
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.report import Withheld, Withholding, difference
from pointsman.training.heads import fit_heads
from pointsman.training.progress import Progress
from pointsman.training.settling import learn
from services.trainer.fitting.basis import Basis
from services.trainer.fitting.card import Candidate
from shared.errors import ConfigurationError
from shared.messages import Llm

ROWS = (0, 20, 50, 200)


def withhold(llm: str, problem: Problem, fitted: Fitted, judge: Judge, progress: Progress) -> Withholding:
    """All others are fitted without it, and stay as they are when it comes: nothing of them is learned again."""
    steps = len(ROWS) + 2
    newcomer = _Newcomer.of(llm, problem, fitted)
    progress(f"Withholding {llm}", 1, steps)
    without = judge.judge(newcomer.play_without()).scored
    known = np.flatnonzero(np.isfinite(problem.train.quality[:, newcomer.column]))
    drawn = np.random.default_rng(problem.seed).permutation(known)
    rows: dict[str, Withheld] = {}
    for name, count in [*((str(count), count) for count in ROWS), ("all", len(drawn))]:
        head = newcomer.head(np.sort(drawn[:count]))
        scored = judge.judge(newcomer.play_with(head, drawn[:count])).scored
        rows[name] = _withheld(scored, without, head)
        progress(f"Withholding {llm}", len(rows) + 1, steps)
    return Withholding(area_without=float(without.measures.area[0]), rows=rows)


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """An LLM, and the heads of the others with what those stand on, learned without it."""

    column: int
    problem: Problem
    fitted: Fitted
    basis: Basis
    others: list[Candidate]

    @classmethod
    def of(cls, llm: str, problem: Problem, fitted: Fitted) -> "_Newcomer":
        recorded = problem.train.recorded(fitted.lengths)
        others = replace(recorded, answers={name: one for name, one in recorded.answers.items() if name != llm})
        basis = learn(others, problem.train_embedded, fitted.config)
        place = fitted.place
        heads = list(fit_heads(others, problem.train_embedded, place.encoder, place.artifacts, fitted.config, basis))
        # As the run's rows tell the trainer.
        basis = replace(basis, works=any(one.card.quality.in_good_company for one in heads))
        return cls(problem.material.llms.index(llm), problem, fitted, basis, heads)

    def head(self, known: Rows) -> Candidate | None:
        """From these of its rows; None where they make none."""
        recorded = _only(self.problem.train, known, self.column).recorded(self.fitted.lengths)
        llm, place = self.problem.material.llms[self.column], self.fitted.place
        alone = replace(recorded, answers={llm: recorded.answers[llm]})
        embedded = self.problem.train_embedded
        heads = fit_heads(
            alone, embedded, place.encoder, place.artifacts, self.fitted.config, self.basis, relearn=False
        )
        try:
            return next(heads)
        except ConfigurationError:
            return None

    def play_with(self, head: Candidate | None, known: Rows) -> Played:
        heads: list[Candidate | None] = [*self.others]
        heads.insert(self.column, head)
        tariffs = [*self.fitted.tariffs]
        tariffs[self.column] = self._tariff(known)
        embedded, artifacts = self.problem.test_embedded, self.fitted.place.artifacts
        return served.play(self.problem, served.predict(heads, tariffs, embedded, artifacts))

    def play_without(self) -> Played:
        """Nobody takes what costs without end."""
        tariffs = [*self.fitted.tariffs]
        tariffs[self.column] = replace(tariffs[self.column], usd_per_mtok_output=np.inf)
        heads: list[Candidate | None] = [*self.others]
        heads.insert(self.column, None)
        embedded, artifacts = self.problem.test_embedded, self.fitted.place.artifacts
        return served.play(self.problem, served.predict(heads, tariffs, embedded, artifacts))

    def _tariff(self, known: Rows) -> Tariff:
        """Its prices, and as its prior the means of the known rows; of none, what a descriptor says by default."""
        tariff = self.fitted.tariffs[self.column]
        if not len(known):
            fields = Llm.model_fields
            others = [one.prior_response_tokens for one in self.fitted.tariffs if one is not tariff]
            in_tokens = self.fitted.in_tokens(self.column)
            tokens = fields["prior_response_tokens"].default if in_tokens else float(np.mean(others))
            return replace(tariff, prior_quality=fields["prior_quality"].default, prior_response_tokens=tokens)
        quality, lengths = self.problem.train.quality[known, self.column], self.fitted.lengths[known, self.column]
        tokens = float(np.nanmean(lengths)) if np.isfinite(lengths).any() else tariff.prior_response_tokens
        return replace(tariff, prior_quality=float(quality.mean()), prior_response_tokens=tokens)


def _only(train: Answered, known: Rows, column: int) -> Answered:
    """Of that LLM no more than the known rows."""
    quality = np.full_like(train.quality, np.nan)
    quality[known, column] = train.quality[known, column]
    return replace(train, quality=quality)


def _withheld(scored: Scored, without: Scored, head: Candidate | None) -> Withheld:
    is_served = head is not None and head.rejected is None
    return Withheld(
        area=float(scored.measures.area[0]),
        ci95=interval(scored.samples.area),
        gain=difference(scored, without),
        head=head.card.version if head is not None and is_served else None,
    )
