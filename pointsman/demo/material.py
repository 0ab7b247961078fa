"""What the demo works with: queries to ask, what is known of their answers, and what heads are fitted on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pointsman.local.options import FleetOptions
from pointsman.training.recorded import Recorded
from shared.messages import PolicyParameters, Response

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of the demo."""

    prompt: str
    topic: str


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What one LLM makes of every asked query, whether it is chosen or not; each (n,)."""

    quality: Doubles
    cost_usd: Doubles


@dataclass(frozen=True, slots=True)
class Lessons:
    """What heads are fitted on; none of its prompts is asked."""

    recorded: Recorded
    #: The LLM whose mean cost scales the policy's.
    reference: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast queries are sent; queries a second."""

    calm: float
    burst: float


@dataclass(frozen=True, slots=True)
class Material:
    """One demo's."""

    source: str
    asked: tuple[Asked, ...]
    #: By LLM, in the order of the page; empty where nobody knows what was not asked.
    known: Mapping[str, Outcomes]
    #: Quality of the response to the asked query of that number.
    grade: Callable[[int, Response], float]
    #: None: the LLMs' priors are all there is.
    lessons: Lessons | None
    fleet: FleetOptions
    #: Descriptor of the LLM that joins later; None: nobody does.
    joining: Path | None
    pace: Pace
    policy: PolicyParameters
