"""Alerts and dashboard ask for metrics that exist, and somebody scrapes them."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from bootstrap.plan import codes
from bootstrap.plan.codes import Code
from tests.manifests import promql, render
from tests.manifests.render import Build, Object

FOLDER = render.MANIFESTS / "examples" / "prometheus"
MOVING = {Code.KEYS_BEHIND, Code.MOVE_FAILS, Code.MOVE_UNSUPPORTED, Code.WISH_TOO_SMALL}
"""Refusals to move slots. All slots are served where they are, and the pods stay ready."""


def alerts() -> list[Object]:
    (rules,) = render.build(FOLDER).of("PrometheusRule")
    return [one for group in rules["spec"]["groups"] for one in group["rules"]]


def dashboard() -> Any:
    return json.loads((FOLDER / "dashboard.json").read_text())


def queries() -> list[tuple[str, str]]:
    """Every query, by where it stands."""
    found = [(str(one["alert"]), str(one["expr"])) for one in alerts()]
    for panel in dashboard()["panels"]:
        found += [(f"panel {panel['title']}", str(one["expr"])) for one in panel["targets"]]
    return found


@pytest.mark.parametrize(("where", "query"), queries())
def test_what_is_asked_for_exists(where: str, query: str) -> None:
    assert promql.selectors(query)
    assert promql.faults(query) == []


@pytest.mark.parametrize(
    "query",
    [
        "bootstrap_redy == 0",
        "rate(bootstrap_ticks[5m])",
        'bootstrap_blocked{kind="meet"}',
        'bootstrap_blocked{code="no-such-code"}',
        'bootstrap_handovers_total{result!~"done|noting"}',
        "max by (codes) (bootstrap_blocked)",
    ],
)
def test_what_does_not_exist_is_found(query: str) -> None:
    assert promql.faults(query)


def test_what_is_no_query_is_found() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        promql.faults("sum by (pod (bootstrap_ready)")


@pytest.mark.parametrize("alert", alerts(), ids=lambda one: one["alert"])
def test_an_alert_says_who_and_how_urgent(alert: Object) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    named = {
        name
        for text in alert["annotations"].values()
        for name in re.findall(r"\$labels\.(\w+)", text)
    }
    assert named
    assert named <= promql.kept(alert["expr"])


def test_each_alert_has_a_name_of_its_own() -> None:
    names = [one["alert"] for one in alerts()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("code", sorted(codes.REFUSALS))
def test_each_refusal_has_one_alert(code: codes.Code) -> None:
    found = [
        one["labels"]["severity"]
        for one in alerts()
        for how, named in re.findall(r'bootstrap_blocked\{code([=!])~"([^"]+)"\}', one["expr"])
        if (code in named.split("|")) == (how == "=")
    ]
    # A refusal that only keeps slots where they are can wait: clients are served.
    assert found == ["warning" if code in MOVING else "critical"]


def test_the_sidecars_are_scraped() -> None:
    build = render.build(FOLDER)
    (monitor,) = build.of("ServiceMonitor")
    (service,) = _selected(build, monitor["spec"]["selector"]["matchLabels"])
    assert service["spec"]["publishNotReadyAddresses"] is True
    (endpoint,) = monitor["spec"]["endpoints"]
    (port,) = (one for one in service["spec"]["ports"] if one["name"] == endpoint["port"])
    assert port["targetPort"] == build.sidecar["ports"][0]["containerPort"]
    assert endpoint["path"] == "/metrics"


def test_alerts_know_the_service_that_is_scraped() -> None:
    services = {one["metadata"]["name"] for one in render.build(FOLDER).of("Service")}
    for query in (one["expr"] for one in alerts()):
        for selector in promql.selectors(query):
            named = {one.value for one in selector.matchers.matchers if one.name == "service"}
            assert named <= services


def test_the_dashboard_is_what_grafana_loads() -> None:
    (config,) = (
        one for one in render.build(FOLDER).of("ConfigMap") if "dashboard.json" in one["data"]
    )
    assert config["metadata"]["labels"] == {"grafana_dashboard": "1"}
    assert json.loads(config["data"]["dashboard.json"]) == dashboard()


def test_panels_are_told_apart_and_do_not_overlap() -> None:
    panels = dashboard()["panels"]
    for key in ("id", "title"):
        assert len({one[key] for one in panels}) == len(panels)
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_what_the_dashboards_variables_offer_exists() -> None:
    asked = [one["query"] for one in dashboard()["templating"]["list"] if one["type"] == "query"]
    assert asked
    for query in asked:
        found = re.fullmatch(r"label_values\((\w+), (\w+)\)", query)
        assert found, query
        assert promql.faults(f"count by ({found[2]}) ({found[1]})") == []


def test_queries_know_the_dashboards_variables() -> None:
    known = {one["name"] for one in dashboard()["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard()["panels"])))
    assert used == known


def _selected(build: Build, labels: Object) -> list[Object]:
    return [
        one
        for one in build.of("Service")
        if labels.items() <= one["metadata"].get("labels", {}).items()
    ]
