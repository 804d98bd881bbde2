"""What the page says of a query's words, and takes back: chips, the words as typed, marks, the nearest."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.bentos.storefront.browsing import MARKS, query_of, settled, titles

pytestmark = MARKS


def test_a_price_in_the_words_is_a_chip_that_can_be_taken_back(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/?q=lamp+under+30") as page:
        settled(page)
        said = page.get_by_role("list", name="How your words were understood")
        expect(said).to_contain_text("under 30 → up to €30")
        for price in page.locator("#results .price").all_inner_texts():
            assert float(price.removeprefix("€")) <= 30
        remove = said.get_by_role("button", name=re.compile("Leave it out$"))
        expect(remove).to_have_attribute("aria-label", "“under 30” was read as: up to €30. Leave it out")
        remove.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**aside=under+30*")
        restore = said.get_by_role("button", name="Read “under 30” again")
        expect(restore).to_be_focused()
        expect(said).not_to_contain_text("→")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "aside" not in url)
        expect(said).to_contain_text("up to €30")
        expect(remove).to_be_focused()


def test_the_words_as_typed(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/?q=lamp+under+30") as page:
        settled(page)
        with page.expect_request("**/search") as asked:
            page.get_by_role("link", name="Search instead for “lamp under 30” as typed").click()
        assert asked.value.post_data_json["query"] == {"text": "lamp under 30", "literal": True}
        page.wait_for_url("**as=typed*")
        expect(page.get_by_text("Searched exactly as typed.")).to_be_visible()
        page.get_by_role("link", name="Understand my words again").click()
        expect(page.get_by_role("list", name="How your words were understood")).to_be_visible()
        page.goto("/?q=lamp+under+30&as=typed")
        settled(page)
        page.locator("#q").fill("wallet under 30")  # other words begin anew
        page.keyboard.press("Enter")
        page.wait_for_url("**q=wallet*")
        assert "as" not in query_of(page)


SAID = [
    ({"kind": "spelling", "text": "lmap", "meaning": "showing lamp for lmap", "filters": None},
     "lmap → showing lamp", "lmap → 显示“lamp”的结果"),
    ({"kind": "currency", "text": "30 dollars", "meaning": "prices here are in EUR", "filters": None},
     "30 dollars → prices here are in EUR; nothing was limited",
     "30 dollars → 本店以 EUR 计价，未作限制"),
    ({"kind": "attribute", "text": "in stock", "meaning": "in stock", "filters": {"in_stock": True}},
     "in stock → In stock", "in stock → 有货"),
    ({"kind": "price", "text": "20 to 30", "meaning": "x", "filters": {"price_from": 20, "price_to": 29.5}},
     "20 to 30 → €20 – €29.50", "20 to 30 → €20 – €29.50"),
    ({"kind": "exclusion", "text": "not red", "meaning": "x", "filters": {"without": ["red", "红色"]}},
     "not red → without red, 红色", "not red → 不含 red, 红色"),
    ({"kind": "synonym", "text": "torch", "meaning": "also <b>flashlight</b>", "filters": None},
     "torch → also <b>flashlight</b>", "torch → also <b>flashlight</b>"),
]  # fmt: skip


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_every_kind_is_said_in_the_page_s_language(visit: Callable[..., Any], locale: str) -> None:
    from playwright.sync_api import expect

    with visit("/about", locale=locale) as page:
        page.route("**/search", with_result(understood=[one for one, _, _ in SAID]))
        page.goto("/?q=lamp")
        settled(page)
        chips = page.locator(".understood .chip")
        expect(chips).to_have_count(len(SAID))
        assert chips.all_inner_texts() == [zh if locale == "zh-CN" else en for _, en, zh in SAID]


def test_words_of_the_query_are_marked_and_titles_stay_text(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    def changed(result: dict) -> None:
        result["hits"][0] |= {"title": "🕰 <i>desk</i> lamp", "marks": [[5, 9], [14, 18], [99, 120]]}

    with visit("/about") as page:
        page.route("**/search", with_result(changed))
        page.goto("/?q=desk+lamp")
        first = page.locator("#results .cover").first
        expect(first).to_have_text("🕰 <i>desk</i> lamp")
        assert first.locator("mark").all_inner_texts() == ["desk", "lamp"]
        assert first.locator("i").count() == 0


def test_what_comes_nearest_is_no_hit(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    def changed(result: dict) -> None:
        none = {name: {} for name in ("category", "brand", "language")}
        facets = {**none, "in_stock": 0, "has_photo": 0, "price": []}
        result |= {"nearest": result["hits"][:4], "hits": [], "total": 0, "facets": facets}

    with visit("/about") as page:
        page.route("**/search", with_result(changed))
        page.goto("/?q=submarine")
        expect(page.get_by_role("heading", name="Nothing like that")).to_be_visible()
        expect(page.locator(".told .count")).to_have_text("0 matches")
        assert len(titles(page)) == 4
        expect(page.get_by_role("list", name="Nearest products")).to_be_visible()
        expect(page.locator(".side fieldset")).to_have_count(0)
        expect(page.locator("#live")).to_contain_text("0 matches")


def with_result(change: Callable[[dict], None] = lambda _: None, **more: Any) -> Callable[[Any], None]:
    def answered(route: Any) -> None:
        answer = route.fetch()
        body = answer.json()
        body["result"] |= more
        change(body["result"])
        route.fulfill(response=answer, json=body)

    return answered
