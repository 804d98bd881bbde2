"""The real Dagster daemon: what is delivered is released, also when the run that was asked for is killed, and
a drift verdict starts a retraining."""

from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import psutil
import pytest

from shelfspace.files import read_json, write_json
from tests.end_to_end.conftest import Checkout, free_port, stop
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

RUNS = "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } runConfig } } } }"
TICKS = """{ sensorOrError(sensorSelector: {sensorName: "inbox_sensor", repositoryName: "__repository__",
    repositoryLocationName: "dagster_project.definitions"}) {
    ... on Sensor { sensorState { ticks { status skipReason } } } } }"""
QUICK = {
    "drift_interval_seconds: 60": "drift_interval_seconds: 5",
    "inbox_interval_seconds: 30": "inbox_interval_seconds: 3",
    "quiet_seconds: 10": "quiet_seconds: 1",
    "retry_seconds: 60": "retry_seconds: 8",
}


def asked(address: str, query: str) -> Any:
    return httpx.post(f"{address}/graphql", json={"query": query}, timeout=30).json()["data"]


def runs(address: str, sensor: str) -> list[dict[str, Any]]:
    """Runs that a sensor asked for, the latest first, with their tags as a mapping."""
    found = asked(address, RUNS)["runsOrError"]["results"]
    told = [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]
    return [run for run in told if run["tags"].get("dagster/sensor_name") == sensor]


def finished(address: str, job: str, sensor: str, attempt: str = "1") -> bool:
    for run in runs(address, sensor)[:1]:
        if run["jobName"] == job and run["tags"]["shelfspace/attempt"] == attempt:
            assert run["status"] not in ("FAILURE", "CANCELED"), run
            return run["status"] == "SUCCESS"
    return False


def worker(checkout: Checkout, run_id: str) -> psutil.Process | None:
    """The process that works on a run: it holds the run's file."""
    held = checkout.workspace / "state" / "runs" / f"{run_id}.lock"
    for process in psutil.process_iter():
        try:
            if held.exists() and str(held) in [file.path for file in process.open_files()]:
                return process
        except psutil.Error:  # it has ended, or is somebody else's
            continue
    return None


def kill_first_attempt(checkout: Checkout, address: str) -> bool:
    """SIGKILL for the process of the first run that the inbox asked for, as soon as it is at work."""
    for run in runs(address, "inbox_sensor"):
        process = worker(checkout, run["runId"])
        if process is not None:
            process.kill()
            return True
    return False


def test_what_is_delivered_is_released_though_its_run_is_killed_and_drift_retrains(
    checkout: Checkout, demo: object, tmp_path: Path
) -> None:
    params = checkout.root / "params.yaml"
    quick = params.read_text()
    for slow, fast in QUICK.items():
        assert slow in quick
        quick = quick.replace(slow, fast)
    params.write_text(quick)
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
        wait_for(lambda: kill_first_attempt(checkout, address), 120, server, log, pause=0.1)
        wait_for(lambda: finished(address, "refresh", "inbox_sensor", "2"), 300, server, log)
        last, first = runs(address, "inbox_sensor")
        assert (first["status"], first["tags"]["shelfspace/attempt"]) == ("FAILURE", "1")
        assert last["tags"]["shelfspace/attempt"] == "2"
        assert last["tags"]["shelfspace/need"] == first["tags"]["shelfspace/need"]
        ticks = asked(address, TICKS)["sensorOrError"]["sensorState"]["ticks"]
        reasons = [tick["skipReason"] or "" for tick in ticks]
        assert any("attempt 2 of 8" in why and "process" in why for why in reasons), "\n".join(reasons)
        live = (checkout.workspace / "releases" / "current").read_text().strip()
        released = pd.read_parquet(checkout.workspace / "releases" / live / "products.parquet")
        assert "A product that came by delivery" in set(released["title"])
        assert (inbox / "done" / "by-sensor.csv").exists()
        wait_for(lambda: finished(address, "monitoring", "drift_sensor"), 200, server, log)
        model = read_json(checkout.workspace / "champion.json")["fingerprint"]
        write_json(
            checkout.workspace / "monitoring" / "drift_report" / "verdict.json",
            {
                "champion": model,
                "drifted": True,
                "key": "planted",
                "compared": {},
                "decision": {"action": "retrain", "reason": "catalogue: price: median 20 to 26 (+30%)"},
            },
        )
        wait_for(lambda: finished(address, "retrain", "drift_sensor"), 400, server, log)
        caused = runs(address, "drift_sensor")
        assert "price: median 20 to 26 (+30%)" in str(caused[0]["runConfig"]), "the cause stands on the run"
        assert caused[0]["tags"]["shelfspace/decision"] == "retrain"
        assert caused[0]["tags"]["shelfspace/trained"] in ("yes", "no"), (
            "a cool-down counts from one that has"
        )
    finally:
        stop(server)
