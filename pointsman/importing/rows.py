"""One row of canonical parquet: one LLM's answer to one query, and what must be true of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pointsman.importing.records import Problem, Values, shown

_Name = Annotated[str, Field(min_length=1)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Amount = Annotated[float, Field(ge=0)]


class Row(BaseModel):
    """The columns that `pointsman train` and the simulator read; None is unknown."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, coerce_numbers_to_str=True)

    source: _Name
    query_id: _Name
    domain: str | None = None
    dataset: _Name
    prompt: _Name
    llm: _Name
    quality: _Share
    input_tokens: _Amount | None = None
    output_tokens: _Amount | None = None
    cost_usd: _Amount | None = None
    response: str | None = None
    judge: str | None = None
    tokens_kind: str | None = None
    cost_kind: str | None = None


COLUMNS = tuple(Row.model_fields)
REQUIRED = tuple(name for name, column in Row.model_fields.items() if column.is_required())
_EXPECTED = {
    **dict.fromkeys(COLUMNS, "text, or nothing"),
    **dict.fromkeys(REQUIRED, "text that is not empty"),
    **dict.fromkeys(("input_tokens", "output_tokens", "cost_usd"), "a number of at least 0, or nothing"),
    "quality": "a number in [0, 1]",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A row before it was checked."""

    values: Values
    #: What the file calls a column, where it is another name.
    called: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> Row | Problem:
        """The row, or the first thing wrong with it."""
        try:
            return Row.model_validate(self.values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            column = str(first["loc"][0])
            return Problem(self.called.get(column, column), _EXPECTED[column], shown(self.values.get(column)))
