"""Every router that is scored, by its name in the report."""

from collections.abc import Iterator, Mapping

from pointsman.evaluation import served
from pointsman.evaluation.fitted import Fitted
from pointsman.evaluation.judging import Judge, Verdict
from pointsman.evaluation.playing import Played, Router
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.routers.cascade import cascade
from pointsman.evaluation.routers.clusters import clusters
from pointsman.evaluation.routers.means import dataset_mean, global_mean
from pointsman.evaluation.routers.nearest import knn
from pointsman.evaluation.routers.network import mlp
from pointsman.evaluation.routers.oracle import oracle
from pointsman.evaluation.routers.singles import best_single, random
from pointsman.training.progress import Progress

BASELINES: Mapping[str, Router] = {
    "random": random,
    "best_single": best_single,
    "global_mean": global_mean,
    "dataset_mean": dataset_mean,
    "knn": knn,
    "mlp": mlp,
    "clusters": clusters,
    "cascade": cascade,
    "oracle": oracle,
}


def judge_all(problem: Problem, fitted: Fitted, judge: Judge, stage: str, progress: Progress) -> dict[str, Verdict]:
    """Play and judge one router after another; what one played is forgotten before the next begins."""
    total = len(fitted.heads) + len(BASELINES)
    verdicts: dict[str, Verdict] = {}
    for name, played in _played(problem, fitted):
        verdicts[name] = judge.judge(played)
        progress(stage, len(verdicts), total)
    return verdicts


def _played(problem: Problem, fitted: Fitted) -> Iterator[tuple[str, Played]]:
    for name in fitted.heads:
        yield name, served.play(problem, fitted.predict(name, problem.test_embedded))
    for name, router in BASELINES.items():
        yield name, router(problem)
