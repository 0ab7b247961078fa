"""Tells a running fleet which models are live."""

import asyncio
from collections.abc import Sequence

from shared.announcement import announcement
from shared.errors import TransientError
from shared.messages import Model
from shared.stream.clock import BrokerClock
from shared.stream.producer import Producer

_PATIENCE_S = 10


async def announce(models: Sequence[Model], kafka: str) -> bool:
    """Whether the fleet was told; if not, its trainer does so when it starts, as Postgres has them."""
    producer = Producer(kafka, BrokerClock(), delivery_s=_PATIENCE_S)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await producer([announcement(model) for model in models])
    except (TransientError, TimeoutError):
        return False
    finally:
        await producer.stop()
    return True
