"""From a fitted head to its file and card."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version as version_of

from services.trainer.fitting.card import Candidate, Comparison, HeadCard, Judgement, Lineage
from services.trainer.fitting.examples import Examples
from services.trainer.fitting.graph import check_parity, head_graph
from services.trainer.fitting.heads import FittedHead, Judged
from shared.artifacts import Artifacts
from shared.inference import Session
from shared.messages import Model


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose head it is, and what it comes from."""

    llm: str
    encoder: str
    seed: int
    lineage: Lineage


def store_head(
    origin: Origin, head: FittedHead, examples: Examples, compared: Comparison | None, artifacts: Artifacts
) -> Candidate:
    """Write a head's file and card; raises ArtifactError when the file does not say what the estimators say."""
    graph = head_graph(head)
    parity = check_parity(head, graph, examples.inputs)
    kinds = f"{head.judged_quality.kind}-{head.judged_length.kind}"
    session = Session(graph)
    card = HeadCard(
        **origin.lineage.model_dump(),
        # The same graph may be fitted again for another version of its encoder.
        version=f"{kinds}-{sha256(origin.encoder.encode() + graph).hexdigest()[:8]}",
        llm=origin.llm,
        encoder=origin.encoder,
        shapes=session.inputs | session.outputs,
        training_rows=head.rows,
        quality=_judgement(head.judged_quality),
        length=_judgement(head.judged_length),
        areas=dict(head.basis.areas),
        calibration_error=head.calibration_error,
        calibrated=head.calibrated,
        length_coverage=head.coverage,
        compared=compared,
        parity=parity,
        seed=origin.seed,
        made_by={package: version_of(package) for package in ("numpy", "onnx", "scikit-learn")},
    )
    stored = artifacts.put(graph, card.model_dump(mode="json"))
    model = Model(
        kind="head",
        llm=origin.llm,
        version=card.version,
        encoder=origin.encoder,
        sha256=stored.sha256,
        url=stored.url,
    )
    worse = None if compared is None else compared.rejected()
    return Candidate(model=model, card=card, rejected=head.rejected() or worse)


def _judgement(judged: Judged) -> Judgement:
    return Judgement(
        kind=judged.kind,
        rows=judged.rows,
        squared_error=judged.error,
        constant_squared_error=judged.constant_error,
        least_gain=judged.least_gain,
        tried=dict(judged.tried),
        in_good_company=judged.in_good_company,
    )
