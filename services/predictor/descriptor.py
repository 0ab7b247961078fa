"""From settings to a descriptor that is complete and whose endpoint answers."""

import aiohttp

from services.predictor.prices import Known, known
from services.predictor.settings import PredictorSettings
from shared.errors import ConfigurationError
from shared.messages import Llm

_PROBE_S = 5.0
#: Assumed where neither the descriptor nor genai-prices says.
_CONTEXT_TOKENS = 8192


def complete(settings: PredictorSettings) -> Llm:
    """The LLM with list prices where its descriptor names none; raises ConfigurationError where none are known."""
    model = settings.llm_model or settings.llm_name
    asked = (settings.llm_usd_per_mtok_input, settings.llm_usd_per_mtok_output, settings.llm_context_tokens)
    found = Known() if None not in asked else known(model, settings.llm_base_url)
    return Llm(
        name=settings.llm_name,
        base_url=settings.llm_base_url,
        model=model,
        api_key_file=settings.llm_api_key_file,
        usd_per_mtok_input=_price("INPUT", model, asked[0], found.usd_per_mtok_input),
        usd_per_mtok_output=_price("OUTPUT", model, asked[1], found.usd_per_mtok_output),
        context_tokens=asked[2] or found.context_tokens or _CONTEXT_TOKENS,
        parallelism=settings.llm_parallelism,
        requests_per_minute=settings.llm_requests_per_minute,
        tokens_per_minute=settings.llm_tokens_per_minute,
        prior_quality=settings.llm_prior_quality,
        prior_response_tokens=settings.llm_prior_response_tokens,
        prior_first_token_s=settings.llm_prior_first_token_s,
        prior_tokens_per_s=settings.llm_prior_tokens_per_s,
        prompt_token_ratio=settings.llm_prompt_token_ratio,
    )


def _price(direction: str, model: str, asked: float | None, listed: float | None) -> float:
    if asked is not None:
        return asked
    if listed is None:
        raise ConfigurationError(
            f"POINTSMAN_LLM_USD_PER_MTOK_{direction}: no list price is known of {model}; set it in the descriptor"
        )
    return listed


async def probe(base_url: str) -> None:
    """Raise ConfigurationError unless something answers at `base_url`; no key is sent, so 401 is an answer."""
    timeout = aiohttp.ClientTimeout(total=_PROBE_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as client, client.get(f"{base_url}/models") as response:
            status = response.status
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ConfigurationError(
            f"POINTSMAN_LLM_BASE_URL: nothing answers at {base_url} ({error!r}); "
            "correct it, start the endpoint, or set POINTSMAN_LLM_PROBE=off"
        ) from error
    if status >= 500:
        raise ConfigurationError(
            f"POINTSMAN_LLM_BASE_URL: {base_url}/models answers {status}; mend it, or set POINTSMAN_LLM_PROBE=off"
        )
