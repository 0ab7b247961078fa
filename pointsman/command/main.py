"""The `pointsman` command: finds the subcommand, loads only that, and turns errors into one line.

Exit codes: 0 on success, 2 for bad input, 1 for other failures, 130 after Ctrl-C.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import typer

from shared.errors import PermanentError, PointsmanError

_ABOUT = """Route every prompt to the LLM worth its price and its queue.

  pointsman up                        start the fleet on this machine
  pointsman ask "Why is the sky blue?"
  pointsman explain QUERY_ID          why that LLM answered
"""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One subcommand: where it lies, and its line in the overview."""

    name: str
    about: str
    panel: str
    #: `<module>:<attribute>`: a function, or a Typer app with subcommands of its own.
    where: str

    def load(self) -> Callable[..., None] | typer.Typer:
        module, _, attribute = self.where.partition(":")
        loaded: Callable[..., None] | typer.Typer = getattr(import_module(f"pointsman.command.{module}"), attribute)
        return loaded


_FLEET, _QUERIES, _LLMS = "The fleet on this machine", "Queries", "LLMs and models"

SUBCOMMANDS = (
    Subcommand("up", "Start the fleet, or join it to a Kafka and Postgres that exist.", _FLEET, "up:up"),
    Subcommand("down", "End a fleet that was started with --detach.", _FLEET, "up:down"),
    Subcommand("demo", "Watch a fleet of its own being trained, used and disturbed.", _FLEET, "demo:demo"),
    Subcommand("status", "Show every process: memory, records/s, lag.", _FLEET, "status:status"),
    Subcommand("doctor", "Check this machine and say what to do.", _FLEET, "doctor:doctor"),
    Subcommand("topics", "Show every topic against what it must be.", _FLEET, "topics:topics"),
    Subcommand("ask", "Ask, and read the answer as it arrives.", _QUERIES, "ask:ask"),
    Subcommand("feedback", "Say how good an answer was.", _QUERIES, "feedback:feedback"),
    Subcommand("explain", "Show why an LLM was chosen, and what would have changed it.", _QUERIES, "explain:explain"),
    Subcommand("dead", "List records that could not be handled, and replay them.", _QUERIES, "dead:app"),
    Subcommand("llms", "List, add and remove LLMs of the running fleet.", _LLMS, "llms:app"),
    Subcommand("models", "List, promote and roll back model versions.", _LLMS, "models:app"),
    Subcommand("import", "Bring recorded answers into the one format.", _LLMS, "importing:import_answers"),
    Subcommand("train", "Fit heads on recorded answers.", _LLMS, "train:train"),
    Subcommand("evaluate", "Score routers on recorded answers, without a fleet.", _LLMS, "evaluate:evaluate"),
    Subcommand("simulate", "Serve simulated LLMs.", _LLMS, "simulate:simulate"),
)


def build(wanted: str | None) -> typer.Typer:
    """The application with only the wanted subcommand loaded; the others are there by name, for the overview."""
    app = typer.Typer(
        help=_ABOUT, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich"
    )
    # An application needs a callback to stay a group when it has one command.
    app.callback(help=_ABOUT)(lambda: None)
    for subcommand in SUBCOMMANDS:
        _mount(app, subcommand, _placeholder if subcommand.name != wanted else subcommand.load())
    return app


def main() -> None:
    """Entry point of the `pointsman` script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    try:
        if wanted is not None:
            _silence_logs()
        build(wanted)(list(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except PointsmanError as error:
        sys.stderr.write(f"pointsman: {' '.join(str(error).split())}\n")
        return 2 if isinstance(error, PermanentError) else 1
    except KeyboardInterrupt:
        return 130
    return 0


def _mount(app: typer.Typer, subcommand: Subcommand, loaded: Callable[..., None] | typer.Typer) -> None:
    if isinstance(loaded, typer.Typer):
        app.add_typer(loaded, name=subcommand.name, short_help=subcommand.about, rich_help_panel=subcommand.panel)
    else:
        app.command(subcommand.name, short_help=subcommand.about, rich_help_panel=subcommand.panel)(loaded)


def _placeholder() -> None:
    """Stands for a subcommand that was not asked for."""


def _silence_logs() -> None:
    """People read one line on failure; the libraries' own lines would come before it."""
    from shared.logs import configure

    configure("command", "", level="CRITICAL")
