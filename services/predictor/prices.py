"""What the package genai-prices knows of a model: list prices and context window."""

from dataclasses import dataclass

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices


@dataclass(frozen=True, slots=True)
class Known:
    """None where the package does not say."""

    usd_per_mtok_input: float | None = None
    usd_per_mtok_output: float | None = None
    context_tokens: int | None = None


def known(model: str, base_url: str) -> Known:
    """List prices of `model` at the provider behind `base_url`, or of whoever is known to serve it."""
    snapshot = get_snapshot()
    try:
        _, info = snapshot.find_provider_model(model, None, None, base_url)
    except LookupError:
        try:
            _, info = snapshot.find_provider_model(model, None, None, None)
        except LookupError:
            return Known()
    prices = info.prices if isinstance(info.prices, ModelPrice) else info.prices[-1].prices
    return Known(_usd(prices.input_mtok), _usd(prices.output_mtok), info.context_window)


def _usd(price: object) -> float | None:
    """The base price of a tiered one: prompts beyond the first tier are rare."""
    if price is None:
        return None
    return float(price.base if isinstance(price, TieredPrices) else price)  # type: ignore[arg-type]
