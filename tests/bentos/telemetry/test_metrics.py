"""What /metrics says: counts that add up, in Prometheus's format, and every name the dashboard asks for."""

import asyncio
import json
import re
import threading
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.http.fast_path import FastPath
from bentos.http.served import Running
from bentos.telemetry.metrics import STAGES, Histogram
from shelfspace.workspace import PROJECT
from tests.bentos.shop import Shop

DASHBOARD = PROJECT / "docs" / "grafana" / "shelfspace.json"
RULES = PROJECT / "docs" / "grafana" / "alerts.yaml"
SCRAPE = PROJECT / "docs" / "grafana" / "prometheus.yaml"


def samples(text: str) -> dict[tuple[str, tuple], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: dict[tuple[str, tuple], float], name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


async def nothing(scope: dict, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"not here"})


@pytest.fixture
def application(shop: Shop, tmp_path: Path):
    config = ServiceConfig(
        shop.settings, releases=tmp_path, baked_release=shop.first.folder, live=tmp_path / "live"
    )
    made = Application(config)
    made.tell_metrics()
    made.engine.refresh()
    yield made
    made.close()


def ask(application: Application, *calls: tuple[str, str, dict | None]) -> list[httpx.Response]:
    app = FastPath(nothing, running=Running(application), spec=dict)

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [await client.request(method, path, json=body) for method, path, body in calls]

    return asyncio.run(run())


def scrape(application: Application) -> dict[tuple[str, tuple], float]:
    (answer,) = ask(application, ("GET", "/metrics", None))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return samples(answer.text)


def test_a_histogram_counts_as_prometheus_defines_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for size in (0.5, 1.0, 1.5, 7.0):
        histogram.observe(size)
    assert histogram.buckets() == ([("1.0", 2.0), ("2.0", 3.0), ("+Inf", 4.0)], 10.0)


def test_threads_lose_no_count() -> None:
    histogram = Histogram()
    threads = [
        threading.Thread(target=lambda: [histogram.observe(0.001) for _ in range(5000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert histogram.buckets()[0][-1] == ("+Inf", 20_000.0)


def test_requests_stages_and_refusals_are_counted(application: Application) -> None:
    before = scrape(application)
    answers = ask(
        application,
        ("POST", "/search", {"query": {"text": "blue shoe"}, "k": 3}),
        ("POST", "/search", {"query": {"text": "red bag"}, "k": 3}),
        ("POST", "/search", {"query": {"text": "red bag"}, "k": 5000}),
        ("POST", "/similar", {"product_id": "nobody"}),
        ("GET", "/search", None),
    )
    assert [answer.status_code for answer in answers] == [200, 200, 422, 404, 405]
    after = scrape(application)

    def risen(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    count = "shelfspace_request_seconds_count"
    assert risen(count, route="search", status="2xx") == 2
    assert risen(count, route="search", status="4xx") == 2
    assert risen(count, route="similar", status="4xx") == 1
    for reason in ("invalid", "unknown product", "method"):
        assert risen("shelfspace_refusals_total", reason=reason) == 1
    stages = {stage: risen("shelfspace_stage_seconds_count", stage=stage) for stage in STAGES}
    for stage in ("queue", "featurize", "encode", "search", "words", "rank", "shape", "log", "serialise"):
        assert stages[stage] == 2, stage
    assert stages["decode"] == 0, "no photo was sent"
    assert stages["read"] == 4, "a GET has no body to read"
    assert risen("shelfspace_batch_jobs_count") == 2
    # The stages are parts of the requests, so they cannot take longer.
    spent = sum(risen("shelfspace_stage_seconds_sum", stage=stage) for stage in STAGES)
    total = sum(
        risen("shelfspace_request_seconds_sum", route=route, status=status)
        for route in ("search", "similar")
        for status in ("2xx", "4xx")
    )
    assert 0 < spent < total


def test_release_and_delta_are_told(application: Application, shop: Shop) -> None:
    item = {"product_id": "NEW", "title": "a purple shoe"}
    assert ask(application, ("POST", "/products/put", {"item": item}))[0].status_code == 200
    assert ask(application, ("POST", "/products/delete", {"product_id": "P003"}))[0].status_code == 200
    found = scrape(application)
    info = next(labels for name, labels in found if name == "shelfspace_release_info")
    assert dict(info) == {"release": shop.first.id, "index": "exact", "factory": ""}
    assert value(found, "shelfspace_release_rows") == 60
    assert value(found, "shelfspace_ready") == 1
    assert value(found, "shelfspace_delta_products") == 1
    assert value(found, "shelfspace_delta_deleted") == 1
    assert value(found, "shelfspace_delta_sequence") == 2
    assert value(found, "shelfspace_delta_bytes") > 0
    assert value(found, "shelfspace_release_age_seconds") > 0
    assert value(found, "shelfspace_requests_in_flight") == 0


def test_names_of_a_request_make_no_series(application: Application) -> None:
    """A series for every name that a caller can think of would fill Prometheus."""
    before = set(scrape(application))
    for name in ("a", "b", "c"):
        ask(application, ("POST", "/search", {"query": {"text": "x", name: 1}}), ("POST", f"/{name}", {}))
    new = {labels for _, labels in set(scrape(application)) - before}
    assert not any(made in str(labels) for labels in new for made in ("'a'", "'b'", "'c'", "query"))


def queries() -> list[tuple[str, str]]:
    """Where a query stands, and the query: of every panel and of every alert."""
    board = json.loads(DASHBOARD.read_text())
    found = [
        (panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", [])
    ]
    rules = yaml.safe_load(RULES.read_text())
    return found + [(rule["alert"], rule["expr"]) for group in rules["groups"] for rule in group["rules"]]


def test_the_dashboard_can_be_imported() -> None:
    board = json.loads(DASHBOARD.read_text())
    assert board["title"]
    assert board["uid"]
    assert board["schemaVersion"] >= 36
    assert len(board["panels"]) >= 12
    places = [tuple(panel["gridPos"][side] for side in "xywh") for panel in board["panels"]]
    assert len(set(places)) == len(places)
    assert all(x + w <= 24 for x, _, w, _ in places)
    names = {entry["name"] for entry in board["__inputs"]}
    used = set(re.findall(r"\$\{(DS_\w+)\}", DASHBOARD.read_text()))
    assert used == names
    job = yaml.safe_load(SCRAPE.read_text())["scrape_configs"][0]
    assert job["metrics_path"] == "/metrics"


def missing(text: str) -> dict[str, set[str]]:
    """Names that dashboard and alerts ask for and a server does not tell."""
    told = {name for name, _ in samples(text)}
    lacks = {
        where: set(re.findall(r"\b(?:shelfspace|process|bentoml\w*)_\w+", query)) - told
        for where, query in queries()
    }
    return {where: names for where, names in lacks.items() if names}


def test_every_name_of_dashboard_and_alerts_is_told(application: Application) -> None:
    ask(
        application,
        ("POST", "/search", {"query": {"text": "blue shoe"}}),
        ("POST", "/search", {"query": {"text": ""}}),
    )
    (answer,) = ask(application, ("GET", "/metrics", None))
    assert missing(answer.text) == {}
