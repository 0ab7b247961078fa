"""What an LLM charges, as its recorded costs tell: the descriptor it would have in a fleet."""

from dataclasses import dataclass

import numpy as np

from pointsman.evaluation.answered import Answered, Doubles
from pointsman.training.prices import nonnegative_fit

#: Where tokens are not recorded, the length head learns the cost itself, one "token" being a millionth of a USD.
_USD_PER_MTOK_OF_COST = 1.0
_MICRO = 1e6


@dataclass(frozen=True, slots=True)
class Tariff:
    """One LLM's prices, and what a predictor without a head assumes of it."""

    usd_per_mtok_input: float
    usd_per_mtok_output: float
    #: Its prompt tokens over the encoder's.
    prompt_token_ratio: float
    prior_quality: float
    prior_response_tokens: float
    #: Share of the recorded costs' variance that the prices explain; None where tokens were not recorded, and lengths
    #: are costs in micro-dollars.
    explained: float | None


def tariffs(train: Answered, prompt_tokens: Doubles) -> tuple[list[Tariff], Doubles]:
    """Each LLM's tariff, and the lengths (n, l) that heads are to learn; `prompt_tokens` (n,) are the encoder's."""
    made, lengths = [], []
    for column in range(len(train.llms)):
        tariff, length = _tariff(train, column, prompt_tokens)
        made.append(tariff)
        lengths.append(length)
    return made, np.stack(lengths, axis=1)


def _tariff(train: Answered, column: int, prompt_tokens: Doubles) -> tuple[Tariff, Doubles]:
    inputs, outputs, costs = (matrix[:, column] for matrix in (train.input_tokens, train.output_tokens, train.cost_usd))
    quality = float(np.nanmean(train.quality[:, column]))
    costed = np.isfinite(costs)
    priced = costed & np.isfinite(inputs) & np.isfinite(outputs)
    if 2 * priced.sum() < costed.sum():
        lengths = costs * _MICRO
        return Tariff(0.0, _USD_PER_MTOK_OF_COST, 1.0, quality, float(np.nanmean(lengths)), None), lengths
    usd_input, usd_output = nonnegative_fit(inputs[priced], outputs[priced], costs[priced] * _MICRO)
    residuals = costs[priced] * _MICRO - inputs[priced] * usd_input - outputs[priced] * usd_output
    variance = float(np.var(costs[priced] * _MICRO))
    explained = 1 - float(np.mean(np.square(residuals))) / variance if variance > 0 else 1.0
    known = np.isfinite(inputs)
    ratio = float(inputs[known].sum() / max(prompt_tokens[known].sum(), 1.0))
    mean_tokens = float(np.nanmean(outputs))
    return Tariff(usd_input, usd_output, max(ratio, 1e-6), quality, max(mean_tokens, 1e-6), explained), outputs
