"""Queries with feedback that follows a planted rule: an LLM is good where the first component is positive."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import numpy as np

from shared.database.engine import Database
from shared.database.log import record_attempts, record_feedback, record_receipts, settle_feedback
from shared.database.rows import Said
from shared.messages import Attempt, Feedback, Llm, Message, Model, Receipt, pack_vector
from shared.stream.records import Outgoing, Position
from tests.unit.trainer.samples import ACCEPTED_AT, answered, receipt

DIMENSIONS = 8
ENCODER = Model(kind="encoder", version="small-encoder", sha256="e" * 64, url="file:///e")


@dataclass(frozen=True)
class Lesson:
    """One query that was answered, and what its user said."""

    receipt: Receipt
    answer: Attempt
    feedback: Feedback

    def records(self, partition: int) -> list[Outgoing]:
        topics: list[tuple[str, Message]] = [
            ("decisions", self.receipt),
            ("attempts", self.answer),
            ("feedback", self.feedback),
        ]
        return [Outgoing(topic, message.encode(), partition) for topic, message in topics]


def llm(name: str) -> Llm:
    return Llm(
        name=name,
        base_url="http://localhost:1",
        model="m",
        usd_per_mtok_input=1,
        usd_per_mtok_output=2,
        context_tokens=1000,
    )


def lessons(name: str, count: int, *, seed: int, sign: int = 1, encoder: str = ENCODER.version) -> list[Lesson]:
    """Answers of the LLM that satisfied where the first component has this sign, one in twenty not."""
    random = np.random.default_rng(seed)
    vectors = random.normal(scale=0.4, size=(count, DIMENSIONS)).astype("<f4")
    vectors[:, 0] = random.choice([-1, 1], count)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    good = (sign * vectors[:, 0] > 0) ^ (random.random(count) < 0.05)
    return [_lesson(name, vector, bool(satisfied), encoder) for vector, satisfied in zip(vectors, good, strict=True)]


async def learn_by_heart(database: Database, taught: Sequence[Lesson], *, at: float = ACCEPTED_AT) -> None:
    """Enter them into the log as the recorder would; their feedback was said from `at` on."""
    said = [
        Said(lesson.feedback, at + number / 1000, Position("feedback", 0, number))
        for number, lesson in enumerate(taught)
    ]
    async with database.session() as session:
        await record_receipts(session, [lesson.receipt for lesson in taught])
        await record_attempts(session, [lesson.answer for lesson in taught])
        await record_feedback(session, said)
        await settle_feedback(session)
        await session.commit()


def _lesson(name: str, vector: np.ndarray, satisfied: bool, encoder: str) -> Lesson:
    query_id = uuid4().hex
    decided = receipt(query_id).model_copy(
        update={"llm": name, "vector": pack_vector(vector.tobytes()), "encoder": encoder}
    )
    answer = answered(query_id).model_copy(update={"llm": name, "response_tokens": 150 if satisfied else 80})
    return Lesson(decided, answer, Feedback(query_id=query_id, satisfied=satisfied))
