"""Topics `llms` and `models`: copies of the registry in Postgres; readers keep the highest revision."""

from typing import Annotated, Literal

from pydantic import Field

from shared.messages.message import Message
from shared.messages.query import LlmName, Share


class Llm(Message):
    """One LLM the fleet may ask: where, at what price, and what to expect before anything was measured."""

    name: LlmName
    #: Of an OpenAI-compatible API, e.g. `http://localhost:8000/v1`.
    base_url: str
    #: The provider's id of the model.
    model: str
    #: File name in POINTSMAN_KEYS_DIR, read per call; None sends no key.
    api_key_file: str | None = None
    usd_per_mtok_input: Annotated[float, Field(ge=0)]
    usd_per_mtok_output: Annotated[float, Field(ge=0)]
    context_tokens: Annotated[int, Field(gt=0)]
    parallelism: Annotated[int, Field(gt=0, le=1024)] = 4
    requests_per_minute: Annotated[int, Field(gt=0)] | None = None
    tokens_per_minute: Annotated[int, Field(gt=0)] | None = None
    #: Served until a head is promoted, marked as such.
    prior_quality: Share = 0.5
    prior_response_tokens: Annotated[float, Field(gt=0)] = 300
    prior_first_token_s: Annotated[float, Field(ge=0)] = 0.5
    prior_tokens_per_s: Annotated[float, Field(gt=0)] = 50
    #: Prompt tokens of this LLM's tokenizer over the encoder's.
    prompt_token_ratio: Annotated[float, Field(gt=0)] = 1.0
    #: Set by the registry on every change; the highest counts.
    revision: Annotated[int, Field(ge=0)] = 0
    #: A removed LLM stays removed until added again.
    removed: bool = False


class PolicyParameters(Message):
    """Method 1.7; a policy version's constants."""

    #: [P] weight of the uncertainty bonus.
    alpha: float = 0.01
    #: [P] weight of the wait penalty.
    beta: float = 0.1
    #: [P] the longest wait accepted when a query names none, seconds.
    tau_s: float = 30.0
    #: [D] share of tau at which the penalty is 1.
    xi: float = 0.8
    #: [D] 1 / mean cost in USD of the reference LLM on the training queries.
    cost_scale_per_usd: float = 100.0
    #: [P] lambda when a query names none.
    willingness_to_pay: float = 1.4
    #: [D] probability of drawing uniformly among the allowed candidates.
    exploration: float = 0.05
    #: Mean quality of each LLM's answers to the training queries: what its predictions are usually around.
    usual_quality: dict[str, Share] = {}


class Model(Message):
    """A live model version; a head's card names the encoder it was fitted on."""

    kind: Literal["encoder", "head", "policy"]
    #: Of a head: its LLM.
    llm: str | None = None
    version: str
    #: Of a head: the encoder version whose vectors it reads.
    encoder: str | None = None
    #: Of the ONNX file; None for a policy, which is its parameters.
    sha256: str | None = None
    #: Of an encoder: its atlas's file (shared.atlas); None before anything was trained on its vectors.
    atlas_sha256: str | None = None
    #: fsspec URL.
    url: str | None = None
    policy: PolicyParameters | None = None
    revision: Annotated[int, Field(ge=0)] = 0

    @property
    def key(self) -> str:
        """Record key on `models`: one live version each (of a head: one per encoder version)."""
        return ".".join(part for part in (self.kind, self.llm, self.encoder) if part is not None)


#: Parts an encoder's version from its atlas's.
ATLAS_MARK = "+"


def with_atlas(graph: str, atlas_sha256: str) -> str:
    """The version of an encoder together with its atlas."""
    return f"{graph}{ATLAS_MARK}{atlas_sha256[:8]}"


def graph_of(encoder: str) -> str:
    """An encoder's version without its atlas: where it is the same, so are the vectors.

    >>> graph_of(with_atlas("minilm-d2-1c0d9e78", "8f3a55b0c1")), graph_of("minilm-d2-1c0d9e78")
    ('minilm-d2-1c0d9e78', 'minilm-d2-1c0d9e78')
    """
    return encoder.partition(ATLAS_MARK)[0]
