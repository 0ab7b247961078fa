"""Writes grafana/dashboards/pointsman.json: `python deploy/observability/dashboard.py`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "grafana" / "dashboards" / "pointsman.json"
_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 7, 3


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression and how its lines are named."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph, or a table of what there is now."""

    title: str
    about: str
    #: Grafana's name of the unit.
    unit: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    stacked: bool = False


def _rate(counter: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate(pointsman_{counter}_total{where}[$__rate_interval]))"


def _total(counter: str, where: str = "") -> str:
    return f"sum(rate(pointsman_{counter}_total{where}[$__rate_interval]))"


def _quantiles(histogram: str, by: str = "") -> tuple[Query, ...]:
    grouped, legend = (f"le, {by}", f"{{{{{by}}}}} ") if by else ("le", "")
    buckets = f"sum by ({grouped}) (rate(pointsman_{histogram}_bucket[$__rate_interval]))"
    return tuple(
        Query(f"histogram_quantile({share}, {buckets})", f"{legend}p{100 * share:.0f}") for share in (0.5, 0.99)
    )


_ANSWERED = '{outcome="answered"}'

ROWS: dict[str, tuple[Panel, ...]] = {
    "Routing": (
        Panel(
            "Queries ended",
            "Answered, refused and failed queries a second.",
            "reqps",
            (
                Query(_total("attempts", _ANSWERED), "answered"),
                Query(_total("refused_queries"), "refused"),
                Query(_total("failed_queries"), "failed"),
            ),
        ),
        Panel(
            "Share of the decisions",
            "Which LLM is chosen.",
            "percentunit",
            (Query(f"{_rate('decisions', 'llm')} / ignoring (llm) group_left {_total('decisions')}", "{{llm}}"),),
            stacked=True,
        ),
        Panel("Wait for an answer", "From a query's append to its answer.", "s", _quantiles("answer_seconds")),
    ),
    "Queues": (
        Panel(
            "Records waiting",
            "Appended and not finished, by who reads them; work that waits, nothing else.",
            "short",
            (Query("sum by (job, topic) (pointsman_lag_records)", "{{job}} {{topic}}"),),
        ),
        Panel(
            "Work before each LLM",
            "Predicted seconds of what is queued or in flight, as decision sees it.",
            "s",
            (Query("max by (llm) (pointsman_outstanding_seconds)", "{{llm}}"),),
        ),
        Panel(
            "Calls in flight",
            "Over all executors.",
            "short",
            (Query("sum by (llm) (pointsman_in_flight_calls)", "{{llm}}"),),
        ),
        Panel(
            "Records finished",
            "Per topic and second.",
            "reqps",
            (Query(_rate("records", "topic"), "{{topic}}"),),
        ),
        Panel(
            "Undecided queries",
            "Held by decision until predictions are there.",
            "short",
            (Query("sum(pointsman_undecided_queries)", "undecided"),),
        ),
        Panel(
            "Routing log behind",
            "Records not in Postgres yet, and feedback whose query is not known yet.",
            "short",
            (
                Query("max by (topic) (pointsman_recorder_lag_records)", "{{topic}}"),
                Query(_rate("recorded_rows", "table"), "{{table}} recorded a second"),
                Query("max(pointsman_waiting_feedback_rows)", "feedback without its query"),
            ),
        ),
    ),
    "Latency": (
        Panel("Stages", "Where an answered query's time went.", "s", _quantiles("stage_seconds", "stage")),
        Panel("Handling", "A lane's work on one batch or record.", "s", _quantiles("handle_seconds", "lane")),
        Panel("Decision maths", "The arithmetic of one decision.", "s", _quantiles("decide_seconds")),
        Panel(
            "Encoder",
            "Tokens a second; the distance of the two lines is padding.",
            "short",
            (
                Query(_total("embedded_tokens"), "tokens"),
                Query(_total("padded_tokens"), "with padding"),
            ),
        ),
        Panel(
            "Memory",
            "Resident, per process.",
            "bytes",
            (Query("process_resident_memory_bytes", "{{job}} {{instance}}"),),
        ),
        Panel(
            "Processor",
            "Cores in use, per process.",
            "short",
            (Query("rate(process_cpu_seconds_total[$__rate_interval])", "{{job}} {{instance}}"),),
        ),
    ),
    "LLMs": (
        Panel("Calls", "From start to end.", "s", _quantiles("call_seconds", "llm")),
        Panel("First token", "From a call's start.", "s", _quantiles("first_token_seconds", "llm")),
        Panel(
            "Attempts without an answer",
            "By LLM and kind of failure.",
            "reqps",
            (Query(_rate("attempts", "llm, outcome", '{outcome!="answered"}'), "{{llm}} {{outcome}}"),),
        ),
        Panel(
            "Closed",
            "1 while an LLM is not called, and why.",
            "short",
            (Query("max by (llm, reason) (pointsman_llm_closed) > 0", "{{llm}} {{reason}}"),),
        ),
        Panel(
            "Decided without its prediction",
            "Late predictions, predictions from a prior, and embeddings too old to predict for.",
            "reqps",
            (
                Query(_rate("late_predictions", "llm"), "{{llm}} late"),
                Query(_rate("prior_predictions", "llm"), "{{llm}} prior"),
                Query(_rate("skipped_embeddings", "llm"), "{{llm}} skipped"),
            ),
        ),
        Panel(
            "Model files refused",
            "Promoted encoders and heads that could not be loaded.",
            "short",
            (Query("sum by (job, kind) (increase(pointsman_refused_models_total[$__range]))", "{{job}} {{kind}}"),),
        ),
        Panel(
            "Model versions",
            "How many processes serve each head and encoder.",
            "short",
            (
                Query("count by (version) (pointsman_encoder_info)", "encoder {{version}}"),
                Query("count by (llm, version) (pointsman_head_info)", "{{llm}} {{version}}"),
            ),
            kind="table",
        ),
    ),
    "Learning": (
        Panel(
            "Fits",
            "Heads fitted from feedback, by what became of them, per hour.",
            "short",
            (Query(f"3600 * {_rate('fits', 'llm, outcome')}", "{{llm}} {{outcome}}"),),
        ),
        Panel("Time of a fit", "Fitting one head.", "s", _quantiles("fit_seconds", "llm")),
        Panel(
            "Feedback not learned yet",
            "Queries with feedback since the last fit; left out: embedded by another encoder.",
            "short",
            (
                Query("max by (llm) (pointsman_unlearned_feedback_rows)", "{{llm}}"),
                Query("max by (llm) (pointsman_left_out_feedback_rows)", "{{llm}} left out"),
            ),
        ),
    ),
    "Money": (
        Panel(
            "Paid per hour",
            "By reported usage and list price.",
            "currencyUSD",
            (Query(f"3600 * {_rate('cost_usd', 'llm')}", "{{llm}}"),),
            stacked=True,
        ),
        Panel(
            "Paid per answer",
            "Mean over the answers.",
            "currencyUSD",
            (
                Query(f"{_rate('cost_usd', 'llm')} / {_rate('attempts', 'llm', _ANSWERED)}", "{{llm}}"),
                Query(f"{_total('cost_usd')} / {_total('attempts', _ANSWERED)}", "all"),
            ),
        ),
        Panel(
            "Paid and discarded",
            "Answers that came after their claim was lost, and calls made without a claim.",
            "reqps",
            (
                Query(_rate("duplicate_calls", "llm"), "{{llm}} duplicate"),
                Query(_rate("unclaimed_calls", "llm"), "{{llm}} unclaimed"),
            ),
        ),
    ),
    "Faults": (
        Panel("Refused", "By kind.", "reqps", (Query(_rate("refused_queries", "kind"), "{{kind}}"),)),
        Panel("Failed", "By kind.", "reqps", (Query(_rate("failed_queries", "kind"), "{{kind}}"),)),
        Panel(
            "Dead letters",
            "And unreadable records of topics that have none.",
            "reqps",
            (
                Query(_rate("dead_letters", "topic"), "{{topic}}"),
                Query(_rate("left_out_records", "topic"), "{{topic}} left out"),
            ),
        ),
        Panel(
            "Waiting in place",
            "Transient failures, and looks at claims that other processes hold.",
            "reqps",
            (
                Query(_rate("retries", "job, topic"), "{{job}} {{topic}}"),
                Query(_rate("claim_waits", "llm"), "{{llm}} claims"),
            ),
        ),
        Panel(
            "Lanes",
            "Rebuilt, without progress, cut off by a drain.",
            "short",
            (
                Query(_rate("lane_restarts", "job, lane"), "{{job}} {{lane}} rebuilt a second"),
                Query("max by (job, lane) (pointsman_progress_age_seconds) > 5", "{{job}} {{lane}} seconds stuck"),
                Query(_rate("cut_off_records", "topic"), "{{topic}} cut off a second"),
            ),
        ),
        Panel(
            "Clocks",
            "The broker's minus the process's own.",
            "s",
            (Query("pointsman_clock_offset_seconds", "{{job}} {{instance}}"),),
        ),
    ),
}


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    return {
        "uid": "pointsman",
        "title": "Pointsman",
        "tags": ["pointsman"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "panels": list(_panels()),
    }


def _panels() -> Iterator[dict[str, Any]]:
    y, number = 0, 0
    for row, panels in ROWS.items():
        number += 1
        yield {"id": number, "type": "row", "title": row, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}, "panels": []}
        for place, panel in enumerate(panels):
            number += 1
            line, column = divmod(place, _COLUMNS)
            at = {"x": column * _WIDTH, "y": y + 1 + line * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
            yield {"id": number, "gridPos": at, **_panel(panel)}
        y += 1 + -(-len(panels) // _COLUMNS) * _HEIGHT


def _panel(panel: Panel) -> dict[str, Any]:
    table = panel.kind == "table"
    drawn = {"fillOpacity": 30 if panel.stacked else 5, "stacking": {"mode": "normal" if panel.stacked else "none"}}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": {} if table else drawn}, "overrides": []},
        "options": {} if table else {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
                "instant": table,
                "range": not table,
                "format": "table" if table else "time_series",
            }
            for place, query in enumerate(panel.queries)
        ],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(dashboard(), indent=1) + "\n")
