"""Tables with one row per prompt and columns per LLM."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pointsman.importing.records import Values
from pointsman.importing.rows import Draft
from pointsman.importing.tokens import count_tokens
from shared.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Cells:
    """Where one LLM's answer stands."""

    #: Named as the LLM is.
    quality: str
    response: str | None = None
    cost: str | None = None

    @property
    def columns(self) -> Iterator[str]:
        return (column for column in (self.quality, self.response, self.cost) if column is not None)


@dataclass(frozen=True, slots=True)
class WideRow:
    """What all LLMs' rows of one prompt have in common."""

    query: Values
    called: Mapping[str, str]

    def draft(self, cells: Cells, quality: object, response: object, cost: object = None) -> Draft:
        """One LLM's row; its tokens are counted where the answer was stored."""
        tokens = tokens_of(response)
        values = {
            **self.query,
            "llm": llm_name(cells.quality),
            "quality": quality,
            "output_tokens": tokens,
            "tokens_kind": "estimated_input_only" if tokens is None else "estimated",
            "cost_usd": cost,
            "response": response,
            "cost_kind": "recorded" if cost is not None else None,
        }
        columns = {"quality": cells.quality, "response": cells.response, "cost_usd": cells.cost}
        named = {ours: theirs for ours, theirs in columns.items() if theirs is not None}
        return Draft(values, {**self.called, **named})


def llm_name(name: str) -> str:
    """The name as the fleet can have it: no publisher, lower case, letters, digits, dots and hyphens.

    >>> llm_name("mistralai/Mixtral-8x7B-Instruct-v0.1"), llm_name("nova_pro:0")
    ('mixtral-8x7b-instruct-v0.1', 'nova-pro-0')
    """
    last = name.rstrip("/").rpartition("/")[2].lower()
    plain = (letter if letter.isascii() and (letter.isalnum() or letter in ".-") else "-" for letter in last)
    return "".join(plain).lstrip(".-")[:63]


def check_names(llms: Sequence[Cells]) -> None:
    """Raises PermanentError where two columns would be the same LLM."""
    column_of: dict[str, str] = {}
    for cells in llms:
        name = llm_name(cells.quality)
        if name in column_of:
            raise PermanentError(
                f"columns {column_of[name]} and {cells.quality} would both be the LLM {name}; rename one"
            )
        column_of[name] = cells.quality


def graded(value: object) -> object:
    """A grade as a number where it is said in words.

    >>> graded("True"), graded("false"), graded("0.5")
    (1.0, 0.0, '0.5')
    """
    words = {"true": 1.0, "false": 0.0}
    return words.get(value.strip().lower(), value) if isinstance(value, str) else value


def tokens_of(text: object) -> int | None:
    """Its tokens; None where it is no text."""
    return count_tokens(text) if isinstance(text, str) else None
