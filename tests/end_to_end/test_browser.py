"""The Dagster UI in a real Chromium: the graph, and a picture inline on an asset's page."""

import shutil
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.conftest import Checkout, free_port, stop
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install one to run browser tests")
def test_people_see_the_graph_and_the_pictures(checkout: Checkout, demo: object, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    port, log = free_port(), tmp_path / "dagster.log"
    server = checkout.start(
        ".venv/bin/python", "-m", "dagster_project.cli", "ui", "--port", str(port),
        "--catalog", str(checkout.catalog), log=log,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: httpx.get(f"{address}/server_info").status_code == 200, 120, server, log)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1500, "height": 1000})
            page.goto(f"{address}/asset-groups")
            for group in ("collection", "preprocessing", "training", "release", "monitoring"):
                expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=60_000)
            page.goto(f"{address}/assets/evaluation")
            expect(page.get_by_text("Accuracy, F1, confusion, ROC")).to_be_visible(timeout=60_000)
            picture = page.locator("img[src^='/logs/pictures']").first  # shown at once, behind no click
            expect(picture).to_be_visible(timeout=60_000)
            assert picture.evaluate("image => image.complete && image.naturalWidth") > 300
            browser.close()
    finally:
        stop(server)
