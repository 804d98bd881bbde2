"""The real Dagster daemon: a delivery in the inbox starts a run, and so does a drift verdict."""

from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from shelfspace.files import write_json
from tests.end_to_end.conftest import Checkout, free_port, stop
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

RUNS = "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } runConfig } } } }"


def runs(address: str) -> list[dict[str, Any]]:
    answer = httpx.post(f"{address}/graphql", json={"query": RUNS}, timeout=30).json()
    return answer["data"]["runsOrError"]["results"]


def finished(address: str, job: str, sensor: str) -> bool:
    for run in runs(address):
        tags = {tag["key"]: tag["value"] for tag in run["tags"]}
        if run["jobName"] == job and tags.get("dagster/sensor_name") == sensor:
            assert run["status"] not in ("FAILURE", "CANCELED"), run
            return run["status"] == "SUCCESS"
    return False


def test_sensors_launch_runs(checkout: Checkout, demo: object, tmp_path: Path) -> None:
    params = checkout.root / "params.yaml"
    quick = params.read_text().replace("drift_interval_seconds: 60", "drift_interval_seconds: 5")
    params.write_text(quick.replace("inbox_interval_seconds: 30", "inbox_interval_seconds: 5"))
    port, log = free_port(), tmp_path / "dagster.log"
    server = checkout.start(
        ".venv/bin/python", "-m", "dagster_project.cli", "ui", "--port", str(port),
        "--catalog", str(checkout.catalog), log=log,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: httpx.get(f"{address}/server_info").status_code == 200, 120, server, log)
        products = pd.read_parquet(checkout.workspace / "prepared" / "catalogue" / "products.parquet")
        delivery = products.iloc[[0]][["product_id", "title", "description", "category", "currency"]].assign(
            title="A product that came by delivery", price="33", updated_at="2032-01-01T00:00:00Z"
        )
        inbox = checkout.workspace / "inbox"
        inbox.mkdir(exist_ok=True)
        delivery.to_csv(inbox / "by-sensor.csv", index=False)
        wait_for(lambda: finished(address, "refresh", "inbox_sensor"), 300, server, log)
        assert (inbox / "done" / "by-sensor.csv").exists()
        write_json(
            checkout.workspace / "monitoring" / "drift_report" / "verdict.json",
            {"champion": "x", "drifted": True, "cause": "price: wasserstein 0.9 > 0.1", "compared": {}},
        )
        wait_for(lambda: finished(address, "retrain", "drift_sensor"), 400, server, log)
        caused = [r for r in runs(address) if r["jobName"] == "retrain"]
        assert "price: wasserstein 0.9 > 0.1" in str(caused[0]["runConfig"]), (
            "the cause is recorded on the run"
        )
    finally:
        stop(server)
