"""What the learner makes of the log, with real fits in this process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pointsman.training.recorded import Answers
from services.trainer.fitting.basis import HeadConfig, basis_of_one
from services.trainer.fitting.card import Candidate, HeadCard
from services.trainer.fitting.order import Order
from services.trainer.fitting.refit import RefitConfig, refit
from services.trainer.fitting.rows import Queries, store_rows
from services.trainer.fitting.split import held_out_vectors
from services.trainer.learner import Learner
from services.trainer.news import Schedule, order_of
from shared.artifacts import Artifacts
from shared.database.engine import Database
from shared.database.labels import count_labels, labels
from shared.database.registry import RegisteredModel, add_llm, add_model, models, promote, remove_llm, roll_back
from shared.errors import PermanentError, TransientError
from shared.head import Inputs
from shared.messages import Feedback, Model, pack_vector, unpack_vector
from shared.messages.registry import with_atlas
from shared.metrics import Metrics
from shared.packed import pack_neighbours
from shared.stream.records import Acknowledgement, Outgoing
from tests.integration.trainer.fleet import eventually
from tests.integration.trainer.lessons import ENCODER, Lesson, learn_by_heart, lessons, llm
from tests.unit.trainer.samples import ACCEPTED_AT

CONFIG = RefitConfig(heads=HeadConfig(quality=("ridge",), length=("ridge",)), fewest_compared=15)


class School:
    """A learner over a real database and store, and what it announced."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.artifacts = Artifacts(folder.as_uri())
        self.announced: list[Model] = []
        self.orders: list[Order] = []
        self.metrics = Metrics()
        self.learner = Learner(database, self._produce, self.fit, Schedule(150, 86_400), self.metrics)

    async def fit(self, order: Order) -> Candidate:
        self.orders.append(order)
        async with self.database.session() as session:
            found = await labels(session, order.llm, order.encoder, 10_000)
            count = await count_labels(session, order.llm, order.encoder, None)
        return await asyncio.to_thread(refit, order, found, count.left_out, self.artifacts, CONFIG)

    async def teach(self, taught: Sequence[Lesson], at: float = ACCEPTED_AT) -> None:
        await learn_by_heart(self.database, taught, at=at)

    async def heads(self) -> list[RegisteredModel]:
        async with self.database.session() as session:
            return [one for one in await models(session) if one.model.kind == "head"]

    def fits(self, outcome: str) -> float:
        return self.metrics.registry.get_sample_value("pointsman_fits_total", {"llm": "small", "outcome": outcome}) or 0

    async def _produce(self, outgoing: Sequence[Outgoing]) -> list[Acknowledgement]:
        self.announced += [Model.decode(one.value) for one in outgoing]
        return []


@pytest.fixture
async def school(url: str, tmp_path: Path) -> AsyncIterator[School]:
    async with Database(url) as database:
        async with database.session() as session:
            await add_llm(session, llm("small"))
            await add_model(session, ENCODER, {}, "live")
            await session.commit()
        yield School(database, tmp_path / "artifacts")


async def test_too_few_news_are_waited_for_and_enough_make_a_head(school: School) -> None:
    await school.teach(lessons("small", 149, seed=1))
    await school.learner.learn()
    assert (school.orders, await school.heads()) == ([], [])

    await school.teach(lessons("small", 100, seed=2), at=ACCEPTED_AT + 10)
    await school.learner.learn()
    await school.learner.learn()

    [head] = await school.heads()
    assert (head.status, school.announced, len(school.orders)) == ("live", [head.model], 1)
    card = HeadCard.model_validate(head.card)
    assert (card.training_rows, card.log_rows, card.left_out_rows, card.compared) == (249, 249, 0, None)
    assert card.quality.explained > 0.3


async def test_the_next_head_is_compared_with_the_live_one_on_rows_that_neither_saw(school: School) -> None:
    await school.teach(lessons("small", 200, seed=1))
    await school.learner.learn()
    await school.teach(lessons("small", 200, seed=2), at=ACCEPTED_AT + 10)
    await school.learner.learn()

    first, second = await school.heads()
    compared = HeadCard.model_validate(second.card).compared
    assert compared is not None
    assert compared.live == first.model.version
    assert 15 <= compared.rows < 70


async def test_rows_whose_head_was_rejected_count_beside_the_news(school: School) -> None:
    vectors = np.stack(
        [np.frombuffer(unpack_vector(one.receipt.vector), "<f4") for one in lessons("small", 80, seed=9)]
    )
    numbers, tokens = np.arange(80), np.full(80, 100, np.float32)
    answers = Answers(numbers, (vectors[:, 0] > 0).astype(np.float32), tokens, np.ones(80, np.float32))
    queries = Queries(Inputs(vectors, np.full(80, 10, np.float32)), numbers % 4 == 0, np.zeros(80, np.bool_))
    basis = basis_of_one(queries.answered(answers), CONFIG.heads, seed=0)
    rows = store_rows(queries, basis, {"small": answers}, school.artifacts)
    rejected = Model(kind="head", llm="small", version="v0", encoder=ENCODER.version, sha256="f" * 64, url="file:///f")
    async with school.database.session() as session:
        await add_model(session, rejected, {"rows_sha256": rows}, "rejected", "not surely better")
        await session.commit()

    await school.teach(lessons("small", 150, seed=1))
    await school.learner.learn()

    [order] = school.orders
    assert (order.live, order.seen.rows_sha256, order.ground_sha256) == (None, rows, None)
    [head] = school.announced
    card = next(HeadCard.model_validate(one.card) for one in await school.heads() if one.model == head)
    assert (card.training_rows, card.log_rows, card.rows_sha256) == (230, 150, rows)


async def test_an_llm_that_comes_late_is_ordered_on_the_ground_of_the_live_heads(school: School) -> None:
    heads = {
        "large": ("live", ENCODER.version, "a" * 64),
        "older": ("live", "another-encoder", "b" * 64),
        "gone": ("retired", ENCODER.version, "c" * 64),
        "fed": ("live", ENCODER.version, None),
    }
    async with school.database.session() as session:
        for name, (status, encoder, rows) in heads.items():
            head = Model(kind="head", llm=name, version=name, encoder=encoder, sha256="f" * 64, url="file:///f")
            await add_model(session, head, {"rows_sha256": rows}, status)
        await session.commit()
        versions = await models(session)

    late, fed = (order_of(versions, name) for name in ("small", "fed"))

    assert late == Order(llm="small", encoder=ENCODER.version, ground_sha256="a" * 64)
    assert fed is not None
    assert (fed.live, fed.seen.rows_sha256, fed.ground_sha256) == (
        next(one.model for one in versions if one.model.llm == "fed"),
        None,
        "a" * 64,
    )


async def test_a_head_that_is_worse_than_the_live_one_stays_in_the_registry_as_rejected(school: School) -> None:
    await school.teach(lessons("small", 400, seed=1))
    await school.learner.learn()
    # Users of a day turn the rule around: that day's held-out queries still follow the first rule.
    turned = lessons("small", 600, seed=2, sign=-1)
    straight = lessons("small", 600, seed=2)
    held = held_out_of(straight)
    await school.teach(
        [keep if out else turn for keep, turn, out in zip(straight, turned, held, strict=True)], at=ACCEPTED_AT + 10
    )
    await school.learner.learn()

    first, second = await school.heads()
    assert (first.status, second.status) == ("live", "rejected")
    assert second.reason is not None
    assert "squared error" in second.reason
    assert HeadCard.model_validate(second.card).compared is not None
    assert [one.version for one in school.announced] == [first.model.version]
    assert (school.fits("live"), school.fits("rejected")) == (1, 1)


async def test_other_encoders_rows_and_withdrawn_words_are_left_out(school: School) -> None:
    taught = lessons("small", 200, seed=1)
    await school.teach(taught)
    await school.teach(lessons("small", 30, seed=3, encoder="older"), at=ACCEPTED_AT + 5)
    withdrawn = [
        Lesson(one.receipt, one.answer, Feedback(query_id=one.feedback.query_id, withdrawn=True)) for one in taught[:20]
    ]
    await school.teach(withdrawn, at=ACCEPTED_AT + 10)
    twice = [
        Lesson(one.receipt, one.answer, Feedback(query_id=one.feedback.query_id, quality=0.5)) for one in taught[20:40]
    ]
    await school.teach(twice, at=ACCEPTED_AT + 20)

    await school.learner.learn()

    [head] = await school.heads()
    card = HeadCard.model_validate(head.card)
    assert (card.log_rows, card.left_out_rows) == (180, 30)
    async with school.database.session() as session:
        found = await labels(session, "small", ENCODER.version, 10_000)
    assert [one.quality for one in found][-20:] == [0.5] * 20
    assert {(one.features, one.neighbours) for one in found} == {(bytes(8), bytes(16))}


async def test_a_query_sent_twice_under_its_id_counts_once_by_the_last_word(school: School) -> None:
    [first] = lessons("small", 1, seed=1)
    later = {"accepted_at": ACCEPTED_AT + 100, "decision_id": "superseded"}
    again = Lesson(
        first.receipt.model_copy(update=later),
        first.answer,
        Feedback(query_id=first.feedback.query_id, quality=0.25),
    )
    await school.teach([first])
    await school.teach([again], at=ACCEPTED_AT + 200)

    async with school.database.session() as session:
        found = await labels(session, "small", ENCODER.version, 10)

    assert [one.quality for one in found] == [0.25]


async def test_rows_that_make_no_head_are_refused_once_and_tried_with_more(school: School) -> None:
    praise = [
        Lesson(one.receipt, one.answer, Feedback(query_id=one.feedback.query_id, satisfied=True))
        for one in lessons("small", 160, seed=1)
    ]
    await school.teach(praise)
    await school.learner.learn()
    await school.learner.learn()
    assert (len(school.orders), school.fits("refused"), await school.heads()) == (1, 1, [])

    await school.teach(lessons("small", 160, seed=2), at=ACCEPTED_AT + 10)
    await school.learner.learn()

    assert len(school.orders) == 2


async def test_of_two_learners_one_fits(school: School) -> None:
    await school.teach(lessons("small", 200, seed=1))
    other = Learner(school.database, school._produce, school.fit, Schedule(150, 86_400), Metrics())

    await asyncio.gather(school.learner.learn(), other.learn())

    assert (len(school.orders), len(await school.heads())) == (1, 1)


async def test_a_failed_fit_leaves_all_as_it_is_and_is_tried_again(school: School) -> None:
    await school.teach(lessons("small", 200, seed=1))
    fails = iter([TransientError("the process was killed")])

    async def fit(order: Order) -> Candidate:
        for failure in fails:
            raise failure
        return await school.fit(order)

    learner = Learner(school.database, school._produce, fit, Schedule(150, 86_400), school.metrics)
    await learner.learn()
    assert await school.heads() == []

    async def live() -> bool:
        await learner.learn()
        return bool(school.announced)

    await eventually(live)
    assert (school.fits("failed"), school.fits("live")) == (1, 1)


async def test_a_head_of_an_llm_that_is_removed_meanwhile_is_dropped(school: School) -> None:
    await school.teach(lessons("small", 200, seed=1))

    async def fit(order: Order) -> Candidate:
        async with school.database.session() as session:
            await remove_llm(session, "small")
            await session.commit()
        return await school.fit(order)

    await Learner(school.database, school._produce, fit, Schedule(150, 86_400), school.metrics).learn()
    await school.learner.learn()

    assert (await school.heads(), school.announced, len(school.orders)) == ([], [], 1)


async def test_a_rollback_goes_one_version_back_each_time_and_keeps_its_reason(school: School) -> None:
    async with school.database.session() as session:
        for version in ("v1", "v2", "v3"):
            model = Model(
                kind="head", llm="small", version=version, encoder=ENCODER.version, sha256=version * 32, url="file:///x"
            )
            await add_model(session, model, {}, "live")
        one = await roll_back(session, "head", "small", "answers got worse")
        two = await roll_back(session, "head", "small")
        await session.commit()

    assert (one.version, two.version, two.revision) == ("v2", "v1", 5)
    assert [(head.status, head.reason) for head in await school.heads()] == [
        ("live", None),
        ("rejected", "rolled back to v1"),
        ("rejected", "rolled back to v2: answers got worse"),
    ]
    async with school.database.session() as session:
        with pytest.raises(PermanentError, match="only one that was live"):
            await roll_back(session, "head", "small")
        with pytest.raises(PermanentError, match="expected a live head of missing"):
            await roll_back(session, "head", "missing")
        assert (await promote(session, "head", "small", "v3")).version == "v3"


def held_out_of(taught: Sequence[Lesson]) -> list[bool]:
    """Which of them judge."""
    vectors = np.array([np.frombuffer(unpack_vector(one.receipt.vector), "<f4") for one in taught])
    return held_out_vectors(vectors, CONFIG.held_out, CONFIG.seed).tolist()


async def test_rows_under_another_atlas_count_without_its_neighbours(school: School) -> None:
    here, before = with_atlas("small-encoder", "aaaaaaaa"), with_atlas("small-encoder", "bbbbbbbb")
    near = pack_neighbours(np.array([1, 2]), np.array([0.9, 0.8], np.float32))
    for number, encoder in enumerate((here, before, "small-encoder", "small-encoder-2+aaaaaaaa")):
        taught = [
            replace(one, receipt=one.receipt.model_copy(update={"neighbours": pack_vector(near)}))
            for one in lessons("small", 10, seed=number, encoder=encoder)
        ]
        await school.teach(taught, at=ACCEPTED_AT + number)

    async with school.database.session() as session:
        found = await labels(session, "small", here, 10_000)
        count = await count_labels(session, "small", here, None)

    assert [one.neighbours for one in found] == [near] * 10 + [None] * 20
    assert (count.rows, count.left_out) == (30, 10)
