"""Fits the next head of an LLM and compares it with the live one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from services.trainer.fitting.basis import Basis, HeadConfig, basis_of_one
from services.trainer.fitting.card import Candidate, Comparison, Lineage
from services.trainer.fitting.examples import Examples
from services.trainer.fitting.gathering import Gathered, gather, of_log
from services.trainer.fitting.heads import FittedHead, fewest_rows, fit
from services.trainer.fitting.order import Order
from services.trainer.fitting.publishing import Origin, store_head
from services.trainer.fitting.rows import load_basis, load_rows
from shared.artifacts import Artifacts
from shared.database.labels import Label
from shared.errors import PermanentError
from shared.head import Head


@dataclass(frozen=True, slots=True)
class RefitConfig:
    """How heads are fitted from feedback."""

    #: One core: serving has the others.
    heads: HeadConfig = field(default_factory=lambda: HeadConfig(quality=("extra", "ridge"), jobs=1))
    #: Share of the labelled queries that judge.
    held_out: float = 0.2
    #: With fewer held-out queries that the live head was not fitted on, the two cannot be compared.
    fewest_compared: int = 20
    seed: int = 0


def refit(order: Order, labels: Sequence[Label], left_out: int, artifacts: Artifacts, config: RefitConfig) -> Candidate:
    """The stored next head; `left_out` labelled queries were embedded by another encoder.

    Raises PermanentError when there are too few rows or one class only, and ArtifactError when parity fails.
    """
    kept, basis = _kept(order, artifacts)
    gathered = _gather(order, kept, labels, config)
    examples = gathered.examples
    _check(order.llm, examples)
    head = _fit(examples, basis, config)
    if head is None:
        raise PermanentError(
            f"expected {config.heads.fewest_rows} rows of {order.llm} with response tokens to be fitted and as many to "
            f"judge, there are {fewest_rows(examples)} of one of them; more feedback will do"
        )
    lineage = Lineage(
        rows_sha256=order.seen.rows_sha256,
        log_rows=len(labels),
        log_until=max((label.said_at for label in labels), default=None),
        left_out_rows=left_out,
    )
    origin = Origin(order.llm, order.encoder, config.seed, lineage)
    return store_head(origin, head, examples, _compare(order, head, gathered, artifacts, config), artifacts)


def _fit(examples: Examples, basis: Basis | None, config: RefitConfig) -> FittedHead | None:
    """On the basis of a run; on one of its own where there was none, or that one needs what some rows lack."""
    if not (~examples.held_out & np.isfinite(examples.response_tokens)).any():
        return None
    if basis is None or not basis.suits(examples.inputs):
        basis = basis_of_one(examples, config.heads, config.seed)
    return fit(examples, basis, basis.see(examples.inputs), config.heads)


def _kept(order: Order, artifacts: Artifacts) -> tuple[Examples | None, Basis | None]:
    """Kept rows with the basis that all heads of their run share; of a run that came before the LLM the basis alone."""
    if order.seen.rows_sha256 is not None:
        return load_rows(order.seen.rows_sha256, order.llm, artifacts)
    return None, None if order.ground_sha256 is None else load_basis(order.ground_sha256, artifacts)


def _gather(order: Order, kept: Examples | None, labels: Sequence[Label], config: RefitConfig) -> Gathered:
    dimensions = None if kept is None else kept.vectors.shape[1]
    news = of_log(labels, dimensions, config.held_out, config.seed)
    known = [order.seen.log_until is not None and label.said_at <= order.seen.log_until for label in labels]
    return gather(kept, news, np.array(known, np.bool_))


def _check(llm: str, examples: Examples) -> None:
    qualities = np.unique(examples.quality)
    if len(qualities) < 2:
        rated = ", ".join(f"{quality:g}" for quality in qualities) or "nothing"
        raise PermanentError(f"expected good and bad answers of {llm}, all {len(examples.quality)} are rated {rated}")


def _compare(
    order: Order, head: FittedHead, gathered: Gathered, artifacts: Artifacts, config: RefitConfig
) -> Comparison | None:
    """Both on the held-out rows that neither was fitted on; None when no head is live."""
    if order.live is None:
        return None
    examples = gathered.examples
    fair = gathered.unseen[examples.held_out]
    if fair.sum() < config.fewest_compared:
        raise PermanentError(
            f"expected {config.fewest_compared} held-out queries of {order.llm} that its live head was not fitted on, "
            f"there are {fair.sum()}; more feedback will do"
        )
    rows = examples.held_out & gathered.unseen
    quality = examples.quality[rows]
    ours = np.clip(quality - head.residuals[fair], 0, 1)
    theirs = Head.load(order.live, artifacts).predict(examples.inputs[rows]).quality
    return Comparison(
        live=order.live.version,
        rows=len(quality),
        squared_error=float(np.square(quality - ours).mean()),
        live_squared_error=float(np.square(quality - theirs).mean()),
    )
