"""What an LLM says to a prompt, wherever it comes from, and how tokens are counted here."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from services.simulator.profiles import Profile

_PIECE = re.compile(r"\w{1,5}|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer and its usage."""

    text: str
    prompt_tokens: int
    response_tokens: int
    finish_reason: str = "stop"

    def cut(self, max_tokens: int | None) -> "Answer":
        """The same answer, stopped after `max_tokens`; unchanged where that is None or not reached."""
        if max_tokens is None or max_tokens >= self.response_tokens:
            return self
        text = self.text[: len(self.text) * max_tokens // self.response_tokens]
        return Answer(text, self.prompt_tokens, max_tokens, "length")


class Answers(Protocol):
    """Where answers come from: planted skills or a recording."""

    def answer(self, profile: Profile, prompt: str) -> Answer:
        """What this LLM says to the prompt, always the same; raises ApiError where it cannot say anything."""


def count_tokens(text: str) -> int:
    """About as many tokens as a tokenizer of today makes: pieces of words of at most five letters.

    >>> count_tokens("Trains, everywhere!")
    6
    """
    return sum(1 for _ in _PIECE.finditer(text))


def prompt_hash(prompt: str) -> str:
    """Name a prompt whatever its white space: 16 hex digits of sha256."""
    return sha256(" ".join(prompt.split()).encode()).hexdigest()[:16]
