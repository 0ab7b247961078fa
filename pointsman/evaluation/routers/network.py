"""Baseline: one small network for all LLMs (RouterBench, arXiv 2403.12031, section 4: MLP router)."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from pointsman.evaluation.answered import Doubles
from pointsman.evaluation.playing import Estimates, Played, plug_in
from pointsman.evaluation.problem import Problem

_UNITS = 100
_LEAST_USD = 1e-9


def mlp(problem: Problem) -> Played:
    """Quality, and the logarithm of cost with its mean restored by smearing, from the vector; one hidden layer."""
    quality = _predict(problem, _filled(problem.train.quality, problem.mean_quality))[0].clip(0, 1)
    logs = np.log(np.maximum(_filled(problem.train.cost_usd, problem.mean_cost_usd), _LEAST_USD))
    centre, spread = logs.mean(axis=0), logs.std(axis=0) + 1e-9
    predicted, fitted = _predict(problem, (logs - centre) / spread)
    smear = np.exp(logs - (fitted * spread + centre)).mean(axis=0)
    # Held within what was seen: an exponential goes far astray.
    usd = np.exp((predicted * spread + centre).clip(logs.min(axis=0), logs.max(axis=0))) * smear
    return plug_in(problem, Estimates(quality, usd))


def _predict(problem: Problem, target: Doubles) -> tuple[Doubles, Doubles]:
    """Of the test queries and of those it was fitted on: (n, l), (m, l)."""
    network = MLPRegressor(hidden_layer_sizes=(_UNITS,), early_stopping=True, max_iter=100, random_state=problem.seed)
    with warnings.catch_warnings():
        # The early stop, or the bound, is where it is meant to end.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(problem.train_embedded.vectors, target)
    tested, fitted = (
        np.asarray(network.predict(embedded.vectors), np.float64)
        for embedded in (problem.test_embedded, problem.train_embedded)
    )
    return tested, fitted


def _filled(values: Doubles, otherwise: Doubles) -> Doubles:
    filled: Doubles = np.where(np.isfinite(values), values, otherwise)
    return filled
