"""A basis as named arrays and back, for the file of a run's rows; no pickle."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from services.trainer.fitting.basis import Basis
from services.trainer.fitting.calibration import Curve
from services.trainer.fitting.estimators.boosting import Boosting
from services.trainer.fitting.estimators.lines import Level, Scales
from services.trainer.fitting.estimators.nearest import Kernel
from services.trainer.fitting.estimators.network import Hidden
from services.trainer.fitting.estimators.port import Ground
from services.trainer.fitting.estimators.stack import Pile
from services.trainer.fitting.estimators.trees import Trees
from services.trainer.fitting.familiarity import Projection
from shared.inference import Array

_KINDS = {kind.__name__: kind for kind in (Boosting, Hidden, Kernel, Level, Scales, Trees)}
_KIND, _WEIGHTS = "kind", "weights"


def pack(ground: Ground) -> dict[str, Array]:
    """A ground's fields by their names; those of a pile's parts behind their numbers."""
    named: dict[str, Array] = {_KIND: np.array(type(ground).__name__)}
    if isinstance(ground, Pile):
        named[_WEIGHTS] = np.array(ground.weights)
        return named | {
            f"{number}/{name}": array
            for number, part in enumerate(ground.grounds)
            for name, array in pack(part).items()
        }
    return named | {each.name: np.asarray(getattr(ground, each.name)) for each in fields(ground)}  # type: ignore[arg-type]


def unpack(named: Mapping[str, Array]) -> Ground:
    """The ground that was packed; raises KeyError where something is missing."""
    kind = str(named[_KIND])
    if kind == Pile.__name__:
        weights = tuple(named[_WEIGHTS].tolist())
        return Pile(tuple(unpack(within(named, str(number))) for number in range(len(weights))), weights)
    values: dict[str, Any] = {
        name: value if value.ndim else value.item() for name, value in named.items() if name != _KIND
    }
    ground: Ground = _KINDS[kind](**values)
    return ground


def within(named: Mapping[str, Array], folder: str) -> dict[str, Array]:
    """What lies below a name, by the rest of it."""
    prefix = f"{folder}/"
    return {name.removeprefix(prefix): named[name] for name in named if name.startswith(prefix)}


def pack_basis(basis: Basis) -> dict[str, Array]:
    """All that refits need; kinds in their order, which a file's members keep."""
    named: dict[str, Array] = {
        "mean": basis.projection.mean,
        "whitening": basis.projection.whitening,
        "widths": np.array([basis.dimensions, basis.features]),
        "works": np.array(basis.works),
        "areas": np.array([[kind, repr(area)] for kind, area in basis.areas.items()]).reshape(-1, 2),
    }
    if basis.curve is not None:
        named |= {"curve/at": basis.curve.at, "curve/values": basis.curve.values}
    for part, grounds in (("quality", basis.quality), ("length", basis.length)):
        named[part] = np.array([*grounds])
        for kind, ground in grounds.items():
            named |= {f"{part}/{kind}/{name}": array for name, array in pack(ground).items()}
    return named


def unpack_basis(named: Mapping[str, Array]) -> Basis:
    """The basis that was packed; raises KeyError where something is missing."""
    quality, length = (
        {kind: unpack(within(named, f"{part}/{kind}")) for kind in named[part].tolist()}
        for part in ("quality", "length")
    )
    dimensions, features = named["widths"].tolist()
    return Basis(
        projection=Projection(named["mean"], named["whitening"]),
        quality=quality,
        length=length,
        dimensions=dimensions,
        features=features,
        areas={kind: float(area) for kind, area in named["areas"].tolist()},
        curve=Curve(named["curve/at"], named["curve/values"]) if "curve/at" in named else None,
        # Files of older runs do not say.
        works=bool(named.get("works", False)),
    )
