"""The bound: a router that knows every answer's quality and cost beforehand."""

from pointsman.evaluation.playing import Estimates, Played, plug_in
from pointsman.evaluation.problem import Problem


def oracle(problem: Problem) -> Played:
    """The best trade of what was recorded."""
    return plug_in(problem, Estimates(problem.test.quality, problem.test.cost_usd))
