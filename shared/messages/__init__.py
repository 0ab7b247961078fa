"""Every message the fleet exchanges. Fields are only ever added; readers ignore what they do not know."""

from shared.messages.capacity import Capacity, DispatchNote, ExecutorCapacity, PartitionCapacity, decode_capacity
from shared.messages.execution import Attempt, AttemptError, Response, ResponseChunk, ResponseError
from shared.messages.message import Message, pack_vector, unpack_vector
from shared.messages.query import ChatMessage, Feedback, Preferences, Query, new_query_id
from shared.messages.registry import Llm, Model, PolicyParameters
from shared.messages.routing import (
    Accepted,
    Candidate,
    Dispatch,
    Embedding,
    Flip,
    Prediction,
    Receipt,
    TokenForecast,
)

__all__ = [
    "Accepted",
    "Attempt",
    "AttemptError",
    "Candidate",
    "Capacity",
    "ChatMessage",
    "Dispatch",
    "DispatchNote",
    "Embedding",
    "ExecutorCapacity",
    "Feedback",
    "Flip",
    "Llm",
    "Message",
    "Model",
    "PartitionCapacity",
    "PolicyParameters",
    "Prediction",
    "Preferences",
    "Query",
    "Receipt",
    "Response",
    "ResponseChunk",
    "ResponseError",
    "TokenForecast",
    "decode_capacity",
    "new_query_id",
    "pack_vector",
    "unpack_vector",
]
