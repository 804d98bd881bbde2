"""A service that has started and has no release yet: pages say so and go on by themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.http.fast_path import FastPath
from bentos.http.guard import Guard
from bentos.http.served import Running
from releases import Release, promote
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace
from tests.bentos.bare import uvicorn_serving
from tests.bentos.shop import Shop
from tests.bentos.storefront.browsing import MARKS
from tests.bentos.storefront_shop import build_storefront

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = MARKS


@pytest.fixture
def slow(shop: Shop, tmp_path: Path) -> Iterator[tuple[Application, Workspace, Release]]:
    """A service whose workspace has no current release yet."""
    workspace, release = build_storefront(shop, tmp_path)
    (workspace.releases / "current").unlink()
    application = Application(ServiceConfig(Settings(), releases=workspace.root, media=workspace.snapshot))
    yield application, workspace, release
    application.close()


@pytest.mark.parametrize("path", ["/", "/about", "/product/P004"])
def test_pages_wait_for_the_release(
    slow: tuple[Application, Workspace, Release], browser: "Browser", path: str
) -> None:
    from playwright.sync_api import expect

    application, workspace, release = slow
    running = Running(application)
    app = Guard(FastPath(Starlette(), running=running, spec=dict), running=running)
    with uvicorn_serving(app) as port:
        address = f"http://127.0.0.1:{port}"
        answer = httpx.post(f"{address}/search", json={"query": {"text": "lamp"}}, trust_env=False)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "still loading" in answer.json()["error"]["value"]
        page = browser.new_page(base_url=address, locale="en-GB")
        page.goto(path)
        expect(page.get_by_role("heading", name="Loading the release …")).to_be_visible()
        expect(page.locator("#live")).to_have_text("Loading the release …")
        expect(page.locator("main")).to_be_hidden()
        application.engine.problem = "release 1 cannot be served: its index is damaged"
        expect(page.get_by_text("its index is damaged")).to_be_visible()
        application.engine.problem = ""
        promote(workspace.root, release.id)
        assert application.engine.refresh()
        expect(page.locator("main h1").first).to_be_visible()
        expect(page.locator(".starting")).to_be_hidden()
        expect(
            page.locator("#results .cover, .page-about .facts-row, .page-product .price").first
        ).to_be_visible()
        page.close()
