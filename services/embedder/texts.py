"""What is embedded of a query: the prompt, or the end of a conversation."""

from collections.abc import Sequence

from shared.encoder import Text
from shared.errors import RefusedError
from shared.messages import ChatMessage, Query

#: A last user turn shorter than this ("and in French?") says too little without the turns before it.
SHORT_CHARACTERS = 100


def text_of(query: Query) -> Text:
    """The last user turn, preceded by earlier turns while it is short; token counts are of the whole conversation.

    Raises RefusedError for content that is not text.
    """
    if query.prompt is not None:
        return Text(query.prompt)
    messages = query.messages or ()
    turns = [_turn(message) for message in messages]
    last = max((number for number, message in enumerate(messages) if message.role == "user"), default=len(turns) - 1)
    return Text(_end(turns[: last + 1]), "\n".join(turns))


def _end(turns: Sequence[str]) -> str:
    text = turns[-1]
    for turn in reversed(turns[:-1]):
        if len(text) >= SHORT_CHARACTERS:
            break
        text = f"{turn}\n{text}" if turn else text
    return text


def _turn(message: ChatMessage) -> str:
    """The text of one turn: a string, parts of text, or nothing (a turn of tool calls)."""
    content = message.content
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(_part(part) for part in content)
    raise RefusedError("invalid", "expected a message's content as a string or a list of parts; send one of them")


def _part(part: object) -> str:
    match part:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": str(kind)} if kind != "text":
            raise RefusedError("not_supported", f"expected parts of type text, {kind[:40]} is not supported yet")
        case _:
            raise RefusedError("invalid", 'expected content parts like {"type": "text", "text": "…"}')
