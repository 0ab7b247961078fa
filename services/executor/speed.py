"""How fast an LLM is, measured: what forecasts of waits are made of."""

from services.executor.pieces import Answer

#: Weight of a new observation: about the last 20 answers count.
WEIGHT = 0.1
#: Shorter answers say little of tokens per second.
_MIN_TOKENS = 8


class Speed:
    """Exponentially weighted means; None before the first observation."""

    def __init__(self) -> None:
        self.first_token_s: float | None = None
        self.tokens_per_s: float | None = None
        self.prompt_token_ratio: float | None = None

    def observe(self, answer: Answer, encoder_tokens: int) -> None:
        """Learn from an answer to a prompt of that many tokens by the encoder's count."""
        self.first_token_s = _mean(self.first_token_s, answer.first_token_s)
        speaking_s = answer.total_s - answer.first_token_s
        tokens = answer.pieces if answer.response_tokens is None else answer.response_tokens
        if tokens >= _MIN_TOKENS and speaking_s > 0:
            self.tokens_per_s = _mean(self.tokens_per_s, tokens / speaking_s)
        if answer.prompt_tokens and encoder_tokens > 0:
            self.prompt_token_ratio = _mean(self.prompt_token_ratio, answer.prompt_tokens / encoder_tokens)


def _mean(mean: float | None, value: float) -> float:
    return value if mean is None else mean + WEIGHT * (value - mean)
