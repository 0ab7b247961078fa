"""Every topic: its name, partitions, retention and readers. The one home of these facts (protocol, section 1)."""

from dataclasses import dataclass
from typing import Literal
from zlib import crc32

DAY_S = 86_400
#: A `queries` record at most, its re-encoded copies included.
MAX_QUERY_BYTES = 512_000
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
#: Less than the broker takes: a rejection there would poison an idempotent producer's sequence.
MAX_REQUEST_BYTES = MAX_MESSAGE_BYTES - 64 * 1024
#: Ends the name of a topic of dead letters.
DEAD = ".dead"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must be on the broker."""

    name: str
    #: `home`: the fleet's home count; a number: at least that many, as queues of an LLM never shrink.
    partitions: Literal["home"] | int
    #: None: compacted, kept for ever.
    retention_s: int | None
    readers: tuple[str, ...]
    #: What a record is, as its class in shared.messages.
    message: str

    def count(self, home_partitions: int) -> int:
        """Its partitions in a fleet of this home count."""
        return home_partitions if self.partitions == "home" else self.partitions

    def fits(self, found: int, home_partitions: int) -> bool:
        """Whether so many partitions will do; more are too many only where records are spread by the home count.

        >>> dispatch("small", 4).fits(8, home_partitions=12), QUERIES.fits(16, home_partitions=12)
        (True, False)
        """
        expected = self.count(home_partitions)
        return found == expected if self.partitions == "home" else found >= expected

    def config(self) -> dict[str, str]:
        """The broker's topic settings."""
        common = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(MAX_MESSAGE_BYTES)}
        if self.retention_s is None:
            return common | {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1"}
        ms = self.retention_s * 1000
        return common | {"cleanup.policy": "delete", "retention.ms": str(ms), "segment.ms": str(ms // 6)}


QUERIES = Topic("queries", "home", DAY_S, ("embedder",), "Query")
QUERIES_BATCH = Topic("queries-batch", "home", DAY_S, ("embedder",), "Query")
ACCEPTED = Topic("accepted", "home", DAY_S, ("decision",), "Accepted")
EMBEDDINGS = Topic("embeddings", "home", 3600, ("predictor",), "Embedding")
PREDICTIONS = Topic("predictions", "home", 3600, ("decision",), "Prediction")
DECISIONS = Topic("decisions", "home", 7 * DAY_S, ("trainer",), "Receipt")
ATTEMPTS = Topic("attempts", "home", 7 * DAY_S, ("decision", "trainer"), "Attempt")
RESPONSES = Topic("responses", "home", DAY_S, ("user",), "Response")
RESPONSE_CHUNKS = Topic("response-chunks", "home", 3600, ("user",), "ResponseChunk")
CAPACITY = Topic("capacity", "home", 600, ("decision",), "Capacity")
FEEDBACK = Topic("feedback", "home", 7 * DAY_S, ("trainer",), "Feedback")
LLMS = Topic("llms", 1, None, ("decision", "executor", "predictor"), "Llm")
MODELS = Topic("models", 1, None, ("embedder", "predictor", "decision"), "Model")

_LASTING = (
    QUERIES,
    QUERIES_BATCH,
    ACCEPTED,
    EMBEDDINGS,
    PREDICTIONS,
    DECISIONS,
    ATTEMPTS,
    RESPONSES,
    RESPONSE_CHUNKS,
    CAPACITY,
    FEEDBACK,
    LLMS,
    MODELS,
)


def dispatch(llm: str, parallelism: int, *, batch: bool = False) -> Topic:
    """The queue of one LLM: min(parallelism, 8) partitions, its slots divided over them."""
    name = f"dispatch-batch.{llm}" if batch else f"dispatch.{llm}"
    return Topic(name, min(parallelism, 8), DAY_S, (f"executor.{llm}",), "Dispatch")


def dead(topic: Topic) -> Topic:
    """Where records go that cannot be handled: the same partition numbers, original bytes."""
    return Topic(f"{topic.name}{DEAD}", topic.partitions, 30 * DAY_S, ("people",), topic.message)


def lasting() -> tuple[Topic, ...]:
    """All topics that exist however many LLMs there are, dead letters of those read by a group included."""
    grouped = (QUERIES, QUERIES_BATCH, ACCEPTED, EMBEDDINGS, PREDICTIONS, DECISIONS, ATTEMPTS, FEEDBACK)
    return _LASTING + tuple(dead(topic) for topic in grouped)


def of_llm(llm: str, parallelism: int) -> tuple[Topic, ...]:
    """The topics that adding an LLM creates."""
    queues = (dispatch(llm, parallelism), dispatch(llm, parallelism, batch=True))
    return queues + tuple(dead(topic) for topic in queues)


def origin_of(topic: str, partition: int, offset: int) -> str:
    """Name a query's own record inside the fleet: ids are chosen by users and may clash.

    >>> origin_of("queries", 3, 17), origin_of("queries-batch", 3, 17)
    ('3-17', 'b3-17')
    """
    # Both topics number their records from 0: without the mark two queries would share one origin.
    return f"{'b' if topic == QUERIES_BATCH.name else ''}{partition}-{offset}"


def home(origin: str, count: int) -> int:
    """The partition number that all later records of a query use, in [0, count).

    >>> home("3-17", 4)
    1
    """
    return crc32(origin.encode("ascii")) % count


def slots_of(parallelism: int, partition: int, partitions: int) -> int:
    """How many of an LLM's slots one dispatch partition has; they sum to `parallelism`.

    >>> [slots_of(10, number, 8) for number in range(8)]
    [2, 2, 1, 1, 1, 1, 1, 1]
    """
    return parallelism // partitions + (partition < parallelism % partitions)
