"""What all heads of a run stand on: how uncertainty is projected, and the grounds of quality and length."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from services.trainer.fitting.calibration import Curve
from services.trainer.fitting.estimators.boosting import Boosting
from services.trainer.fitting.estimators.lines import Level, measure
from services.trainer.fitting.estimators.nearest import survey
from services.trainer.fitting.estimators.network import NetworkConfig, learn
from services.trainer.fitting.estimators.port import Ground, Targets, View
from services.trainer.fitting.estimators.stack import Pile
from services.trainer.fitting.estimators.trees import TreesConfig, grow
from services.trainer.fitting.examples import Examples
from services.trainer.fitting.familiarity import Projection, fit_projection
from shared.head import Inputs
from shared.inference import Array

#: A mean of several kinds is named by them, `extra+nearest`.
_AND = "+"
_NEAREST = "nearest"
#: Share of the features that each split of the trees looks at which see no vector.
_TRAITS = 0.3


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """What is tried, the preferred kinds first; see docs/decisions/router.md."""

    quality: tuple[str, ...] = (
        "extra",
        "extra+traits",
        "extra+nearest+network",
        "forest",
        "boosting",
        "network",
        "nearest",
        "ridge",
    )
    length: tuple[str, ...] = ("extra", "ridge")
    #: Of extra trees and forests.
    trees: TreesConfig = field(default_factory=TreesConfig)
    #: Fewer for length: what is gained by better costs is little, and every tree takes its time.
    length_trees: int = 50
    network: NetworkConfig = field(default_factory=NetworkConfig)
    boosting: Boosting = field(default_factory=Boosting)
    #: With fewer rows held out or fitted, no head can be judged.
    fewest_rows: int = 30
    #: Cores used; -1 takes all.
    jobs: int = -1


@dataclass(frozen=True, slots=True)
class Basis:
    """Grounds by kind, learned from fitted rows alone: held-out ones may judge what is read out of them."""

    projection: Projection
    quality: Mapping[str, Ground]
    length: Mapping[str, Ground]
    #: Of the vectors, and number of features, 0 without.
    dimensions: int
    features: int
    #: Area under the cost-quality curve that each kind of quality reached on the selection rows; empty where none was
    #: measured, as one LLM alone is not routed.
    areas: Mapping[str, float] = field(default_factory=dict)
    #: Bends the qualities of all LLMs alike; None where that makes them no better.
    curve: Curve | None = None
    #: Has the run shown that its heads work: do they, all of the one kind that was settled on, surely beat their
    #: constants together?
    works: bool = False

    def suits(self, inputs: Inputs) -> bool:
        """Can heads be fitted to these?"""
        width = 0 if inputs.features is None else inputs.features.shape[1]
        near = inputs.neighbours is not None
        needs = any(_NEAREST in kind for kind in (*self.quality, *self.length))
        return (self.dimensions, self.features) == (inputs.vectors.shape[1], width) and (near or not needs)

    def see(self, inputs: Inputs) -> "Views":
        """What every ground sees of these queries."""
        return Views(
            {kind: ground.see(inputs) for kind, ground in self.quality.items()},
            {kind: ground.see(inputs) for kind, ground in self.length.items()},
        )

    def settled(self, kind: str, areas: Mapping[str, float], curve: Curve | None = None) -> "Basis":
        """With one kind of quality left."""
        return replace(self, quality={kind: self.quality[kind]}, areas=areas, curve=curve)


@dataclass(frozen=True, slots=True)
class Views:
    """What grounds see of the same queries, by kind."""

    quality: Mapping[str, View]
    length: Mapping[str, View]

    def __getitem__(self, rows: Array) -> "Views":
        return Views(
            {kind: view[rows] for kind, view in self.quality.items()},
            {kind: view[rows] for kind, view in self.length.items()},
        )


def learn_basis(quality: Targets, log_lengths: Targets, queries: int, config: HeadConfig, seed: int) -> Basis:
    """From all LLMs' answers to the queries that are fitted; `queries` is how many the run has in all."""
    vectors, features = quality.inputs.vectors, quality.inputs.features
    of_length = replace(config, trees=replace(config.trees, count=config.length_trees))
    return Basis(
        projection=fit_projection(vectors),
        quality=learn_grounds(config.quality, quality, queries, config, seed),
        # The constant is always there: length is needed with every head.
        length={**learn_grounds(config.length, log_lengths, queries, of_length, seed), "constant": Level()},
        dimensions=vectors.shape[1],
        features=0 if features is None else features.shape[1],
    )


def basis_of_one(examples: Examples, config: HeadConfig, seed: int) -> Basis:
    """From one LLM's own rows, where no run has learned any."""
    inputs, log_lengths = examples.inputs, np.log1p(examples.response_tokens)
    fitted = ~examples.held_out
    quality = Targets(inputs[fitted], examples.quality[fitted].reshape(-1, 1))
    return learn_basis(
        quality, Targets(quality.inputs, log_lengths[fitted].reshape(-1, 1)), queries=0, config=config, seed=seed
    )


def learn_grounds(
    kinds: Sequence[str], targets: Targets, queries: int, config: HeadConfig, seed: int
) -> dict[str, Ground]:
    """Those of `kinds` that can be had: none without values, and no nearest without neighbours."""
    if not np.isfinite(targets.values).any():
        return {}
    makers: dict[str, Callable[[], Ground]] = {
        "extra": lambda: grow(targets, replace(config.trees, kind="extra"), seed, config.jobs),
        "traits": lambda: grow(targets, replace(config.trees, vector=False, columns=_TRAITS), seed, config.jobs),
        "forest": lambda: grow(targets, replace(config.trees, kind="forest"), seed, config.jobs),
        "boosting": lambda: replace(config.boosting, seed=seed),
        "network": lambda: learn(targets, config.network, seed),
        _NEAREST: lambda: survey(targets, queries),
        "ridge": lambda: measure(targets),
    }
    possible = [kind for kind in kinds if _NEAREST not in kind or (targets.inputs.neighbours is not None and queries)]
    parts = {kind: makers[kind]() for kind in dict.fromkeys(_AND.join(possible).split(_AND)) if kind}
    return {kind: _joined([parts[part] for part in kind.split(_AND)]) for kind in possible}


def _joined(parts: list[Ground]) -> Ground:
    return parts[0] if len(parts) == 1 else Pile(tuple(parts), (1 / len(parts),) * len(parts))
