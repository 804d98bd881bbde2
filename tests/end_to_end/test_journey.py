"""The README's commands on a tiny catalogue: the chain, the service, DVC, a delivery, a rollback."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import yaml

from dagster_project.automation import DELIVERIES
from dagster_project.definitions import defs
from dagster_project.graph import JOBS
from shelfspace.files import read_json, write_sealed_json
from tests.end_to_end.conftest import Checkout, free_port, stop
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

Finished = subprocess.CompletedProcess[str]


def test_demo_makes_every_asset_and_says_what_next(checkout: Checkout, demo: Finished) -> None:
    assert "On the holdout" in demo.stdout
    for word in ("make ui", "make serve", "make drift", f"CATALOG={checkout.catalog}"):
        assert word in demo.stdout
    workspace = checkout.workspace
    released = read_json(workspace / "release" / "release.json")["release"]
    assert (workspace / "releases" / "current").read_text().strip() == released
    for asset in ("splits", "texts", "text_features", "challenger", "evaluation", "search_index", "bento"):
        assert asset in demo.stderr + demo.stdout
    folder = workspace / "releases" / released
    for part in (
        "lexical/lexical.json",
        "search_fusion.json",
        "modalities/image.npy",
        "insights/bought_together/bought_together.parquet",
    ):
        assert (folder / part).is_file()
    judged = read_json(workspace / "evaluation" / "holdout" / "evaluation.json")
    assert len(judged["by_subset"]) == 15, "every non-empty subset of four modalities"
    moved = read_json(workspace / "monitoring" / "drift_report" / "catalogue.json")["distances"]
    assert moved["language"] == 0, "languages filled in for shoppers are not told apart from the catalogue's"


def test_nothing_is_lost(checkout: Checkout, demo: Finished) -> None:
    tables = checkout.workspace / "prepared" / "catalogue"
    facts = read_json(tables / "record.json")["facts"]
    quarantine = pd.read_parquet(tables / "quarantine.parquet")
    assert len(quarantine) > 0, "the sample carries dirt"
    for table in ("products", "events", "stock"):
        rows = quarantine[(quarantine["table"] == table) & (quarantine["scope"] == "row")]
        assert facts["rows"][table] + len(rows) == facts["collected"][table]


def test_git_status_shows_only_what_the_readme_says(checkout: Checkout, demo: Finished) -> None:
    before = {"params.yaml"}  # the fixture listed the tiny workspace in it
    shown = checkout.command("git", "status", "--porcelain", "--untracked-files=all").stdout.splitlines()
    tracked = {line[3:] for line in shown}
    made = {line for line in tracked if line.startswith("workspaces/") or line.startswith("dvc")}
    assert made == {"dvc.lock", f"workspaces/{checkout.catalog.name}/snapshot.dvc"}
    assert before <= tracked


def test_dvc_and_dagster_agree(checkout: Checkout, demo: Finished) -> None:
    status = checkout.command(".venv/bin/python", "-m", "dvc", "status")
    assert "up to date" in status.stdout, status.stdout
    repro = checkout.command(".venv/bin/python", "-m", "dvc", "repro")
    assert "Running stage" not in repro.stdout, repro.stdout
    name, workspace = checkout.catalog.name, checkout.workspace
    stage = yaml.safe_load((checkout.root / "dvc.lock").read_text())["stages"][f"prepare@{name}"]
    (snapshot,) = (entry["md5"] for entry in stage["deps"])
    (prepared,) = (entry["md5"] for entry in stage["outs"] if entry["path"].endswith("/prepared"))
    listed = read_json(checkout.root / ".dvc" / "cache" / "files" / "md5" / prepared[:2] / prepared[2:])
    (splits,) = (entry["md5"] for entry in listed if entry["relpath"] == "splits/splits.parquet")
    live = (workspace / "releases" / "current").read_text().strip()
    made = read_json(workspace / "releases" / live / "release.json")
    assert made["provenance"]["snapshot_md5"] == snapshot
    assert made["made_by"]["data"] == {"snapshot_md5": snapshot, "splits_md5": splits}
    assert made["made_by"]["learned"]["data"] == made["made_by"]["data"]


def test_a_release_is_made_again_bit_by_bit(checkout: Checkout, demo: Finished) -> None:
    released = (checkout.workspace / "releases" / "current").read_text().strip()
    found = json.loads(checkout.command(".venv/bin/shelfspace", "reproduce", released, "--json",
                                        "--catalog", str(checkout.catalog)).stdout)  # fmt: skip
    assert found["verdict"].startswith("reproduced: the vectors of ")
    assert (found["differing"], found["same_content"], found["doubts"]) == ([], True, [])
    kept = read_json(checkout.workspace / "state" / "reproductions" / f"{released}.json")
    assert kept == found


def test_second_run_computes_nothing(checkout: Checkout, demo: Finished) -> None:
    released = (checkout.workspace / "releases" / "current").read_text()
    again = checkout.make("demo")
    lines = [line for line in again.stderr.splitlines() if line.startswith("  ")]
    chain = [
        s.key.to_user_string()
        for s in defs.resolve_all_asset_specs()
        if s.group_name in JOBS["retrain"] and s.key != DELIVERIES.key
    ]
    for asset in chain:
        said = [line for line in lines if line.split()[:1] == [asset]]
        assert said, f"{asset} said nothing"
        assert all("unchanged" in line for line in said), said
    assert (checkout.workspace / "releases" / "current").read_text() == released


def test_a_failed_check_stops_later_runs(checkout: Checkout, demo: Finished) -> None:
    """Bytes that were changed behind the chain's back are refused by the next stage's run."""
    record = checkout.workspace / "prepared" / "splits" / "record.json"
    kept = record.read_text()
    write_sealed_json(record, {**read_json(record), "data_version": "0" * 32})
    try:
        refused = checkout.make("training", check=False)
        assert refused.returncode != 0
        assert "no_leak" in refused.stderr + refused.stdout
        assert "passed on other bytes" in refused.stderr + refused.stdout
    finally:
        record.write_text(kept)


def call(client: httpx.Client, route: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(route, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_released_bento_answers_every_endpoint(
    checkout: Checkout, demo: Finished, tmp_path: Path
) -> None:
    port = free_port()
    server = checkout.start(
        ".venv/bin/python", "-m", "bentos", "--port", str(port),
        log=tmp_path / "serve.log",
        extra={
            "SHELFSPACE_CATALOG": str(checkout.catalog),
            "HTTP_PROXY": "http://127.0.0.1:9",  # dead: nothing may need the network
            "NO_PROXY": "127.0.0.1",
        },
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(
            lambda: httpx.get(f"{address}/readyz").status_code == 200, 120, server, tmp_path / "serve.log"
        )
        released = (checkout.workspace / "releases" / "current").read_text().strip()
        products = pd.read_parquet(checkout.workspace / "prepared" / "catalogue" / "products.parquet")
        first = products.iloc[0]
        with_photo = products[products["photos"].map(len) > 0].iloc[0]
        photo = base64.b64encode((checkout.catalog / "media" / with_photo["photos"][0]).read_bytes()).decode()
        with httpx.Client(base_url=address, timeout=30) as client:
            item = {"title": first["title"], "description": first["description"]}
            one = call(client, "/embed", {"item": item})
            many = call(client, "/embed", {"items": [item, {"photos": [photo]}]})
            assert one["release"] == many["release"] == released
            assert len(many["results"]) == 2
            classified = call(client, "/classify", {"items": [item, item]})
            assert len(classified["results"]) == 2
            found = call(client, "/search", {"query": {"text": first["title"]}, "k": 3})
            assert found["result"]["hits"][0]["title"] == first["title"]
            assert found["result"]["hits"][0]["why"]["modality"]
            common = products["title"].str.lower().str.split().explode().value_counts().index[0]
            assert len(call(client, "/search", {"query": {"text": common}, "k": 3})["result"]["hits"]) == 3
            whole = call(client, "/products/get", {"product_id": first["product_id"]})["result"]
            assert whole["description"] == first["description"]
            browsed = call(client, "/search", {"filters": {"has_photo": True}, "facets": True})["result"]
            assert browsed["total"] == browsed["facets"]["has_photo"] > 0
            by_photo = call(client, "/search", {"query": {"photo": photo}, "k": 3})
            assert by_photo["release"] == released
            near = call(client, "/similar", {"product_id": first["product_id"], "k": 3})
            assert first["product_id"] not in [hit["product_id"] for hit in near["result"]["hits"]]
            bad = client.post("/search", json={"query": {"text": "x"}, "k": 0})
            assert 400 <= bad.status_code < 500
            assert {"field", "value", "remedy"} <= set(bad.json()["error"])
    finally:
        stop(server)


def deliver(checkout: Checkout, product: str) -> None:
    """Put a file with one product more into the inbox."""
    products = pd.read_parquet(checkout.workspace / "prepared" / "catalogue" / "products.parquet")
    kind = products.iloc[0]
    delivery = pd.DataFrame(
        [{
            "product_id": product, "title": kind["title"] + " again", "description": kind["description"],
            "category": kind["category"], "price": "12.50", "currency": kind["currency"],
            "updated_at": "2031-01-01T00:00:00Z",  # a clock that runs ahead: a warning, no stop
        }]
    )  # fmt: skip
    inbox = checkout.workspace / "inbox"
    inbox.mkdir(exist_ok=True)
    delivery.to_csv(inbox / f"{product}.csv", index=False)


def released_ids(checkout: Checkout) -> list[str]:
    live = (checkout.workspace / "releases" / "current").read_text().strip()
    return json.loads((checkout.workspace / "releases" / live / "ids.json").read_text())


def test_a_delivery_is_refreshed_without_training(checkout: Checkout, demo: Finished) -> None:
    before = (checkout.workspace / "releases" / "current").read_text().strip()
    champion = read_json(checkout.workspace / "champion.json")["fingerprint"]
    deliver(checkout, "NEW-1")
    done = checkout.make("refresh")
    assert "challenger" not in done.stderr
    after = (checkout.workspace / "releases" / "current").read_text().strip()
    assert after != before
    assert read_json(checkout.workspace / "champion.json")["fingerprint"] == champion
    assert "NEW-1" in released_ids(checkout)
    assert (checkout.workspace / "inbox" / "done" / "NEW-1.csv").exists()
    looks = checkout.workspace / "state" / "look"
    assert (looks / champion / "products.parquet").is_file(), "the holdout is kept as the champion knew it"
    (looked,) = read_json(looks / "last.json")
    assert (looked["name"], looked["held"]) == ("NEW-1.csv", "")
    assert looked["notes"] == ["nothing is judged: 1 new or changed products, 8 are needed"]
    back = checkout.make("rollback")
    assert before in back.stdout
    assert "held until they are approved" in back.stdout
    assert (checkout.workspace / "releases" / "current").read_text().strip() == before


def trained_otherwise(checkout: Checkout) -> bool:
    """Whether `dvc metrics diff` and `dvc plots diff` show a training beside the committed one."""
    dvc = (".venv/bin/python", "-m", "dvc")
    (moved,) = json.loads(checkout.command(*dvc, "metrics", "diff", "--json").stdout).values()
    shown = json.loads(checkout.command(*dvc, "plots", "diff", "--json").stdout)
    (losses,) = shown["data"]["training loss"]
    return any(one["diff"] for one in moved.values()) and losses["revisions"] == ["workspace", "HEAD"]


def test_a_refused_challenger_leaves_the_champion_and_holds_no_delivery_back(
    checkout: Checkout, demo: Finished
) -> None:
    described = checkout.catalog / "catalog.yaml"
    kept = described.read_text()
    champion = (checkout.workspace / "champion.json").read_text()
    changed = yaml.safe_load(kept)
    changed["params"]["training"]["learning_rate"] = 0.0011
    changed["params"]["gate"]["min_accuracy"] = 1.0
    described.write_text(yaml.safe_dump(changed))
    deliver(checkout, "NEW-2")
    checkout.command("git", "add", "-A")
    checkout.command(
        "git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "released"
    )
    try:
        done = checkout.make("retrain")
        assert "the gate refused the challenger" in done.stderr
        assert "challenger             done" in done.stderr
        assert trained_otherwise(checkout)
        verdict = read_json(checkout.workspace / "evaluation" / "gate" / "verdict.json")
        assert verdict["promoted"] is False
        assert "1.000" in " ".join(verdict["reasons"])
        assert (checkout.workspace / "champion.json").read_text() == champion
        assert "NEW-2" in released_ids(checkout), "what was collected is released under the champion"
        assert "NEW-1" not in released_ids(checkout), "what was rolled back is held until it is approved"
    finally:
        described.write_text(kept)


def test_the_service_log_reaches_monitoring(checkout: Checkout, demo: Finished) -> None:
    """The journey's own requests, logged by the real service, are what monitoring gathers."""
    done = checkout.make("monitoring")
    assert "live_requests" in done.stderr
    requests = pd.read_parquet(checkout.workspace / "monitoring" / "live_requests" / "requests.parquet")
    assert {"/embed", "/classify", "/search", "/similar"} <= {
        f"/{e.strip('/')}" for e in requests["endpoint"]
    }
    verdict = read_json(checkout.workspace / "monitoring" / "drift_report" / "verdict.json")
    assert verdict["compared"]["catalogue"]["judged"]


def test_too_many_bad_rows_stop_the_run_and_say_why(checkout: Checkout, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(checkout.catalog, bad)
    rows = pd.read_csv(bad / "products.csv", dtype=str, keep_default_na=False)
    rows.loc[rows.index % 2 == 0, "price"] = "-5"
    rows.to_csv(bad / "products.csv", index=False)
    done = checkout.command("make", "demo", f"CATALOG={bad}", check=False)
    assert done.returncode != 0
    assert "check raw_products_suite of raw_products failed" in done.stderr
    assert "price is not below zero, in at least 70% of the rows" in done.stderr
    assert "not executed" not in done.stderr, "what follows from the failure is not told step by step"
    made = checkout.root / "workspaces" / "bad"
    assert not (made / "training").exists(), "nothing is built on a catalogue that was refused"
    assert not (made / "releases").exists()
