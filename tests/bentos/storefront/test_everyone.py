"""For everyone: Chinese, phones, no motion, screen readers; and what is said when something fails."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.bentos.storefront.browsing import AXE_TAGS, MARKS, PHONE, settled, titles
from tests.bentos.storefront_shop import (
    TWO_PHOTOS,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = MARKS
PAGES = [
    "/",
    "/?q=red+lamp&in_stock=1&like=P004",
    "/?q=lamp+under+30&aside=cheap",
    f"/product/{TWO_PHOTOS}",
    "/about",
    "/applications",
    "/?q=x&brand=nobody",
]


def test_chinese(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(locale="zh-CN") as page:
        settled(page)
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        expect(page.get_by_role("checkbox", name=re.compile("^家居"))).to_be_visible()
        expect(page.get_by_role("heading", level=1, name="想找什么？")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("红色 提包")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=*")
        assert titles(page)[0] == "红色皮革 提包"
        expect(page.locator(".told .count")).to_contain_text("个结果")
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("button", name="English")).to_be_focused()
        expect(page.locator(".told .count")).to_contain_text("match")
        assert page.locator("html").get_attribute("lang") == "en"
        page.reload()
        expect(page.locator(".told .count")).to_contain_text("match")
        same = page.evaluate(
            """async () => {
                const keys = async (name) => Object.keys((await import(`/static/words/${name}.js`)).default);
                const [en, zh] = [await keys("en"), await keys("zh")];
                return [en.filter((k) => !zh.includes(k)), zh.filter((k) => !en.includes(k)), en.length];
            }"""
        )
        assert same[:2] == [[], []]
        assert same[2] > 100


def test_a_phone(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(**PHONE) as page:
        for path in ("/", "/?q=lamp&in_stock=1", f"/product/{TWO_PHOTOS}", "/about", "/applications"):
            page.goto(path)
            settled(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        page.goto("/")
        settled(page)
        page.get_by_role("button", name="Filters").tap()
        sheet = page.get_by_role("dialog", name="Filters")
        sheet.get_by_role("checkbox", name=re.compile("^Home")).check()
        page.wait_for_url("**/?category=Home")
        expect(sheet).to_be_visible()
        sheet.get_by_role("button", name="Show products").tap()
        expect(sheet).to_have_count(0)
        expect(page.locator(".told .count")).to_contain_text("20 products")
        expect(page.get_by_role("button", name="Filters")).to_be_focused()


def test_nothing_found(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/?q=lamp&brand=nobody") as page:
        settled(page)
        expect(page.get_by_role("heading", name="Nothing matches all of this")).to_be_visible()
        page.locator(".state").get_by_role("link", name="Clear all").click()
        page.wait_for_url("**/?q=lamp")
        assert titles(page)


def test_no_such_product(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/product/none", allow="404") as page:
        expect(page.get_by_role("heading", name="No such product")).to_be_visible()


def test_waiting_errors_and_trying_again(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/about", allow="500|ERR_") as page:
        held: list[Any] = []
        page.route("**/search", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        page.get_by_role("link", name="Shelfspace, to all products").click()
        expect(page.locator(".waiting")).to_be_visible()
        expect(page.locator("#results")).to_have_attribute("aria-busy", "true")
        held.pop().fulfill(status=500, json={"error": {"message": "the cellar is flooded"}})
        expect(page.get_by_role("alert")).to_contain_text("the cellar is flooded")
        page.unroute("**/search")
        page.context.set_offline(True)
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("alert")).to_contain_text("You are offline")
        page.context.set_offline(False)  # it tries again by itself
        assert len(titles(page)) == 24


def test_a_shop_that_asks_for_a_key(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/about", allow="401") as page:
        settled(page)
        known: list[str] = []

        def search(route: Any) -> None:
            if known:
                route.continue_()
            else:
                route.fulfill(status=401, json={"error": {"message": "a key is needed"}})

        def session(route: Any) -> None:
            if route.request.method == "GET":  # what the page may show
                route.fulfill(status=200, json={"required": True, "key": "", "scopes": []})
                return
            key = route.request.post_data_json["key"]
            if key == "right":
                known.append(key)
            route.fulfill(status=200 if known else 401, json={})

        page.route("**/search", search)
        page.route("**/session", session)
        page.goto("/")
        dialog = page.get_by_role("dialog", name="This shop needs a key")
        dialog.get_by_label("Key").fill("wrong")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_have_text("This key does not open the shop.")
        dialog.get_by_label("Key").fill("right")
        dialog.get_by_role("button", name="Open the shop").click()
        assert len(titles(page)) == 24


def test_people_who_want_no_motion_get_none(visit: Callable[..., Any]) -> None:
    with visit(reduced_motion="reduce") as page:
        settled(page)
        assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_accessible(visit: Callable[..., Any], locale: str, scheme: str) -> None:
    with visit(locale=locale, color_scheme=scheme, reduced_motion="reduce") as page:
        for path in PAGES:
            page.goto(path)
            settled(page)
            if path == "/about":
                page.locator(".dots").wait_for()
            assert not violations(page), path


def test_accessible_on_a_phone(visit: Callable[..., Any]) -> None:
    with visit(**PHONE, reduced_motion="reduce") as page:
        for path in PAGES:
            page.goto(path)
            settled(page)
            assert not violations(page), path
        page.get_by_role("button", name="Filters").tap()
        assert not violations(page), "filters"
        page.get_by_role("button", name="Show products").tap()
        page.get_by_role("button", name="Add a sound").tap()
        assert not violations(page), "sound"


def violations(page: "Page") -> list[str]:
    """What axe-core finds, every level of impact."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": {"type": "tag", "values": AXE_TAGS}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['impact']} {v['id']}: {n['html'][:160]}" for v in found for n in v["nodes"]]
