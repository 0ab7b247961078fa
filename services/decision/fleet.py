"""Which LLMs there are and which policy is live, as `llms` and `models` tell; the highest revision counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.logs import get
from shared.messages import Llm, Model, PolicyParameters, Preferences
from shared.routing.score import Weights
from shared.stream.records import Record
from shared.topics import LLMS

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy version and its constants."""

    version: str = "default"
    parameters: PolicyParameters = field(default_factory=PolicyParameters)

    def weights(self, preferences: Preferences) -> Weights:
        """The policy's constants with the query's own willingness to pay and patience; raises ValueError."""
        own, given = self.parameters, preferences
        return Weights(
            willingness_to_pay=own.willingness_to_pay if given.willingness_to_pay is None else given.willingness_to_pay,
            tau_s=own.tau_s if given.max_wait_s is None else given.max_wait_s,
            alpha=own.alpha,
            beta=own.beta,
            xi=own.xi,
            cost_scale_per_usd=own.cost_scale_per_usd,
        )


class Fleet:
    """Every LLM that may be asked, by name, and the live policy."""

    def __init__(self) -> None:
        self.policy = Policy()
        self._known: dict[str, Llm] = {}
        self._live: dict[str, Llm] = {}
        self._policy_revision = -1

    @property
    def live(self) -> Mapping[str, Llm]:
        return self._live

    def receive(self, record: Record) -> None:
        """Take in a record of `llms` or `models`; raises PermanentError when it is none."""
        if not record.value:
            return
        if record.position.topic == LLMS.name:
            self.learn(Llm.decode(record.value))
        else:
            self.follow(Model.decode(record.value))

    def learn(self, llm: Llm) -> None:
        known = self._known.get(llm.name)
        if known is not None and known.revision > llm.revision:
            return
        self._known[llm.name] = llm
        self._live = {name: one for name, one in self._known.items() if not one.removed}

    def follow(self, model: Model) -> None:
        """Go over to a newer policy; one whose constants make no sense is left where it is."""
        if model.kind != "policy" or model.policy is None or model.revision < self._policy_revision:
            return
        policy = Policy(model.version, model.policy)
        try:
            policy.weights(Preferences())
        except ValueError as error:
            _log.error("policy refused, the previous one stays", version=model.version, error=str(error))
            return
        self.policy, self._policy_revision = policy, model.revision
