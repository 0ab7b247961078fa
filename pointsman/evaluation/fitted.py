"""All heads of an evaluation: those that are served, and each kind of head as the only one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pointsman.evaluation import served
from pointsman.evaluation.answered import Doubles
from pointsman.evaluation.prices import Tariff, tariffs
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.served import Predictions, Workshop
from pointsman.training.config import TrainConfig
from pointsman.training.heads import LEARNING, fit_heads
from pointsman.training.progress import Progress
from pointsman.training.recorded import Recorded
from pointsman.training.settling import learn_all, settle
from pointsman.training.vectors import Embedded
from services.trainer.fitting.basis import Basis
from services.trainer.fitting.card import Candidate

#: The router that is served by default.
SERVED = "pointsman"
PART = "mixllm_"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Heads by router, in the order of the LLMs."""

    place: Workshop
    config: TrainConfig
    tariffs: list[Tariff]
    #: What lengths are fitted on, (n, l): tokens, or micro-dollars where those are unknown.
    lengths: Doubles
    heads: dict[str, list[Candidate]]

    def predict(self, router: str, embedded: Embedded) -> Predictions:
        return served.predict(self.heads[router], self.tariffs, embedded, self.place.artifacts)

    def in_tokens(self, column: int) -> bool:
        """Is that LLM's length in tokens?"""
        return self.tariffs[column].explained is not None


def fit_all(problem: Problem, place: Workshop, config: TrainConfig, parts: Sequence[str], progress: Progress) -> Fitted:
    """Fit the served heads as `pointsman train` does, and one set for each kind in `parts`."""
    prices, lengths = tariffs(problem.train, problem.train_embedded.prompt_tokens.astype(np.float64))
    fitting = _Fitting(problem.train.recorded(lengths), problem.train_embedded, place, config, progress)
    progress(LEARNING, 0, 1)
    every = learn_all(fitting.recorded, fitting.embedded, config)
    settled = settle(every, fitting.recorded, fitting.embedded, config)
    progress(LEARNING, 1, 1)
    heads = {SERVED: fitting.fit(settled, SERVED, relearn=True)}
    for kind in parts:
        # Of one kind alone, the served ones are that very part.
        mine = [kind] == list(settled.quality)
        if kind in every.quality:
            part = f"{PART}{kind}"
            # What is only compared with is not learned five times.
            heads[part] = heads[SERVED] if mine else fitting.fit(every.settled(kind, {}), part, relearn=False)
    return Fitted(place, config, prices, lengths, heads)


@dataclass(frozen=True, slots=True)
class _Fitting:
    """What heads are fitted to."""

    recorded: Recorded
    embedded: Embedded
    place: Workshop
    config: TrainConfig
    progress: Progress

    def fit(self, basis: Basis, router: str, *, relearn: bool) -> list[Candidate]:
        total, place = len(self.recorded.answers), self.place
        fitting = fit_heads(
            self.recorded, self.embedded, place.encoder, place.artifacts, self.config, basis, relearn=relearn
        )
        candidates: list[Candidate] = []
        for candidate in fitting:
            candidates.append(candidate)
            self.progress(f"Fitting {router}", len(candidates), total)
        return candidates
