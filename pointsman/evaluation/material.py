"""What routers are fitted on and scored on, checked, and what had to be left out of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pointsman.evaluation.answered import Answered, Doubles, Mask, Rows
from pointsman.evaluation.reading import Wanted, read_answered
from pointsman.training.recorded import Pool
from services.trainer.fitting.split import words_of
from shared.errors import PermanentError

#: With fewer, an interval says nothing.
_FEWEST_TEST = 20
_FEWEST_TRAIN = 50


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Queries that were not used."""

    #: Of the test files: the quality, or else the cost, of some LLM is unknown.
    test_without_quality: int
    test_without_cost: int
    #: Unknown cells of the test files, by LLM.
    missing_by_llm: dict[str, int]
    #: In both the training and the test files, near-duplicates included; used as neither or as test queries alone.
    in_both: int
    #: Queries that equal one of the other side but for numbers, and were used: most do, they come from templates.
    alike_used: int


@dataclass(frozen=True, slots=True)
class Material:
    """Training and test queries of the same LLMs; every cell of the test's quality and cost is known."""

    train: Answered
    test: Answered
    #: The LLM that ratios refer to.
    reference: str
    left_out: LeftOut

    @property
    def llms(self) -> tuple[str, ...]:
        return self.test.llms

    @property
    def reference_column(self) -> int:
        return self.llms.index(self.reference)


@dataclass(frozen=True, slots=True)
class Sources:
    """The files, and whose answers in them count."""

    train: tuple[Path, ...]
    test: tuple[Path, ...]
    pool: Pool
    #: None takes the pool's.
    reference: str | None = None
    llms: tuple[str, ...] | None = None


def read_material(sources: Sources) -> Material:
    """Raises PermanentError, in one line, at whatever cannot be evaluated."""
    llms = _chosen(sources)
    reference = sources.pool.reference if sources.reference is None else sources.reference
    if reference not in llms:
        raise PermanentError(f"--reference: expected one of {', '.join(llms)}, got {reference}")
    train = read_answered(sources.train, Wanted("--train", llms, sources.pool.has))
    test = read_answered(sources.test, Wanted("--test", llms, sources.pool.has))
    return compose(train, test, reference)


def read_elsewhere(files: Sequence[Path], material: Material) -> Material:
    """The same training, scored on files of another source: the pool's data sets do not bind them."""
    test = read_answered(files, Wanted("--ood", material.llms, lambda _source, _dataset: True))
    train = material.train
    _check_shared(train, test, "--ood")
    _check_known(test, "--ood")
    rows, alike = _apart(test, train)
    scored, without = _complete(test.take(rows), material.reference, "--ood")
    left_out = replace(without, in_both=len(test.queries) - len(rows), alike_used=alike)
    return Material(train, scored, material.reference, left_out)


def compose(train: Answered, test: Answered, reference: str) -> Material:
    """Complete test queries, and training queries that are none of theirs; raises PermanentError when few are left."""
    _check_shared(train, test, "--test")
    _check_known(train, "--train")
    _check_known(test, "--test")
    scored, without = _complete(test, reference, "--test")
    rows, alike = _apart(train, test)
    if len(rows) < _FEWEST_TRAIN:
        raise PermanentError(
            f"--train: expected at least {_FEWEST_TRAIN} queries that are not in --test too, there are {len(rows)} "
            f"of {len(train.queries)}"
        )
    fitted = train.take(rows)
    _check_known(fitted, "--train")
    left_out = replace(without, in_both=len(train.queries) - len(rows), alike_used=alike)
    return Material(fitted, scored, reference, left_out)


def _complete(test: Answered, reference: str, option: str) -> tuple[Answered, LeftOut]:
    """The queries of which every LLM's quality and cost is known; raises PermanentError when they are few."""
    with_quality, with_cost = np.isfinite(test.quality).all(axis=1), np.isfinite(test.cost_usd).all(axis=1)
    complete = np.flatnonzero(with_quality & with_cost)
    lacking = (~np.isfinite(test.quality) | ~np.isfinite(test.cost_usd)).sum(axis=0)
    missing = {llm: int(count) for llm, count in zip(test.llms, lacking, strict=True) if count}
    if len(complete) < _FEWEST_TEST:
        worst = max(missing, key=missing.__getitem__, default=None)
        hint = "" if worst is None else f"; {worst} lacks {missing[worst]}, --llms can leave it out"
        raise PermanentError(
            f"{option}: expected at least {_FEWEST_TEST} queries with quality and cost of every LLM, "
            f"{len(complete)} of {len(test.queries)} are complete{hint}"
        )
    scored = test.take(complete)
    column = scored.llms.index(reference)
    for name, values in (("quality", scored.quality), ("cost_usd", scored.cost_usd)):
        if not values[:, column].any():
            raise PermanentError(f"{option}: expected {name} of the reference {reference} above 0, it is 0 everywhere")
    return scored, LeftOut(
        test_without_quality=int((~with_quality).sum()),
        test_without_cost=int((with_quality & ~with_cost).sum()),
        missing_by_llm=missing,
        in_both=0,
        alike_used=0,
    )


def _chosen(sources: Sources) -> tuple[str, ...]:
    pool = sources.pool.llms
    chosen = pool if sources.llms is None else sources.llms
    unknown = [llm for llm in chosen if llm not in pool]
    if unknown:
        raise PermanentError(f"--llms: expected LLMs of the pool ({', '.join(pool)}), got {unknown[0]}")
    if len(set(chosen)) < 2:
        raise PermanentError(f"expected at least 2 LLMs to choose from, got {', '.join(chosen) or 'none'}")
    return tuple(sorted(set(chosen)))


def _check_shared(train: Answered, test: Answered, option: str) -> None:
    """What nobody was fitted on cannot be routed to, and what nobody answered cannot be scored."""
    fitted, scored = (_has(one.quality) for one in (train, test))
    for llm, in_train, in_test in zip(test.llms, fitted, scored, strict=True):
        if not in_train:
            raise PermanentError(
                f"--train: expected rows of every LLM, there are none of {llm}"
                f"{f', which {option} has' if in_test else ''}; add some, or leave it out with --llms"
            )
        if not in_test:
            raise PermanentError(f"{option}: expected rows of {llm}, there are none; leave it out with --llms")


def _check_known(answered: Answered, option: str) -> None:
    with_quality, with_cost = _has(answered.quality), _has(answered.cost_usd)
    if not with_cost.any():
        raise PermanentError(
            f"{option}: expected costs, cost_usd is unknown in all rows; pointsman import --prices derives them"
        )
    for llm, quality, cost in zip(answered.llms, with_quality, with_cost, strict=True):
        if quality and not cost:
            raise PermanentError(f"{option}: expected costs of {llm}, there are none; leave it out with --llms")


def _has(values: Doubles) -> Mask:
    return np.asarray(np.isfinite(values).any(axis=0))


def _apart(some: Answered, others: Answered) -> tuple[Rows, int]:
    """Rows of `some` that are not among `others` in other words, and how many equal one of them but for numbers.

    Where those are most of all, prompts are made from templates, and only a query itself is left out.
    """
    keys = {(query.source, query.query_id) for query in others.queries}
    texts = {query.prompt for query in others.queries}
    other = [
        row
        for row, query in enumerate(some.queries)
        if (query.source, query.query_id) not in keys and query.prompt not in texts
    ]
    words = {words_of(query.prompt) for query in others.queries}
    fresh = [row for row in other if words_of(some.queries[row].prompt) not in words]
    templates = 2 * len(fresh) < len(other)
    return np.array(other if templates else fresh, np.int64), len(other) - len(fresh) if templates else 0
