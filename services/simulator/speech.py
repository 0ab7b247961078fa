"""An answer spoken at its LLM's speed: pieces every few hundredths of a second, whatever the token rate."""

import asyncio
from collections.abc import AsyncIterator
from math import ceil

from services.simulator.answers import Answer
from services.simulator.faults import Behaviour

#: Seconds between pieces.
BEAT_S = 0.04


async def speak(answer: Answer, behaviour: Behaviour) -> AsyncIterator[str]:
    """The answer's text in pieces, the first after the time to the first token."""
    clock = asyncio.get_running_loop().time
    await asyncio.sleep(behaviour.first_token_s / behaviour.speed)
    started, said = clock(), 0
    while said < len(answer.text):
        tokens = 1 + (clock() - started) * behaviour.tokens_per_s * behaviour.speed
        until = min(len(answer.text), ceil(len(answer.text) * tokens / max(answer.response_tokens, 1)))
        if until > said:
            yield answer.text[said:until]
            said = until
        if said < len(answer.text):
            await asyncio.sleep(BEAT_S)
