"""A query that waits for its decision, the first or the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.errors import PermanentError
from shared.messages import Accepted, Attempt, AttemptError, Prediction
from shared.stream.records import Record

#: Counted attempts of one query at most.
MOST_ATTEMPTS = 3


@dataclass(slots=True)
class Undecided:
    """Everything one decision needs to know of its query."""

    accepted: Accepted
    #: The record that makes this decision ours; its partition number is the query's home.
    record: Record
    #: Broker time, seconds since the epoch.
    read_at: float
    #: Broker time after which nobody waits for an answer.
    deadline: float
    #: Number of the attempt to be decided, from 1.
    attempt: int = 1
    #: Attempts that failed and count against the limit.
    counted: int = 0
    #: LLMs that may not be asked again.
    excluded: frozenset[str] = frozenset()
    predictions: dict[str, Prediction] = field(default_factory=dict)
    #: Until when the prediction of each LLM is waited for; what has come is gone from here. None: nobody was known yet.
    awaited: dict[str, float] | None = None
    #: Not decided before.
    not_before: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    #: Why the previous attempt failed.
    error: AttemptError | None = None
    #: Other records that are finished with this one.
    companions: list[Record] = field(default_factory=list)

    @property
    def home(self) -> int:
        return self.record.position.partition

    @property
    def records(self) -> list[Record]:
        return [self.record, *self.companions]

    @property
    def is_out_of_attempts(self) -> bool:
        return self.counted >= MOST_ATTEMPTS

    def is_due(self, now: float) -> bool:
        """Nothing is waited for any more."""
        if now >= self.deadline:
            return True
        return now >= self.not_before and all(until <= now for until in (self.awaited or {}).values())

    def take(self, prediction: Prediction, record: Record) -> None:
        """Keep a prediction; its record is finished with the query's."""
        self.predictions[prediction.llm] = prediction
        if self.awaited is not None:
            self.awaited.pop(prediction.llm, None)
        self.companions.append(record)
        predict_s = record.appended_at - self.record.appended_at
        self.stages["predict"] = max(predict_s, self.stages.get("predict", 0.0))

    def without_exclusions(self, not_before: float) -> "Undecided":
        """The same, free to ask again whoever failed, but later."""
        return replace(self, excluded=frozenset(), not_before=not_before)


def first(accepted: Accepted, record: Record, now: float, default_deadline_s: float) -> Undecided:
    """A query that was accepted and never decided."""
    max_wait_s = accepted.query.preferences.max_wait_s
    return Undecided(
        accepted,
        record,
        read_at=now,
        deadline=accepted.accepted_at + (default_deadline_s if max_wait_s is None else max_wait_s),
        stages={"embed": max(0.0, record.appended_at - accepted.accepted_at)},
    )


def again(failed: Attempt, record: Record, now: float) -> Undecided:
    """A query whose attempt failed, from that record alone; raises PermanentError when it does not carry enough.

    An LLM that is to blame is not asked again. An attempt that does not count is followed by a growing pause, as
    nothing but the deadline bounds such attempts (protocol 3).
    """
    dispatch, error = failed.dispatch, failed.error
    if dispatch is None or error is None:
        raise PermanentError(
            f"expected a failed attempt to carry its error and dispatch, {failed.decision_id} does not"
        )
    known: Mapping[str, Prediction] = {
        prediction.llm: prediction for prediction in (dispatch.prediction, *dispatch.alternatives)
    }
    pause_s = 0.0 if error.counts else min(5.0, 0.1 * 2.0 ** min(dispatch.attempt - 1, 10))
    return Undecided(
        dispatch.accepted,
        record,
        read_at=now,
        deadline=dispatch.deadline,
        attempt=dispatch.attempt + 1,
        counted=dispatch.counted_attempts - (not error.counts),
        excluded=frozenset(dispatch.excluded) | ({dispatch.llm} if error.blames_llm else frozenset()),
        predictions=dict(known),
        not_before=now + pause_s,
        stages=dict(dispatch.stages),
        error=error,
    )
