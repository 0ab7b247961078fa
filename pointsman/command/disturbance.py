"""Changing how simulated LLMs behave, over the simulator's control API."""

from collections.abc import Mapping
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from services.simulator.faults import Behaviour, Fault
from shared.errors import PermanentError, TransientError

_behaviours: TypeAdapter[dict[str, Behaviour]] = TypeAdapter(dict[str, Behaviour])


async def behave(
    url: str, llm: str | None, numbers: Mapping[str, float], faults: Mapping[Fault, float] | None
) -> dict[str, Behaviour]:
    """Change one LLM, or all where `llm` is None; returns how they behave now.

    `numbers` are fields of Behaviour; faults of None stay as they are. Raises PermanentError with the simulator's words
    where it refuses, TransientError where it is away.
    """
    path = "/control/llms" if llm is None else f"/control/llms/{quote(llm, safe='')}"
    change = dict(numbers) | ({} if faults is None else {"faults": dict(faults)})
    try:
        async with httpx.AsyncClient(base_url=url.removesuffix("/v1"), trust_env=False) as client:
            reply = await client.put(path, json=change)
    except httpx.HTTPError as error:
        raise TransientError(f"no simulator answers at {url}; start one, or name it with --url") from error
    if reply.is_error:
        raise PermanentError(f"the simulator refuses: {reply.text}")
    try:
        return _behaviours.validate_json(reply.content if llm is None else f'{{"{llm}": {reply.text}}}')
    except ValidationError as error:
        raise PermanentError(f"expected a simulator at {url}, something else answers there") from error
