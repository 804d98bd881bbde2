"""Pictures and words of the storefront in a headless Chromium, and what its console says."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

__all__ = ["CHROMIUM", "photograph"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
             "--force-color-profile=srgb", "--font-render-hinting=none", "--disable-lcd-text"]  # fmt: skip
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1360, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
NOW = "2030-01-01T12:00:00Z"
"""What the page takes for the time, so that "3 days ago" stays."""
SETTLED = '#results[aria-busy="false"], .page-product h1, .page-about .facts-row'
PICTURES_THERE = """async () => {
    for (const image of document.images) image.loading = "eager";
    await Promise.allSettled([...document.images].map((image) => image.decode()));
    await document.fonts.ready;
}"""


def photograph(port: int, product: str, folder: Path) -> dict[str, Any]:
    """Photograph every page in both languages on both screens; words and console messages by page.

    Args:
        port: where the service listens.
        product: identifier of the product whose page is looked at.
        folder: gets one PNG a page.
    """
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for screen, size in SCREENS.items():
            for language, locale in LOCALES.items():
                context = browser.new_context(
                    base_url=f"http://127.0.0.1:{port}", locale=locale, timezone_id="UTC",
                    reduced_motion="reduce", color_scheme="light", **size,
                )  # fmt: skip
                context.set_default_timeout(60_000)
                for name, said in visited(context, product, language, folder, screen):
                    found[f"{screen} {language}/{name}"] = said
                context.close()
        browser.close()
    return found


def visited(
    context: "BrowserContext", product: str, language: str, folder: Path, screen: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each page's name and what it says."""
    words = "红色" if language == "zh" else "red"
    addresses = {
        "home": "/",
        "search": f"/?q={quote(words)}",
        "sorted": f"/?q={quote(words)}&sort=price_up&page=2",
        "like": f"/?like={quote(product)}",
        "product": f"/product/{quote(product)}",
        "about": "/about",
        "nothing": "/product/no-such-product",
        "docs": "/docs",
    }
    for name, address in addresses.items():
        page = context.new_page()
        page.clock.set_fixed_time(NOW)
        heard: list[str] = []
        page.on("console", lambda said, heard=heard: heard.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error, heard=heard: heard.append(f"exception: {error}"))
        page.goto(address)
        settle(page, name)
        page.screenshot(
            path=folder / f"{screen}-{language}-{name}.png", full_page=True, animations="disabled"
        )
        yield (
            name,
            {"title": page.title(), "words": page.inner_text("body").splitlines(), "console": sorted(heard)},
        )
        page.close()


def settle(page: "Page", name: str) -> None:
    """Wait until what the page shows is there."""
    if name not in {"nothing", "docs"}:
        page.locator(SETTLED).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.evaluate(PICTURES_THERE)
    page.wait_for_timeout(300)
