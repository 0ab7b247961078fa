"""What makes two queries of one id the same query."""

import json
from hashlib import sha256

from shared.messages import Query


def content_hash(query: Query) -> str:
    """Hex sha256 over prompt or messages, parameters, preferences and stream; equal content, equal hash.

    The order of JSON keys does not count, nor whether a default was written out, so that a field added later
    leaves the hash of older queries alone.

    >>> spelled_out = Query(query_id="b", prompt="2 + 2?", stream=False)
    >>> content_hash(Query(query_id="a", prompt="2 + 2?")) == content_hash(spelled_out)
    True
    """
    content = query.model_dump(
        include={"prompt", "messages", "parameters", "preferences", "stream"}, exclude_defaults=True
    )
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()
