"""Heads of all LLMs of a run: one basis for all, then one head after another."""

from collections.abc import Iterator
from dataclasses import replace

from pointsman.training.config import TrainConfig
from pointsman.training.crossing import judge_crosswise
from pointsman.training.progress import Progress, nobody
from pointsman.training.recorded import Recorded
from pointsman.training.settling import divide, learn, too_few_rows
from pointsman.training.vectors import Embedded
from services.trainer.fitting.basis import Basis
from services.trainer.fitting.card import Candidate, Lineage
from services.trainer.fitting.heads import fit
from services.trainer.fitting.publishing import Origin, store_head
from services.trainer.fitting.rows import store_rows
from shared.artifacts import Artifacts

#: The longest stage of a run without tuning, before any head is fitted.
LEARNING = "Learning what heads share"


def fit_heads(
    recorded: Recorded,
    embedded: Embedded,
    encoder: str,
    artifacts: Artifacts,
    config: TrainConfig,
    basis: Basis | None = None,
    *,
    relearn: bool = True,
    progress: Progress = nobody,
) -> Iterator[Candidate]:
    """One stored head after another, one per LLM; raises ConfigurationError for an LLM with too few rows.

    A `basis` that is given (pointsman.training.settling) serves an LLM that comes later: the others' heads stay.
    `relearn` is explained at judge_crosswise.
    """
    queries = divide(recorded, embedded, config)
    if basis is None:
        progress(LEARNING, 0, 1)
        basis = learn(recorded, embedded, config)
        progress(LEARNING, 1, 1)
    judged = judge_crosswise(recorded, embedded, config, basis, relearn=relearn, progress=progress)
    basis = replace(basis, works=basis.works or any(each.in_good_company for each in judged.values()))
    lineage = Lineage(rows_sha256=store_rows(queries, basis, recorded.answers, artifacts))
    views = basis.see(queries.inputs)
    for llm, answers in recorded.answers.items():
        examples = queries.answered(answers)
        head = fit(examples, basis, views[answers.query], config.heads)
        if head is None:
            raise too_few_rows(llm, config)
        head = replace(head, judged_quality=judged.get(llm, head.judged_quality))
        yield store_head(Origin(llm, encoder, config.seed, lineage), head, examples, None, artifacts)
