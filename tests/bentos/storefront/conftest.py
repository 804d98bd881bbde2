"""A really built and served Bento of a small shop, and a real Chromium that looks at it.

Every page of every test is watched: an error in the console, a breach of the content policy or a
request to another host fails the test that caused it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bentos.build import build_bento
from shelfspace.files import write_json
from tests.bentos.served import Server
from tests.bentos.shop import Shop
from tests.bentos.storefront_shop import (
    build_storefront,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

from tests.bentos.storefront.browsing import ARGUMENTS, CHROMIUM, DESKTOP, WATCH


@pytest.fixture(scope="package")
def server(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("storefront")
    workspace, release = build_storefront(shop, root)
    tag = build_bento(workspace, release, shop.settings)
    write_json(workspace.root / "bento" / "bento.json", {"bento": tag})
    running = Server(
        shop,
        root,
        SHELFSPACE_WORKSPACES=str(workspace.root.parent),
        SHELFSPACE_CATALOG=workspace.catalog,
    )
    try:
        yield running.wait()
    finally:
        running.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a machine that does much else at the same time is slow
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def visit(server: Server, browser: "Browser") -> Iterator[Callable[..., Any]]:
    """A function that opens pages, each watched to its end; `allow` names console errors that are meant."""
    address = f"http://127.0.0.1:{server.port}"
    problems: list[str] = []

    @contextmanager
    def open_page(path: str = "/", allow: str = "", **how: Any) -> Iterator["Page"]:
        context = browser.new_context(base_url=address, **{**DESKTOP, "locale": "en-GB", **how})
        context.set_default_timeout(30_000)
        context.add_init_script(WATCH)
        page = context.new_page()
        meant = re.compile(allow) if allow else None

        def heard(kind: str, text: str) -> None:
            if not (meant and meant.search(text)):
                problems.append(f"{kind}: {text}")

        page.on("console", lambda m: heard(m.type, m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda e: heard("exception", str(e)))
        page.on(
            "request",
            lambda r: None if r.url.startswith((address, "blob:", "data:")) else problems.append(r.url),
        )
        page.goto(path)
        yield page
        context.close()

    yield open_page
    assert not problems
