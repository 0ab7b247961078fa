"""Writes settings.md from the settings classes and their comments: `python docs/settings.py`."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from services.decision.settings import DecisionSettings
from services.embedder.settings import EmbedderSettings
from services.executor.settings import ExecutorSettings
from services.predictor.settings import PredictorSettings
from services.trainer.settings import TrainerSettings
from shared.settings import FleetSettings

FILE = Path(__file__).with_suffix(".md")
_HEAD = (
    "# Settings\n\n"
    "Environment variables, read once at the start; a wrong one ends the process with exit code 2 and one line that "
    "names it. This page is written by `docs/settings.py`. An LLM's own variables, `POINTSMAN_LLM_…`, are in the "
    "[README](../README.md#add-an-llm).\n"
)
_CLASSES: dict[str, type[FleetSettings]] = {
    "Every service": FleetSettings,
    "Embedder": EmbedderSettings,
    "Decision": DecisionSettings,
    "Executor": ExecutorSettings,
    "Predictor": PredictorSettings,
    "Trainer": TrainerSettings,
}


def page() -> str:
    """The page as it must be."""
    return "\n".join([_HEAD, *(line for title, settings in _CLASSES.items() for line in _section(title, settings))])


def _section(title: str, settings: type[FleetSettings]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    meanings = _meanings(settings)
    for name, field in settings.model_fields.items():
        if name in meanings and not name.startswith("llm_"):
            yield f"| `POINTSMAN_{name.upper()}` | {_default(field)} | {meanings[name]} |"
    yield ""


def _meanings(settings: type[FleetSettings]) -> dict[str, str]:
    """Of each field that the class itself declares, the comment above it."""
    found, comment = {}, ""
    for line in inspect.getsource(settings).splitlines():
        if line.startswith("    #: "):
            comment = f"{comment} {line[7:]}".strip()
        elif declared := re.match(r"    (\w+): ", line):
            found[declared[1]], comment = comment.replace("|", "\\|"), ""
    return found


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "the host's name"
    if field.default is None or field.default == ():
        return "none"
    if isinstance(field.default, bool):
        return f"`{field.default}`".lower()
    return f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`"


if __name__ == "__main__":
    FILE.write_text(page())
