"""How the command prints: results on standard output, all else on standard error."""

import json
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal

from pydantic import JsonValue
from rich.console import Console, RenderableType
from rich.table import Table

#: C0 and C1 control characters other than tab and line feed: an answer must not steer somebody's terminal.
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}


def print_json(value: JsonValue) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_rich(*parts: RenderableType) -> None:
    console = Console(highlight=False)
    for part in parts:
        console.print(part)


def print_note(text: str) -> None:
    """A dim line beside the result."""
    Console(stderr=True, highlight=False).print(text, style="dim", markup=False, soft_wrap=True)


def writer_of_text() -> Callable[[str], None]:
    """Writes pieces of an answer as they arrive; to a terminal without control characters."""
    terminal = sys.stdout.isatty()

    def write(text: str) -> None:
        sys.stdout.write(text.translate(_CONTROLS) if terminal else text)
        sys.stdout.flush()

    return write


def table(*columns: str, rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()) -> Table:
    """A table whose columns in `numbers` are aligned to the right."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def usd(amount: float | None) -> str:
    """An amount with three significant digits, as prices per query are tiny.

    >>> usd(0.000123456), usd(1.5), usd(0), usd(None)
    ('$0.000123', '$1.5', '$0', '-')
    """
    if amount is None:
        return "-"
    return f"${Decimal(f'{amount:.3g}'):f}"


def seconds(value: float | None) -> str:
    """A duration as precise as anybody reads it.

    >>> seconds(0.0123), seconds(4.56), seconds(123.4), seconds(None)
    ('0.01 s', '4.6 s', '123 s', '-')
    """
    if value is None:
        return "-"
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 100 else f"{value:.0f} s"
