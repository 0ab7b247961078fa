"""The simulated LLMs: price, speed and, where skills are planted, what each is good at."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Profile:
    """One simulated LLM as its provider would describe it, and what it can do."""

    name: str
    usd_per_mtok_input: float
    usd_per_mtok_output: float
    first_token_s: float
    tokens_per_s: float
    context_tokens: int = 32_768
    parallelism: int = 8
    #: What an operator would write into the registry before anything was measured.
    prior_quality: float = 0.5
    prior_response_tokens: float = 300.0
    #: On the scale of the problems' difficulties; for topics that `skills` does not name.
    skill: float = 2.0
    skills: Mapping[str, float] = field(default_factory=dict)
    #: Response tokens relative to the usual of a topic.
    verbosity: float = 1.0


#: In the order in which `--llms N` takes them: a cheap one, two specialists, a strong and dear one; then those to be
#: added later: one good at what the others charge for, one that nobody should ask.
CAST = (
    Profile(
        name="plover-mini",
        usd_per_mtok_input=0.05,
        usd_per_mtok_output=0.2,
        first_token_s=0.15,
        tokens_per_s=160,
        parallelism=8,
        prior_quality=0.45,
        prior_response_tokens=90,
        skill=1.0,
        skills={"counting": 3.8, "spelling": 3.6, "numerals": 3.4},
        verbosity=0.8,
    ),
    Profile(
        name="finch-code",
        usd_per_mtok_input=0.4,
        usd_per_mtok_output=1.6,
        first_token_s=0.25,
        tokens_per_s=110,
        parallelism=6,
        prior_quality=0.55,
        prior_response_tokens=110,
        skill=1.2,
        skills={"tracing": 5.5, "sequences": 4.8, "arithmetic": 3.6},
    ),
    Profile(
        name="heron-reason",
        usd_per_mtok_input=0.9,
        usd_per_mtok_output=3.6,
        first_token_s=0.4,
        tokens_per_s=75,
        parallelism=6,
        prior_quality=0.6,
        prior_response_tokens=180,
        skill=2.0,
        skills={"ordering": 5.5, "dates": 4.8, "shopping": 4.6},
        verbosity=1.6,
    ),
    Profile(
        name="eagle-pro",
        usd_per_mtok_input=5.0,
        usd_per_mtok_output=20.0,
        first_token_s=0.6,
        tokens_per_s=50,
        context_tokens=131_072,
        parallelism=4,
        prior_quality=0.85,
        prior_response_tokens=140,
        skill=3.8,
        skills={"counting": 3.4, "spelling": 3.0},
        verbosity=1.2,
    ),
    Profile(
        name="kestrel-numbers",
        usd_per_mtok_input=0.15,
        usd_per_mtok_output=0.6,
        first_token_s=0.2,
        tokens_per_s=140,
        parallelism=6,
        prior_response_tokens=100,
        skill=1.5,
        skills={"units": 5.5, "shopping": 5.2, "arithmetic": 5.0, "dates": 4.6, "numerals": 4.2},
    ),
    Profile(
        name="goose-legacy",
        usd_per_mtok_input=2.0,
        usd_per_mtok_output=8.0,
        first_token_s=0.9,
        tokens_per_s=30,
        parallelism=4,
        prior_response_tokens=160,
        skill=1.0,
        verbosity=1.5,
    ),
)
