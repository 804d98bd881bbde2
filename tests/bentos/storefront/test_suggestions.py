"""Suggestions while typing: by keyboard, mouse, touch and input method; late answers and failures."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.bentos.storefront.browsing import MARKS, PHONE, query_of, settled
from tests.bentos.storefront.test_everyone import violations

pytestmark = MARKS


def one(kind: str, text: str, path: str = "", **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "text": text,
        "path": path,
        "marks": [[0, 2]],
        "product_id": "",
        "count": None,
    } | more


FOUND = [
    one("category", "Lamps", "Home > Lamps", count=20),
    one("brand", "brand1", count=15),
    one("title", "lamp <b>number</b> 4"),
    one("title", "lamp number 7"),
]


def answering(found: Callable[[str], list[dict[str, Any]]], asked: list[str]) -> Callable[[Any], None]:
    """A stand-in for the service's /suggest."""

    def answer(route: Any) -> None:
        body = route.request.post_data_json
        asked.append(body["prefix"])
        route.fulfill(
            json={"release": "", "result": {"prefix": body["prefix"], "suggestions": found(body["prefix"])}}
        )

    return answer


def test_by_keyboard(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        asked: list[str] = []
        page.route("**/suggest", answering(lambda _: FOUND, asked))
        box, options = page.locator("#q"), page.locator("#suggestions [role=option]")
        expect(box).to_have_role("combobox")
        expect(box).to_have_attribute("aria-expanded", "false")
        box.focus()
        page.keyboard.type("lam")
        expect(options).to_have_count(4)
        while asked[-1] != "lam":  # a slow machine takes the letters for single words
            page.wait_for_timeout(20)
        expect(box).to_have_attribute("aria-expanded", "true")
        expect(box).to_have_attribute("aria-controls", page.get_by_role("listbox").get_attribute("id"))
        expect(page.locator("#live")).to_have_text("4 suggestions")
        assert page.get_by_role("listbox").get_by_role("group").count() == 3
        expect(options.nth(0)).to_contain_text("in Home")
        assert options.nth(2).locator(".words").inner_text() == "lamp <b>number</b> 4"
        assert options.nth(2).locator("mark").all_inner_texts() == ["la"]
        assert not violations(page)

        def active() -> str | None:
            return page.locator("#suggestions [aria-selected=true]").get_attribute("id")

        for key, place in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
            page.keyboard.press(key)
            assert active() == options.nth(place).get_attribute("id")
            expect(box).to_have_attribute("aria-activedescendant", active() or "")
            expect(box).to_be_focused()
        for key in ("ArrowUp", "End", "Home"):  # back in the words
            page.keyboard.press("ArrowDown") if key != "ArrowUp" else None
            page.keyboard.press(key)
            expect(page.locator("#suggestions [aria-selected=true]")).to_have_count(0)
            assert box.get_attribute("aria-activedescendant") is None
        assert box.evaluate("e => e.selectionStart") == 0
        page.keyboard.press("ArrowUp")
        assert active() == options.nth(3).get_attribute("id")
        page.keyboard.press("Escape")
        expect(page.get_by_role("listbox")).to_be_hidden()
        expect(box).to_have_attribute("aria-expanded", "false")
        expect(box).to_have_value("lam")
        page.keyboard.press("ArrowDown")
        expect(options.nth(0)).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?category=Home+%3E+Lamps")
        expect(box).to_have_value("")
        expect(page.get_by_role("listbox")).to_be_hidden()
        assert asked == [prefix for prefix in dict.fromkeys(asked)]  # none twice


def test_enter_without_a_choice_searches_what_was_typed(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        page.route("**/suggest", answering(lambda _: FOUND, []))
        page.locator("#q").focus()
        page.keyboard.type("lam")
        expect(page.locator("#suggestions [role=option]")).to_have_count(4)
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=lam")
        settled(page)
        expect(page.get_by_role("listbox")).to_be_hidden()


@pytest.mark.parametrize("touch", [False, True])
def test_by_mouse_and_touch(visit: Callable[..., Any], touch: bool) -> None:
    from playwright.sync_api import expect

    with visit(**(PHONE if touch else {})) as page:
        settled(page)
        page.route("**/suggest", answering(lambda _: FOUND, []))
        for place, expected in ((1, {"brand": ["brand1"]}), (2, {"q": ["lamp <b>number</b> 4"]})):
            page.locator("#q").fill("")
            page.locator("#q").press_sequentially("la")
            option = page.locator("#suggestions [role=option]").nth(place)
            option.tap() if touch else option.click()
            page.wait_for_url(re.compile(next(iter(expected)) + "="))
            assert query_of(page) == expected
            page.goto("/")
            settled(page)
        page.locator("#q").press_sequentially("la")
        expect(page.locator("#suggestions [role=option]")).to_have_count(4)
        if touch:
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.mouse.click(10, 800)
        expect(page.get_by_role("listbox")).to_be_hidden()


def test_nothing_is_asked_while_an_input_method_composes(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(locale="zh-CN") as page:
        settled(page)
        asked: list[str] = []
        page.route("**/suggest", answering(lambda _: FOUND, asked))
        page.locator("#q").focus()
        session = page.context.new_cdp_session(page)
        for letters in ("t", "ta", "tai"):
            session.send("Input.imeSetComposition", {"text": letters, "selectionStart": 3, "selectionEnd": 3})
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(300)
        assert asked == []
        session.send("Input.insertText", {"text": "台"})
        expect(page.locator("#suggestions [role=option]")).to_have_count(4)
        assert asked == ["台"]
        expect(page.locator("#suggestions [role=option]").first).to_contain_text("台灯")
        expect(page.locator(".doors")).to_contain_text("家居")


def test_late_answers_and_failures_are_dropped(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(allow="500|ERR_") as page:
        settled(page)
        held: list[Any] = []
        page.route("**/suggest", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        box = page.locator("#q")
        box.press_sequentially("l")
        page.wait_for_timeout(200)
        box.press_sequentially("a")
        page.wait_for_timeout(200)
        assert [route.request.post_data_json["prefix"] for route in held] == ["l", "la"]
        held[1].fulfill(json={"result": {"suggestions": FOUND[:1]}})
        expect(page.locator("#suggestions [role=option]")).to_have_count(1)
        page.unroute("**/suggest")
        page.route("**/suggest", lambda route: route.fulfill(status=500, json={}))
        box.press_sequentially("mp")
        expect(page.get_by_role("listbox")).to_be_hidden()
        page.unroute("**/suggest")
        page.route("**/suggest", lambda route: route.abort())
        box.press_sequentially("s")
        page.wait_for_timeout(200)
        expect(page.get_by_role("listbox")).to_be_hidden()
        page.keyboard.press("Escape")
        expect(box).to_have_value("")
