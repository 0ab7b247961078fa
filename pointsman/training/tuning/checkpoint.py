"""Where a tuning run stands, on disk: a run that was cut goes on from here to the same end. Tensors and JSON only."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim import Optimizer

from pointsman.training.tuning.course import Course

_WEIGHTS, _MOMENTS, _PROTOTYPES = "weights.", "moments.", "prototypes"


@dataclass(slots=True)
class Standing:
    """All that changes in a run."""

    module: torch.nn.Module
    optimizer: Optimizer
    #: (m, d) of unit length.
    prototypes: Tensor
    course: Course


def save(standing: Standing, file: Path) -> None:
    """Write all of it, or leave what was there."""
    tensors = {f"{_WEIGHTS}{name}": tensor for name, tensor in standing.module.state_dict().items()}
    tensors[_PROTOTYPES] = standing.prototypes
    for index, moments in standing.optimizer.state_dict()["state"].items():
        tensors |= {f"{_MOMENTS}{index}.{name}": tensor for name, tensor in moments.items()}
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write(whole, file, standing.course)


def resume(standing: Standing, file: Path) -> bool:
    """Bring `standing` to where the file says; False without a usable file."""
    found = read(file)
    if found is None:
        return False
    tensors, standing.course = found
    device = standing.prototypes.device
    standing.module.load_state_dict(_under(tensors, _WEIGHTS))
    standing.prototypes = tensors[_PROTOTYPES].to(device)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _under(tensors, _MOMENTS).items():
        index, _, moment = name.partition(".")
        state.setdefault(int(index), {})[moment] = tensor
    groups = standing.optimizer.state_dict()["param_groups"]
    standing.optimizer.load_state_dict({"state": state, "param_groups": groups})
    return True


def write(tensors: dict[str, Tensor], file: Path, course: Course) -> None:
    """Write tensors and course all or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    save_file(tensors, part, {"course": json.dumps(course.as_data())})
    part.replace(file)


def read(file: Path) -> tuple[dict[str, Tensor], Course] | None:
    """What write() wrote; None without a usable file."""
    if not file.exists():
        return None
    try:
        with safe_open(file, "pt") as opened:
            course = Course.from_data(json.loads((opened.metadata() or {})["course"]))
        return load_file(file), course
    except (SafetensorError, KeyError, ValueError):
        return None


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
