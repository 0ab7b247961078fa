"""What a predictor reads from its environment: the descriptor of its LLM, and where that may be."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from shared.addresses import checked, is_allowed
from shared.errors import ConfigurationError
from shared.messages.query import LlmName, Share
from shared.settings import FleetSettings, Urls


def _checked_file_name(name: str) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise ValueError("expected the name of a file in POINTSMAN_KEYS_DIR, not a path")
    return name


Url = Annotated[str, AfterValidator(checked)]
Count = Annotated[int, Field(gt=0)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PredictorSettings(FleetSettings):
    """The descriptor's variables are `POINTSMAN_LLM_<FIELD>`; see shared.messages.Llm for their meaning."""

    llm_name: LlmName
    llm_base_url: Url
    #: The provider's id of the model; the LLM's own name where they are the same.
    llm_model: Annotated[str, Field(min_length=1)] | None = None
    llm_api_key_file: Annotated[str, AfterValidator(_checked_file_name)] | None = None
    #: USD per million tokens and context window; None takes what the package genai-prices knows of the model.
    llm_usd_per_mtok_input: Price | None = None
    llm_usd_per_mtok_output: Price | None = None
    llm_context_tokens: Count | None = None
    llm_parallelism: Annotated[int, Field(gt=0, le=1024)] = 4
    llm_requests_per_minute: Count | None = None
    llm_tokens_per_minute: Count | None = None
    llm_prior_quality: Share = 0.5
    llm_prior_response_tokens: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 300
    llm_prior_first_token_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.5
    llm_prior_tokens_per_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 50
    llm_prompt_token_ratio: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    #: Ask a new LLM's endpoint for `/models` before it is registered; `off` where the worker cannot reach it.
    llm_probe: bool = True
    #: Comma-separated URLs under which every LLM must be; empty allows all.
    allowed_base_urls: Urls = ()
    #: Embeddings handled at once; large, so that a worker that was away catches up quickly.
    predictor_batch: Count = 256

    @model_validator(mode="after")
    def _is_allowed(self) -> "PredictorSettings":
        if not is_allowed(self.llm_base_url, self.allowed_base_urls):
            raise ConfigurationError(
                f"POINTSMAN_LLM_BASE_URL: expected an address under one of {', '.join(self.allowed_base_urls)}, "
                f"got {self.llm_base_url}; change it, or POINTSMAN_ALLOWED_BASE_URLS"
            )
        return self
