"""List prices, for rows whose tokens are known and whose cost is not."""

import csv
from pathlib import Path

from pydantic import ValidationError

from pointsman.importing.rows import Row
from services.simulator.pools import Price
from shared.errors import PermanentError
from shared.messages.message import describe

#: `cost_kind` of a cost that was derived here.
DERIVED = "derived_list_price"


class ListPrice(Price):
    """One row of llm_prices.csv."""

    #: It is billed for more tokens than it shows, so they say nothing of its cost.
    hidden_reasoning: bool = False

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """USD for an answer.

        >>> ListPrice(llm="a", usd_per_m_input=1, usd_per_m_output=3).of(1000, 2000)
        0.007
        """
        return (input_tokens * self.usd_per_m_input + output_tokens * self.usd_per_m_output) / 1e6


class Prices:
    """List prices by LLM."""

    def __init__(self, prices: dict[str, ListPrice]) -> None:
        self._prices = prices

    @classmethod
    def read(cls, file: Path) -> "Prices":
        """Raises PermanentError naming the line that is wrong."""
        try:
            with file.open(newline="", encoding="utf-8-sig") as lines:
                rows = csv.DictReader(lines)
                missing = {"llm", "usd_per_m_input", "usd_per_m_output"} - set(rows.fieldnames or ())
                if missing:
                    raise PermanentError(f"--prices: expected column {min(missing)} in {file}")
                read = [_price(file, rows.line_num, row) for row in rows if _known(row)]
        except OSError as error:
            raise PermanentError(f"--prices: cannot read {file}: {error.strerror}") from error
        except (csv.Error, UnicodeDecodeError) as error:
            raise PermanentError(f"--prices: expected {file} to be CSV: {error}") from error
        return cls({price.llm: price for price in read})

    def completed(self, row: Row) -> Row | None:
        """The row with its cost, where it had none and its LLM's price and tokens tell it; else None."""
        price = self._prices.get(row.llm)
        if row.cost_usd is not None or price is None or price.hidden_reasoning:
            return None
        if row.input_tokens is None or row.output_tokens is None:
            return None
        cost = price.of(row.input_tokens, row.output_tokens)
        return row.model_copy(update={"cost_usd": cost, "cost_kind": DERIVED})


def _known(row: dict[str, str]) -> bool:
    return bool(row["usd_per_m_input"] or row["usd_per_m_output"])


def _price(file: Path, line: int, row: dict[str, str]) -> ListPrice:
    try:
        return ListPrice.model_validate(row)
    except ValidationError as error:
        raise PermanentError(f"--prices: {file} line {line}: {describe(error)}") from error
