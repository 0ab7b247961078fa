"""What routers are called on the page, what they do, and their colours."""

from collections.abc import Sequence

#: In the order in which they are told of.
ABOUT = {
    "pointsman": "what a fleet serves by default",
    "oracle": "knows every answer beforehand: the bound of any router",
    "dataset_mean": "each LLM’s means on the query’s own data set, whose name a live fleet is not told",
    "best_single": "one LLM for all queries, the best in training within a cost",
    "global_mean": "each LLM’s means over all training queries",
    "knn": "means over the 40 most similar training queries",
    "mlp": "one small network for all LLMs",
    "clusters": "means on the 3 nearest of 25 clusters (Avengers-Pro)",
    "cascade": "asks from cheap to dear until an answer is thought good enough, and pays for each",
    "random": "draws from the k cheapest LLMs",
}
_PART = "mixllm_"
#: Lines of the picture; those that lie on others, and the parts, are in the table alone.
DRAWN = ("oracle", "pointsman", "dataset_mean", "best_single", "knn", "mlp", "clusters", "cascade", "random")
_COLOURS = {name: f"hue-{place}" for place, name in enumerate(name for name in DRAWN if name != "pointsman")}


def colour(router: str) -> str:
    """A class of the stylesheet."""
    return "fleet" if router == "pointsman" else _COLOURS.get(router, "grey-0")


def about(router: str) -> str:
    """One line on what it does."""
    return ABOUT.get(router, f"heads of the kind {router.removeprefix(_PART)} alone")


def ordered(routers: Sequence[str]) -> list[str]:
    """Ours first, its parts next, then the baselines."""
    parts = sorted(name for name in routers if name.startswith(_PART))
    return [name for name in ("pointsman", *parts, *list(ABOUT)[1:]) if name in routers]
