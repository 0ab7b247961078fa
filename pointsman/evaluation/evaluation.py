"""The whole of `pointsman evaluate` but the command line and the page: read, embed, fit, play, score, report."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from pointsman.evaluation import sections
from pointsman.evaluation.bootstrap import SAMPLES
from pointsman.evaluation.embedding import Space, open_desk
from pointsman.evaluation.fitted import SERVED, Fitted, fit_all
from pointsman.evaluation.judging import Judge
from pointsman.evaluation.lineup import judge_all
from pointsman.evaluation.material import Material, Sources, read_elsewhere, read_material
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.report import Elsewhere, Report
from pointsman.evaluation.report import Sources as ReportedSources
from pointsman.evaluation.served import Workshop
from pointsman.evaluation.withholding import withhold
from pointsman.training.config import TrainConfig
from pointsman.training.progress import Progress
from services.embedder.export import ExportConfig
from shared.artifacts import Artifacts
from shared.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated on what."""

    sources: Sources
    #: The encoder, and a folder where it and vectors are kept between runs.
    encoder: ExportConfig
    cache: Path
    heads: TrainConfig = field(default_factory=TrainConfig)
    #: Kinds of heads that are also scored as the only one; None takes all that are tried.
    parts: tuple[str, ...] | None = None
    #: LLMs that are also evaluated as if they came new.
    withhold: tuple[str, ...] = ()
    #: Files of another source on which all routers are scored too.
    ood: tuple[Path, ...] = ()
    samples: int = SAMPLES
    seed: int = 0


def evaluate(plan: Plan, progress: Progress) -> Report:
    """Fit on the training files, score on the others; raises PermanentError, before anything long, at bad input."""
    started = monotonic()
    _check_parts(plan)
    material = read_material(plan.sources)
    elsewhere = read_elsewhere(plan.ood, material) if plan.ood else None
    _check_withheld(plan, material)
    desk = open_desk(plan.encoder, plan.cache, progress)
    with TemporaryDirectory(prefix="pointsman-evaluate-") as folder:
        artifacts = Artifacts(Path(folder).as_uri())
        space = Space.of(material.train, desk, artifacts, plan.heads)
        problem = Problem(material, space.train, space.embed(material.test), plan.seed)
        place = Workshop(artifacts, space.charted.model.version)
        parts = plan.heads.heads.quality if plan.parts is None else plan.parts
        fitted = fit_all(problem, place, plan.heads, parts, progress)
        judge = Judge(material, plan.samples, plan.seed)
        verdicts = judge_all(problem, fitted, judge, "Scoring routers", progress)
        withheld = {llm: withhold(llm, problem, fitted, judge, progress) for llm in plan.withhold}
        ood = None
        if elsewhere is not None:
            other = Problem(elsewhere, space.train, space.embed(elsewhere.test), plan.seed)
            ood = _score_elsewhere(plan, other, fitted, progress)
        predictions = fitted.predict(SERVED, problem.test_embedded)
        return Report(
            **dict(sections.routing(material, verdicts)),
            served=sections.served(problem, predictions),
            domains=sections.domains(judge, verdicts),
            calibration=sections.calibration(problem, predictions),
            predictions=sections.forecasts(problem, fitted, predictions),
            encoder=sections.encoder(space.encoder.card, space.speed(material.test)),
            withhold=withheld,
            ood=ood,
            sources=_sources(plan, material, monotonic() - started),
        )


def _check_parts(plan: Plan) -> None:
    kinds = plan.heads.heads.quality
    unknown = [kind for kind in plan.parts or () if kind not in kinds]
    if unknown:
        raise PermanentError(f"--parts: expected kinds of heads out of {', '.join(kinds)}, got {unknown[0]}")


def _check_withheld(plan: Plan, material: Material) -> None:
    unknown = [llm for llm in plan.withhold if llm not in material.llms]
    if unknown:
        raise PermanentError(f"--withhold: expected one of {', '.join(material.llms)}, got {unknown[0]}")
    if plan.withhold and len(material.llms) < 3:
        raise PermanentError(f"--withhold: expected at least 3 LLMs, as one is taken away; got {len(material.llms)}")


def _score_elsewhere(plan: Plan, problem: Problem, fitted: Fitted, progress: Progress) -> Elsewhere:
    judge = Judge(problem.material, plan.samples, plan.seed)
    verdicts = judge_all(problem, fitted, judge, "Scoring routers elsewhere", progress)
    return sections.elsewhere(plan.ood, problem.material, verdicts)


def _sources(plan: Plan, material: Material, seconds: float) -> ReportedSources:
    return ReportedSources(
        train=tuple(map(str, plan.sources.train)),
        test=tuple(map(str, plan.sources.test)),
        llms=material.llms,
        train_queries=len(material.train.queries),
        test_queries=len(material.test.queries),
        seed=plan.seed,
        seconds=seconds,
        left_out=sections.left_out(material.left_out),
    )
