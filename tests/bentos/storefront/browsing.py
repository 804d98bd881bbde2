"""What the tests of the storefront share: how a browser is started, and what a page shows."""

import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.bentos.shop import draw_photo

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MARKS = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install one to run them"),
]
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip
DESKTOP = {"viewport": {"width": 1360, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WATCH = """addEventListener("securitypolicyviolation",
    (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))"""


def settled(page: "Page") -> None:
    """Wait until the products are there."""
    page.locator(
        '#results[aria-busy="false"], .page-product h1, .page-about .facts-row, .page-people h1'
    ).first.wait_for()


def query_of(page: "Page") -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def titles(page: "Page") -> list[str]:
    settled(page)
    return page.locator("#results .cover").all_inner_texts()


def photo_file(category: str = "Lamps", colour: str = "red") -> dict[str, Any]:
    return {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": draw_photo(category, colour, 3)}
