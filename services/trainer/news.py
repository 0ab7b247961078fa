"""Whether an LLM's head is to be fitted again, and from what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.trainer.fitting.card import Lineage
from services.trainer.fitting.order import Order
from shared.database.registry import RegisteredModel


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a head is due."""

    after_rows: int
    every_s: float


@dataclass(frozen=True, slots=True)
class LastFit:
    """Up to which feedback an LLM's rows were used, and when; times in seconds since the epoch."""

    #: None when no feedback was used yet.
    until: float | None
    at: float

    def due(self, rows: int, now: float, schedule: Schedule) -> bool:
        """Whether so many new rows are to be learned now.

        >>> schedule = Schedule(after_rows=100, every_s=60)
        >>> LastFit(None, at=0).due(99, 10, schedule), LastFit(None, at=0).due(100, 10, schedule)
        (False, True)
        >>> LastFit(None, at=0).due(1, 60, schedule), LastFit(None, at=0).due(0, 60, schedule)
        (True, False)
        """
        return rows >= schedule.after_rows or (rows > 0 and now - self.at >= schedule.every_s)

    def or_later(self, other: "LastFit") -> "LastFit":
        """What both together used.

        >>> LastFit(None, 5).or_later(LastFit(3, 4))
        LastFit(until=3, at=5)
        """
        known = [until for until in (self.until, other.until) if until is not None]
        return LastFit(max(known, default=None), max(self.at, other.at))


def order_of(versions: Sequence[RegisteredModel], llm: str) -> Order | None:
    """What is to be fitted next for an LLM; None before an encoder is live."""
    live = [one for one in versions if one.status == "live"]
    encoder = next((one.model.version for one in live if one.model.kind == "encoder"), None)
    if encoder is None:
        return None
    heads = [one for one in versions if (one.model.llm, one.model.encoder) == (llm, encoder)]
    serving = next((one for one in heads if one.status == "live"), None)
    ground = _rows_of(one for one in live if one.model.encoder == encoder)
    if serving is not None:
        seen = Lineage.model_validate(serving.card)
        return Order(llm=llm, encoder=encoder, live=serving.model, seen=seen, ground_sha256=ground)
    # Rows whose head was rejected are rows still: with what users say they may make one that is not.
    return Order(llm=llm, encoder=encoder, seen=Lineage(rows_sha256=_rows_of(heads)), ground_sha256=ground)


def _rows_of(heads: Iterable[RegisteredModel]) -> str | None:
    """The file of recorded rows that the newest of these heads was fitted to, of those that have one."""
    newest_first = sorted(heads, key=lambda one: one.added_at, reverse=True)
    files = (Lineage.model_validate(one.card).rows_sha256 for one in newest_first)
    return next((sha256 for sha256 in files if sha256 is not None), None)


def last_fit(versions: Sequence[RegisteredModel], order: Order, began: float) -> LastFit:
    """As the cards of an LLM's heads for an encoder tell, rejected ones included; before any, at `began`."""
    last = LastFit(None, began)
    for one in versions:
        if (one.model.llm, one.model.encoder) == (order.llm, order.encoder):
            last = last.or_later(LastFit(Lineage.model_validate(one.card).log_until, one.added_at.timestamp()))
    return last
