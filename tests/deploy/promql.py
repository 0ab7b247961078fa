"""PromQL expressions taken apart, and held against the declared metrics."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as promql
from prometheus_client.metrics import MetricWrapperBase

from shared.metrics import Metrics

#: Labels that a scrape adds.
SCRAPED = frozenset({"job", "instance"})
_OVER_COUNTERS = ("rate", "increase", "irate")


@dataclass(frozen=True, slots=True)
class Series:
    """What a name in an expression may stand for."""

    kind: str
    labels: frozenset[str]


def declared() -> dict[str, Series]:
    """Every series by its name in Prometheus, those of the process and of the scrape included."""
    series = {
        "up": Series("gauge", SCRAPED),
        "process_resident_memory_bytes": Series("gauge", SCRAPED),
        "process_cpu_seconds_total": Series("counter", SCRAPED),
    }
    for metric in of_the_fleet():
        labels = frozenset(metric._labelnames) | SCRAPED
        if metric._type == "histogram":
            series[f"{metric._name}_bucket"] = Series("bucket", labels | {"le"})
            series |= {f"{metric._name}_{part}": Series("counter", labels) for part in ("sum", "count")}
        else:
            series[f"{metric._name}_total" if metric._type == "counter" else metric._name] = Series(
                metric._type, labels
            )
    return series


def of_the_fleet() -> list[MetricWrapperBase]:
    """The metrics of shared/metrics.py."""
    return [value for value in vars(Metrics()).values() if isinstance(value, MetricWrapperBase)]


def faults(expression: str, known: Mapping[str, Series]) -> list[str]:
    """What is wrong with an expression; raises ValueError where it is no PromQL."""
    tree = _parsed(expression)
    return [fault for node, around in _walk(tree, ()) for fault in _faults(node, around, known)]


def names(expression: str) -> set[str]:
    """The series an expression reads."""
    return {node.name for node, _ in _walk(_parsed(expression), ()) if isinstance(node, promql.VectorSelector)}


def _parsed(expression: str) -> Any:
    """Grafana's variables stand for durations."""
    return promql.parse(re.sub(r"\$__\w+", "1m", expression))


def _walk(node: Any, around: tuple[str, ...]) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Every part of an expression, with the functions it stands in, the nearest first."""
    yield node, around
    if isinstance(node, promql.Call):
        around = (node.func.name, *around)
    for part in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, part, None)
        if child is not None:
            yield from _walk(child, around)
    for child in getattr(node, "args", ()):
        yield from _walk(child, around)


def _faults(node: Any, around: tuple[str, ...], known: Mapping[str, Series]) -> Iterator[str]:
    if isinstance(node, promql.VectorSelector):
        yield from _faults_of_selector(node, around, known)
    elif isinstance(node, promql.AggregateExpr) and node.modifier is not None:
        yield from _unknown(node.modifier.labels, node, known)
    elif isinstance(node, promql.BinaryExpr) and node.modifier is not None and node.modifier.matching is not None:
        yield from _unknown(node.modifier.matching.labels, node, known)
    elif isinstance(node, promql.Call) and node.func.name == "histogram_quantile" and "_bucket" not in str(node):
        yield f"histogram_quantile without buckets: {node}"


def _faults_of_selector(node: Any, around: tuple[str, ...], known: Mapping[str, Series]) -> Iterator[str]:
    if node.name not in known:
        yield f"{node.name} is not declared"
        return
    series = known[node.name]
    yield from (
        f"{node.name} has no label {one.name}" for one in node.matchers.matchers if one.name not in series.labels
    )
    rated = bool(around) and around[0] in _OVER_COUNTERS
    if rated != (series.kind in ("counter", "bucket")):
        yield f"{node.name} is a {series.kind}: {'not for rate' if rated else 'only for rate'}"
    if (series.kind == "bucket") != ("histogram_quantile" in around):
        yield f"{node.name} and histogram_quantile belong together"


def _unknown(labels: list[str], node: Any, known: Mapping[str, Series]) -> Iterator[str]:
    """Labels of a grouping that no series below it has."""
    below = [known[part.name].labels for part, _ in _walk(node, ()) if getattr(part, "name", None) in known]
    yield from (f"no label {label} in {node}" for label in labels if not any(label in one for one in below))
