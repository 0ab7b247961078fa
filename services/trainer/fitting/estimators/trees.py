"""Trees whose splits all LLMs share; each LLM fills the leaves with the means of its own rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from services.trainer.fitting.builder import Builder
from services.trainer.fitting.estimators.columns import columns_of
from services.trainer.fitting.estimators.port import Rows, Targets, View
from shared.head import Inputs
from shared.inference import Floats, Integers


@dataclass(frozen=True, slots=True)
class TreesConfig:
    """How trees grow."""

    #: `extra` draws thresholds at random, `forest` seeks the best on a sample of the rows.
    kind: Literal["extra", "forest"] = "extra"
    count: int = 200
    #: Fewest rows of a leaf, and fewest as a share of all rows: however many there are, files stay below 10 MB.
    leaf_rows: int = 10
    leaf_share: float = 0.003
    #: Share of the columns that each split looks at.
    columns: float = 0.1
    #: Look at the vector, or at nothing but the features and the length.
    vector: bool = True
    #: Rows that every leaf has beside the LLM's own, with its mean and what the leaf means for all LLMs.
    prior_rows: float = 1.0


class Grown(Protocol):
    """One of scikit-learn's trees."""

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    children_left: NDArray[np.int64]
    children_right: NDArray[np.int64]
    #: (nodes, LLMs, 1) means.
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trees:
    """All trees' nodes in one numbering: a row goes left where its column is at most the threshold."""

    #: (m,) column, threshold, and the nodes to go on to; a leaf goes on to itself.
    column: Integers
    threshold: Floats
    left: Integers
    right: Integers
    #: (t,) first node of each tree; its nodes lie together.
    roots: Integers
    #: (m,) how far LLMs are from their means in each node, on average: how hard its queries are.
    common: Floats
    prior_rows: float

    def leaves(self, columns: Floats) -> Integers:
        """(n, t): the leaf that each of the rows (n, c) ends in, tree by tree."""
        rows = np.arange(len(columns))
        found = np.empty((len(columns), len(self.roots)), np.int64)
        for tree, root in enumerate(self.roots):
            nodes = np.full(len(columns), root)
            while True:
                goes_left = columns[rows, self.column[nodes]] <= self.threshold[nodes]
                reached = np.where(goes_left, self.left[nodes], self.right[nodes])
                if np.array_equal(reached, nodes):
                    break
                nodes = reached
            found[:, tree] = nodes
        return found

    def see(self, inputs: Inputs) -> View:
        """The leaves."""
        return View((self.leaves(columns_of(inputs)),))

    def read_out(self, rows: Rows) -> "FilledTrees":
        """Leaves as means of their rows' targets, with `prior_rows` rows of what is to be expected there.

        That is the LLM's mean, and how hard the leaf is for all: few rows leave most leaves empty, and an LLM that is
        as good everywhere draws the queries that others find hard.
        """
        [leaves] = rows.view.arrays
        mean = float(rows.target.mean())
        size = len(self.column)
        count = np.bincount(leaves.ravel(), minlength=size)
        total = np.bincount(leaves.ravel(), np.repeat(rows.target, leaves.shape[1]), minlength=size)
        # A leaf without rows needs some prior.
        weight = count + max(self.prior_rows, 1e-6)
        values = (total + (weight - count) * (mean + self.common)) / weight
        return FilledTrees(self, values.astype(np.float32))


@dataclass(frozen=True, slots=True)
class FilledTrees:
    """One LLM's trees: a row's prediction is the mean of its leaves' values."""

    trees: Trees
    #: (m,), of leaves; what stands at other nodes is not used.
    values: Floats

    def predict(self, view: View) -> Floats:
        """(n,): means over the trees."""
        found: Floats = self.values[view.arrays[0]].mean(axis=1, dtype=np.float32)
        return found

    def write(self, builder: Builder, columns: str) -> str:
        """One TreeEnsembleRegressor."""
        return write_trees(builder, columns, self.trees, self.values / np.float32(len(self.trees.roots)))


def write_trees(builder: Builder, columns: str, trees: Trees, values: Floats) -> str:
    """The sum of the values of a row's leaves; `values` (m,) as the nodes."""
    nodes = np.arange(len(trees.column))
    tree = np.searchsorted(trees.roots, nodes, side="right") - 1
    local = nodes - trees.roots[tree]
    is_leaf = trees.left == nodes
    return builder.node(
        "TreeEnsembleRegressor",
        [columns],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=tree.tolist(),
        nodes_nodeids=local.tolist(),
        nodes_featureids=np.where(is_leaf, 0, trees.column).tolist(),
        nodes_modes=np.where(is_leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_values=np.where(is_leaf, 0, trees.threshold).tolist(),
        nodes_truenodeids=np.where(is_leaf, 0, trees.left - trees.roots[tree]).tolist(),
        nodes_falsenodeids=np.where(is_leaf, 0, trees.right - trees.roots[tree]).tolist(),
        target_treeids=tree[is_leaf].tolist(),
        target_nodeids=local[is_leaf].tolist(),
        target_ids=np.zeros(int(is_leaf.sum()), np.int64).tolist(),
        target_weights=values[is_leaf].tolist(),
    )


def grow(targets: Targets, config: TreesConfig, seed: int, jobs: int = -1) -> Trees:
    """Splits that make all LLMs' targets alike within leaves at once: noise of one LLM draws few of them."""
    # Without the vector's columns what is left are the features, and the length.
    hidden = 0 if config.vector else targets.inputs.vectors.shape[1]
    options = {
        "n_estimators": config.count,
        "min_samples_leaf": max(config.leaf_rows, int(config.leaf_share * len(targets.values))),
        "max_features": config.columns,
        "random_state": seed,
        "n_jobs": jobs,
    }
    forest = (
        RandomForestRegressor(**options, max_samples=0.5) if config.kind == "forest" else ExtraTreesRegressor(**options)
    )
    forest.fit(columns_of(targets.inputs)[:, hidden:], targets.filled())
    trees = joined([tree.tree_ for tree in forest.estimators_], config.prior_rows)
    return replace(trees, column=trees.column + hidden)


def joined(grown: Sequence[Grown], prior_rows: float) -> Trees:
    """scikit-learn's trees in one numbering."""
    sizes = [len(tree.feature) for tree in grown]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    own = np.arange(sum(sizes))
    first = np.repeat(roots, sizes)
    left = np.concatenate([tree.children_left for tree in grown])
    right = np.concatenate([tree.children_right for tree in grown])
    is_leaf = left < 0
    return Trees(
        column=np.where(is_leaf, 0, np.concatenate([tree.feature for tree in grown])).astype(np.int64),
        threshold=_rounded_down(np.concatenate([tree.threshold for tree in grown])),
        left=np.where(is_leaf, own, left + first).astype(np.int64),
        right=np.where(is_leaf, own, right + first).astype(np.int64),
        roots=roots,
        common=np.concatenate([_common(tree) for tree in grown]),
        prior_rows=prior_rows,
    )


def _common(tree: Grown) -> Floats:
    means = tree.value[:, :, 0]
    common: Floats = (means - means[0]).mean(axis=1).astype(np.float32)
    return common


def _rounded_down(thresholds: NDArray[np.float64]) -> Floats:
    """The largest float32 below or at each: columns are float32, so that none of them changes sides."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)
