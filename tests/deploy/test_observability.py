"""Dashboard and alerts ask only for what the fleet declares, and each alert has its section in the runbook."""

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.promql import declared, faults, names, of_the_fleet

ROOT = Path(__file__).parents[2]
OBSERVABILITY = ROOT / "deploy" / "observability"
DASHBOARD = OBSERVABILITY / "grafana" / "dashboards" / "pointsman.json"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
PANELS = [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]
#: How a metric's name must end.
ENDINGS = {
    "counter": "s|_usd",
    "gauge": "_seconds|_records|_queries|_calls|_rows|_info|_closed",
    "histogram": "_seconds",
}
#: Of bounded number; never a query, a user or a tenant.
LABELS = {"topic", "lane", "llm", "kind", "outcome", "reason", "stage", "table", "version"}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_query_fits_the_declared_metrics(expression: str) -> None:
    assert faults(expression, declared()) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("pointsman_no_such_metric", "is not declared"),
        ("rate(pointsman_lag_records[5m])", "not for rate"),
        ("pointsman_decisions_total", "only for rate"),
        ("sum by (tenant) (rate(pointsman_decisions_total[5m]))", "no label tenant"),
        ('rate(pointsman_decisions_total{topic="x"}[5m])', "has no label topic"),
        ("histogram_quantile(0.5, rate(pointsman_call_seconds_sum[5m]))", "without buckets"),
        ("sum(rate(pointsman_call_seconds_bucket[5m]))", "belong together"),
        ("a / ignoring (llm) group_left rate(pointsman_records_total[5m])", "no label llm"),
    ],
)
def test_what_does_not_fit_is_found(expression: str, fault: str) -> None:
    assert any(fault in found for found in faults(expression, declared()))


def test_every_metric_is_on_the_dashboard() -> None:
    shown = set().union(*(names(target["expr"]) for panel in PANELS for target in panel["targets"]))
    missing = [metric._name for metric in of_the_fleet() if not any(name.startswith(metric._name) for name in shown)]

    assert missing == []


def test_every_metric_says_what_it_counts_and_in_which_unit() -> None:
    for metric in of_the_fleet():
        assert len(metric._documentation) > 10, metric._name
        assert re.search(f"({ENDINGS[metric._type]})$", metric._name), metric._name
        assert set(metric._labelnames) <= LABELS, metric._name


def test_the_dashboard_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(OBSERVABILITY / "dashboard.py"))

    assert json.loads(DASHBOARD.read_text()) == script["dashboard"](), "run: python deploy/observability/dashboard.py"


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_the_lines_of_a_panel_are_named_by_labels_they_have(panel: dict[str, Any]) -> None:
    known = declared()
    for target in panel["targets"]:
        labels = set().union(*(known[name].labels for name in names(target["expr"])))
        assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do_and_where_to_read_on(rule: dict[str, Any]) -> None:
    annotations = rule["annotations"]
    page, _, anchor = annotations["runbook"].partition("#")
    headings = re.findall(r"^#+ (.*)$", (ROOT / page).read_text(), re.MULTILINE)

    assert annotations["summary"]
    assert annotations["action"]
    assert anchor == rule["alert"].lower()
    assert rule["alert"] in headings


def test_prometheus_scrapes_every_service() -> None:
    config = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())
    services = {folder.parent.name for folder in (ROOT / "services").glob("*/app.py")} - {"simulator"}

    assert {job["job_name"] for job in config["scrape_configs"]} == services
