"""One simulated LLM while it runs: its profile, how it behaves now, and its queue."""

from random import Random

from services.simulator.faults import Behaviour, Fault, usual
from services.simulator.profiles import Profile
from services.simulator.slots import Slots
from services.simulator.wire import ApiError

#: Status, type, code and message of the faults that a provider refuses with.
_REFUSALS = {
    Fault.RATE_LIMIT: (429, "requests", "rate_limit_exceeded", "Rate limit reached, try again later."),
    Fault.SERVER_ERROR: (500, "server_error", "server_error", "The server had an error, sorry about that."),
    Fault.OVERLOADED: (503, "service_unavailable", "overloaded", "The engine is overloaded, try again later."),
    Fault.AUTH: (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    Fault.CONTEXT_LENGTH: (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "The messages are longer than this model's maximum context length.",
    ),
    Fault.CONTENT_FILTER: (
        400,
        "invalid_request_error",
        "content_filter",
        "The response was filtered, as the prompt triggered the content management policy.",
    ),
}


class Llm:
    """A profile with what changes: behaviour and queue."""

    def __init__(self, profile: Profile, speed: float) -> None:
        self.profile = profile
        self.behaviour = usual(profile, speed)
        self.slots = Slots(self.behaviour.parallelism)
        self._random = Random(profile.name)

    def behave(self, behaviour: Behaviour) -> None:
        """Change how the next calls go; those that run go on as they began."""
        self.behaviour = behaviour
        self.slots.resize(behaviour.parallelism)

    def draw_fault(self) -> Fault | None:
        """What goes wrong with the next call while it is answered; raises ApiError where it is refused at once."""
        fault = self.behaviour.draw(self._random)
        if fault in _REFUSALS:
            refusal = ApiError(*_REFUSALS[fault])
            if fault is Fault.RATE_LIMIT:
                refusal.headers["Retry-After"] = f"{self.behaviour.retry_after_s:g}"
            raise refusal
        return fault

    def check_context(self, prompt_tokens: int) -> None:
        """Raise ApiError where the prompt does not fit."""
        if prompt_tokens > self.profile.context_tokens:
            status, kind, code, message = _REFUSALS[Fault.CONTEXT_LENGTH]
            raise ApiError(status, kind, code, f"{message} ({prompt_tokens} > {self.profile.context_tokens})")
