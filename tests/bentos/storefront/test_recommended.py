"""Rows of recommendations, and the cart that the page keeps."""

from collections.abc import Callable
from typing import Any

from tests.bentos.storefront.browsing import MARKS, PHONE, settled
from tests.bentos.storefront_shop import TWO_PHOTOS

pytestmark = MARKS


def test_from_what_is_popular_to_the_cart(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        popular = page.locator("section", has=page.get_by_role("heading", name="Popular now"))
        expect(popular.locator("li:has(.card)")).to_have_count(2)  # what nobody bought is not popular
        expect(popular.locator(".why").first).to_have_text("Bought by 3 shoppers in the last 28 days")
        expect(page.get_by_role("link", name="Cart")).to_be_hidden()
        page.goto(f"/product/{TWO_PHOTOS}")
        settled(page)
        put = page.locator("[data-key=cart]")
        put.click()
        expect(put).to_have_attribute("aria-pressed", "true")
        page.get_by_role("link", name="Cart (1)").click()
        page.wait_for_url("**/cart")
        expect(page.get_by_role("heading", level=1, name="Your cart")).to_be_focused()
        beside = page.locator("section", has=page.get_by_role("heading", name="Goes with your cart"))
        expect(beside.locator(".why").first).to_contain_text("Bought together with")
        page.go_back()
        page.goto("/")
        settled(page)
        expect(page.get_by_role("heading", name="Goes with your cart")).to_be_visible()
        page.goto("/cart")
        page.get_by_role("button", name="out of the cart").click()
        expect(page.get_by_text("Nothing lies in the cart yet.")).to_be_visible()
        page.goto("/")
        settled(page)
        expect(page.get_by_role("heading", name="Going by what you looked at")).to_be_visible()


def test_rows_end_with_a_full_line_at_any_width(visit: Callable[..., Any]) -> None:
    with visit() as page:
        settled(page)
        page.goto(f"/product/{TWO_PHOTOS}")
        settled(page)
        for width in (1440, 1024, 700, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(200)
            rows = page.evaluate(
                "[...document.querySelectorAll('.neighbours:not([hidden]) > .grid')].map((list) => ["
                "[...list.children].filter((one) => !one.hidden).length, list.children.length, "
                "getComputedStyle(list).gridTemplateColumns.split(' ').length])"
            )
            assert rows
            assert all(shown % across == 0 or shown == there < across for shown, there, across in rows), rows


def test_in_chinese_on_a_phone(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(locale="zh-CN", **PHONE) as page:
        settled(page)
        expect(page.get_by_role("heading", name="当前热门")).to_be_visible()
        page.goto(f"/product/{TWO_PHOTOS}")
        page.get_by_role("button", name="放入购物车").tap()
        page.goto("/cart")
        expect(page.get_by_role("heading", name="可与购物车搭配")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
