"""What stands before each LLM right now, and what it was paid, from the metrics of all processes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families


@dataclass(slots=True)
class Queue:
    """One LLM, over all executors and decision replicas since they started."""

    llm: str
    #: Predicted seconds of all work before it.
    outstanding_s: float = 0.0
    in_flight: int = 0
    answered: int = 0
    cost_usd: float = 0.0
    #: Why it is not called; None while it is.
    closed: str | None = None


def queues(pages: Iterable[str]) -> list[Queue]:
    """One line an LLM, by name; `pages` are what `/metrics` answered.

    >>> page = 'pointsman_in_flight_calls{llm="a"} 2.0\\npointsman_outstanding_seconds{llm="a"} 1.5'
    >>> queues([page, page])
    [Queue(llm='a', outstanding_s=1.5, in_flight=4, answered=0, cost_usd=0.0, closed=None)]
    """
    found: defaultdict[str, Queue] = defaultdict(lambda: Queue(""))
    for page in pages:
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                if "llm" in sample.labels:
                    _add(found[sample.labels["llm"]], sample.name, sample.labels, sample.value)
    for llm, queue in found.items():
        queue.llm = llm
    return [found[llm] for llm in sorted(found)]


def _add(queue: Queue, name: str, labels: dict[str, str], value: float) -> None:
    match name:
        case "pointsman_outstanding_seconds":
            # Every replica of decision sees the same.
            queue.outstanding_s = max(queue.outstanding_s, value)
        case "pointsman_in_flight_calls":
            queue.in_flight += int(value)
        case "pointsman_attempts_total" if labels["outcome"] == "answered":
            queue.answered += int(value)
        case "pointsman_cost_usd_total":
            queue.cost_usd += value
        case "pointsman_llm_closed" if value == 1:
            queue.closed = labels["reason"]
