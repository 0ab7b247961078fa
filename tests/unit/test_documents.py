"""README and docs name only what exists: files, sections, commands, options, targets, variables, modules, metrics."""

import re
import runpy
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

from pointsman.command.main import SUBCOMMANDS, build
from pointsman.local.settings import LocalSettings
from services.decision.settings import DecisionSettings
from services.embedder.settings import EmbedderSettings
from services.executor.settings import ExecutorSettings
from services.predictor.settings import PredictorSettings
from services.simulator.settings import SimulatorSettings
from services.trainer.settings import TrainerSettings
from shared.metrics import Metrics

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SETTINGS = (DecisionSettings, EmbedderSettings, ExecutorSettings, LocalSettings)
SETTINGS += (PredictorSettings, TrainerSettings)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


@pages
def test_commands_and_their_options_exist(page: Path) -> None:
    for line in _code(page):
        for words in re.findall(r"(?<![\w/.-])(?<!-n )pointsman((?: [\w./:=$\"'-]+)+)", line):
            _follow(line, words.split())


@pages
def test_targets_of_make_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {name for line in _code(page) for name in re.findall(r"(?:^|[\s;&])make ([a-z]+)", line)} <= targets


@pages
def test_variables_are_read_by_somebody(page: Path) -> None:
    known = {f"POINTSMAN_{name.upper()}" for settings in SETTINGS for name in settings.model_fields}
    known |= {f"POINTSMAN_SIMULATOR_{name.upper()}" for name in SimulatorSettings.model_fields}

    assert set(re.findall(r"\bPOINTSMAN_[A-Z_]*[A-Z](?![A-Z_…])", page.read_text())) <= known


@pages
def test_modules_exist(page: Path) -> None:
    for name in re.findall(r"python -m ((?:services|shared|pointsman|benchmarks)(?:\.\w+)+)", page.read_text()):
        assert find_spec(name), name


@pages
def test_metrics_exist(page: Path) -> None:
    known = {sample.name for family in Metrics().registry.collect() for sample in family.samples}
    known |= {f"{family.name}{suffix}" for family in Metrics().registry.collect() for suffix in ("", "_total")}

    assert set(re.findall(r"\bpointsman_[a-z_]+", page.read_text())) <= known


def test_the_page_of_settings_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "settings.py"))

    assert script["FILE"].read_text() == script["page"](), "run: python docs/settings.py"


def test_every_setting_says_what_it_means() -> None:
    assert re.findall(r"^\| `(\w+)` \|.*\|  \|$", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE) == []


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _code(page: Path) -> Iterator[str]:
    """Lines of code blocks, and what stands between backticks."""
    blocks = re.split(r"^```.*$", page.read_text(), flags=re.MULTILINE)
    for number, block in enumerate(blocks):
        yield from block.splitlines() if number % 2 else re.findall(r"`([^`]+)`", block)


def _follow(line: str, words: list[str]) -> None:
    """Walk from the command to the subcommand that is named, then look up the options."""
    name, *rest = words
    assert name in {subcommand.name for subcommand in SUBCOMMANDS}, line
    command: Any = typer.main.get_command(build(name))
    command = command.commands[name]
    while rest and rest[0] in (inner := getattr(command, "commands", {})):
        command, rest = inner[rest[0]], rest[1:]
    assert not hasattr(command, "commands") or not rest or rest[0].startswith("-"), line
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    asked = {word.partition("=")[0] for word in rest if word.startswith("--")} - {"--help"}
    assert asked <= options, line
