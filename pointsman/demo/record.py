"""What happened while the demo ran, as it is noted down."""

from dataclasses import dataclass, field

from pointsman.demo.story import Happening, Phase, QueueSample
from shared.messages import Response


@dataclass(frozen=True, slots=True)
class Sent:
    """One query and its end; times in seconds after the first query."""

    #: Of the asked queries.
    number: int
    phase: Phase
    sent_s: float
    #: None: there was no response at all.
    response: Response | None
    ended_s: float
    #: None where it was not answered.
    quality: float | None

    @property
    def answer(self) -> Response | None:
        """The response, if it is an answer."""
        return self.response if self.response is not None and self.response.status == "answered" else None


@dataclass(slots=True)
class Record:
    """The run so far."""

    sent: list[Sent] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    queues: list[QueueSample] = field(default_factory=list)
