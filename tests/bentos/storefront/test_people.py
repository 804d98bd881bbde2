"""What the shop's people see: pages of facts and tables, downloads, and the panel on a product's page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bentos.endpoints.price import PRICE
from bentos.endpoints.stock import STOCK
from tests.bentos.storefront.browsing import MARKS, PHONE, settled
from tests.bentos.storefront_shop import TWO_PHOTOS

pytestmark = MARKS

SAID = {"en": "Rising", "zh": "上升"}
SHEET = {
    "release": "000001-abcdef01", "name": "applications", "title": SAID, "text": SAID,
    "until": "2026-11-27",
    "lacks": {"en": "No stock is known.", "zh": "没有库存。"},
    "facts": [
        {"title": SAID, "value": 1234.5, "kind": "money", "digits": 0, "currency": "EUR", "note": SAID},
        {"title": SAID, "value": None, "kind": "number", "digits": 0, "currency": "", "note": None},
    ],
    "tables": [
        {"name": "rising", "title": SAID, "text": SAID, "empty": SAID, "total": 400,
         "columns": [{"title": SAID, "kind": kind, "digits": 1}
                     for kind in ("product", "number", "percent", "money", "series", "words", "said",
                                  "time")],
         "rows": [[{"id": TWO_PHOTOS, "title": f"Clock {n}", "photo": "photos/4.jpg"}, n, 0.25, [9.5, "EUR"],
                   [1, None, 3, n], ["red", "blue"], SAID, "2026-11-20"] for n in range(40)]},
        {"name": "falling", "title": SAID, "text": SAID, "empty": {"en": "None falls.", "zh": "无下降。"},
         "total": 0, "columns": [{"title": SAID, "kind": "text", "digits": 0}], "rows": []},
    ],
}  # fmt: skip


def test_a_page_of_every_kind_of_cell(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    from tests.bentos.storefront.test_everyone import violations

    for how in ({}, PHONE, {"locale": "zh-CN", "color_scheme": "dark"}):
        with visit("/about", reduced_motion="reduce", **how) as page:
            page.route("**/insights/applications", lambda route: route.fulfill(json=SHEET))
            settled(page)
            page.goto("/applications")
            settled(page)
            zh = how.get("locale") == "zh-CN"
            expect(page.get_by_role("heading", level=1)).to_have_text("上升" if zh else "Rising")
            expect(page.locator(".fact dd").first).to_contain_text("€1,234.50")
            expect(page.locator(".fact dd").nth(1)).to_have_text("–")
            expect(page.locator(".people tbody tr")).to_have_count(25)
            page.get_by_role("button", name="显示更多" if zh else "Show more").click()
            expect(page.locator(".people tbody tr")).to_have_count(40)
            expect(page.locator(".people .spark").first).to_be_visible()
            expect(page.get_by_text("无下降。" if zh else "None falls.")).to_be_visible()
            if "viewport" in how:
                assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert not violations(page)
            page.locator(".of-product a").first.click()
            page.wait_for_url(f"**/product/{TWO_PHOTOS}")


def test_the_way_there_and_a_download(visit: Callable[..., Any], tmp_path: Path) -> None:
    with visit("/") as page:
        settled(page)
        page.get_by_role("link", name="For the shop", exact=True).click()
        page.get_by_role("link", name="Applications", exact=True).click()
        page.wait_for_url("**/applications")
        settled(page)
        assert (
            page.get_by_role("link", name="For the shop", exact=True).get_attribute("aria-current") == "page"
        )
        with page.expect_download() as download:
            page.get_by_role("link", name="Download What the release carries as CSV").click()
        download.value.save_as(tmp_path / "got.csv")
        lines = (tmp_path / "got.csv").read_text(encoding="utf-8-sig").splitlines()
        assert lines[0] == "Application,Products it speaks of,Files,State"
        assert lines[1].startswith("bought_together,1,1,")


def test_a_visitor_without_the_scope_sees_no_way_there_and_is_told(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    refusal = {
        "error": {"status": 403, "field": "scope", "value": "insights", "message": "no", "remedy": "x"}
    }
    with visit("/about", allow="403") as page:
        page.route("**/session", lambda route: route.fulfill(json={"scopes": ["read"]}))
        page.route("**/insights/**", lambda route: route.fulfill(status=403, json=refusal))
        page.goto("/applications")
        expect(page.get_by_role("heading", name="For the people who run the shop")).to_be_visible()
        expect(page.get_by_role("button", name="Enter a key")).to_be_visible()
        expect(page.get_by_role("link", name="For the shop", exact=True)).to_be_hidden()


def test_price_and_stock_of_a_product_when_present(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/about") as page:
        page.route("**/insights", lambda r: r.fulfill(json={"pages": [], "of_a_product": ["price", "stock"]}))
        page.route("**/price", lambda r: r.fulfill(json={"result": PRICE.example}))
        page.route("**/stock", lambda r: r.fulfill(json={"result": STOCK.example}))
        settled(page)
        page.goto(f"/product/{TWO_PHOTOS}")
        panel = page.get_by_role("region", name="For the shop's people")
        expect(panel.get_by_text("usually cost €84.99")).to_be_visible()
        expect(panel.get_by_text("€61.20 – €118.40")).to_be_visible()
        expect(panel.get_by_text("4 left, 1.8 a week; an order takes 14 days.")).to_be_visible()
        expect(panel.get_by_text("To order now")).to_be_visible()
        page.unroute("**/insights")
        page.route("**/session", lambda route: route.fulfill(json={"scopes": ["read"]}))
        page.reload()
        settled(page)
        expect(page.locator("#neighbours .cover").first).to_be_visible()
        expect(panel).to_have_count(0)
