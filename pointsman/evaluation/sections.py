"""The report's sections, made of what was scored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pointsman.evaluation import calibration as calibrating
from pointsman.evaluation import served as serving
from pointsman.evaluation.encoders import Speed
from pointsman.evaluation.fitted import SERVED, Fitted
from pointsman.evaluation.judging import Judge, Verdict
from pointsman.evaluation.material import LeftOut, Material
from pointsman.evaluation.playing import Estimates, choices
from pointsman.evaluation.problem import Problem
from pointsman.evaluation.report import (
    Calibration,
    Domain,
    Elsewhere,
    Encoder,
    Llm,
    Prediction,
    Reference,
    Routing,
    Served,
    differences,
    finite,
    router,
)
from pointsman.evaluation.report import LeftOut as ReportedLeftOut
from pointsman.evaluation.served import Predictions
from shared.encoder import EncoderCard


def routing(material: Material, verdicts: Mapping[str, Verdict]) -> Routing:
    """What design 5 fixes."""
    scored = {name: verdict.scored for name, verdict in verdicts.items()}
    llms = {llm: _llm(material, column) for column, llm in enumerate(material.llms)}
    return Routing(
        reference=Reference(llm=material.reference, **llms[material.reference].model_dump()),
        llms=llms,
        routers={name: router(one) for name, one in scored.items()},
        differences=differences(scored, SERVED),
    )


def elsewhere(files: Sequence[Path], material: Material, verdicts: Mapping[str, Verdict]) -> Elsewhere:
    return Elsewhere(
        **dict(routing(material, verdicts)),
        files=tuple(map(str, files)),
        queries=len(material.test.queries),
        left_out=left_out(material.left_out),
    )


def served(problem: Problem, predictions: Predictions) -> Served:
    """What users get who say nothing of what they would pay."""
    weights = serving.policy_weights(problem)
    estimates = Estimates(predictions.quality, predictions.cost_usd, predictions.uncertainty)
    chosen = choices(estimates, weights, np.array([weights.willingness_to_pay]))[0]
    queries, column = np.arange(len(chosen)), problem.material.reference_column
    test = problem.test
    cost_usd = float(test.cost_usd[queries, chosen].mean())
    predicted_usd = float(predictions.cost_usd[queries, chosen].mean())
    return Served(
        willingness_to_pay=weights.willingness_to_pay,
        alpha=weights.alpha,
        quality_ratio=float(test.quality[queries, chosen].mean() / test.quality[:, column].mean()),
        cost_share=cost_usd / float(test.cost_usd[:, column].mean()),
        predicted_over_realised_cost=predicted_usd / cost_usd if cost_usd > 0 else None,
        shares={llm: float((chosen == index).mean()) for index, llm in enumerate(test.llms)},
    )


def domains(judge: Judge, verdicts: Mapping[str, Verdict]) -> dict[str, Domain]:
    return {
        name: Domain(
            queries=len(rows),
            reference=Llm(
                quality=float(judge.reference.quality[rows].mean()),
                cost_usd=float(judge.reference.cost_usd[rows].mean()),
            ),
            area={router: finite(verdict.area_by_domain[name]) for router, verdict in verdicts.items()},
        )
        for name, rows in judge.domains.items()
    }


def calibration(problem: Problem, predictions: Predictions) -> Calibration:
    """Over all LLMs."""
    return _calibration(calibrating.calibrate(predictions.quality, problem.test.quality))


def forecasts(problem: Problem, fitted: Fitted, predictions: Predictions) -> dict[str, Prediction]:
    """LLM by LLM."""
    return {llm: _prediction(problem, fitted, predictions, column) for column, llm in enumerate(problem.test.llms)}


def encoder(card: EncoderCard, speed: Speed) -> Encoder:
    return Encoder(
        version=card.version,
        depth=card.depth,
        max_length=card.max_length,
        dimensions=card.dimensions,
        precision=card.precision,
        prompts_per_s_at_137_tokens=speed.at_137_tokens,
        prompts_per_s_on_test_prompts=speed.on_test_prompts,
    )


def left_out(counted: LeftOut) -> ReportedLeftOut:
    return ReportedLeftOut(**asdict(counted))


def _llm(material: Material, column: int) -> Llm:
    test = material.test
    return Llm(quality=float(test.quality[:, column].mean()), cost_usd=float(test.cost_usd[:, column].mean()))


def _prediction(problem: Problem, fitted: Fitted, predictions: Predictions, column: int) -> Prediction:
    candidate, tariff = fitted.heads[SERVED][column], fitted.tariffs[column]
    found = calibrating.forecasting(predictions, problem.test, column, tokens=fitted.in_tokens(column))
    calibrated = calibrating.calibrate(predictions.quality[:, column], problem.test.quality[:, column])
    return Prediction(
        head=candidate.card.version if candidate.rejected is None else None,
        rejected=candidate.rejected,
        training_rows=candidate.card.training_rows,
        usd_per_mtok_input=tariff.usd_per_mtok_input,
        usd_per_mtok_output=tariff.usd_per_mtok_output,
        prices_explain=tariff.explained,
        calibration=_calibration(calibrated),
        **asdict(found),
    )


def _calibration(found: calibrating.Calibration) -> Calibration:
    return Calibration.model_validate(asdict(found))
