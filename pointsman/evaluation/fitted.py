"""All heads of an evaluation: those that are served, and each kind of head as the only one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pointsman.evaluation import served
from pointsman.evaluation.answered import Doubles
from pointsman.evaluation.prices import Tariff, tariffs
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.served import Predictions, Workshop
from pointsman.training.training import Progress, TrainConfig
from pointsman.training.vectors import Embedded
from services.trainer.fitting.card import Candidate
from services.trainer.fitting.heads import HeadConfig

#: The router that is served by default.
SERVED = "pointsman"
_PART = "mixllm_"


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


def fit_all(
    problem: Problem, place: Workshop, config: TrainConfig, parts: Mapping[str, HeadConfig], progress: Progress
) -> Fitted:
    """Fit the served heads, and one set for each of `parts`."""
    prices, lengths = tariffs(problem.train, problem.train_embedded.prompt_tokens.astype(np.float64))
    fitted = Fitted(place, config, prices, lengths, {})
    configs = {SERVED: config} | {f"{_PART}{name}": replace(config, heads=heads) for name, heads in parts.items()}
    for router, each in configs.items():
        fitted.heads[router] = _fit(problem, fitted, each, f"Fitting {router}", progress)
    return fitted


def _fit(problem: Problem, fitted: Fitted, config: TrainConfig, stage: str, progress: Progress) -> list[Candidate]:
    total = len(problem.train.llms)
    return served.fit(
        problem.train,
        fitted.lengths,
        problem.train_embedded,
        fitted.place,
        config,
        lambda done: progress(stage, done, total),
    )
