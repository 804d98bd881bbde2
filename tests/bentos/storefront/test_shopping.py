"""Journeys of a shopper: words, photos, sounds, filters, order, pages."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx

from tests.bentos.served import Server
from tests.bentos.shop import play_sound
from tests.bentos.storefront.browsing import MARKS, photo_file, query_of, settled, titles
from tests.bentos.storefront_shop import (
    NO_PHOTO,
    NO_PRICE,
    SOLD_OUT,
    TWO_PHOTOS,
    noise,
)

if TYPE_CHECKING:
    pass

pytestmark = MARKS


def test_the_whole_catalogue_at_once(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        assert len(titles(page)) == 24
        expect(page.get_by_role("heading", level=1, name="What are you looking for?")).to_be_visible()
        expect(page.locator(".told .count")).to_have_text("60 products · page 1 of 3")
        expect(page.locator("#live")).to_contain_text("60 products")
        image = page.locator("#results img").first
        expect(image).to_be_visible()
        assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") == 80
        expect(page.get_by_label("Sort by").locator("option:checked")).to_have_text("Popular first")
        items = page.locator("#results li:has(.card)")
        expect(items.nth(0)).to_contain_text("number 4€14.00")  # bought with others most
        expect(items.filter(has_text=re.compile(r"number 1\D")).first).to_contain_text("Price on request")
        page.goto("/?page=3")
        settled(page)
        said = items.all_inner_texts()[-2:]  # behind all that have a photo and are in stock
        assert [("number 2" in text, "No photo" in text) for text in said].count((True, True)) == 1
        assert [("number 3" in text, "Sold out" in text) for text in said].count((True, True)) == 1
        assert (NO_PHOTO, NO_PRICE, SOLD_OUT, TWO_PHOTOS) == ("P002", "P001", "P003", "P004")


def test_words_by_keyboard_and_back(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        page.keyboard.press("/")
        expect(page.locator("#q")).to_be_focused()
        page.keyboard.type("desk lamp")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=desk+lamp")
        expect(page.get_by_role("heading", level=1, name="desk lamp")).to_be_focused()
        found = titles(page)
        assert "desk lamp" in found[0]
        expect(page.locator("#results .why").first).to_contain_text("Has desk, lamp")
        page.locator("#results .cover").first.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#results .cover").nth(1)).to_be_focused()
        page.keyboard.press("End")
        expect(page.locator("#results .cover").last).to_be_focused()
        page.keyboard.press("Home")
        page.keyboard.press("Enter")
        page.wait_for_url("**/product/*")
        expect(page.get_by_role("heading", level=1, name=found[0])).to_be_focused()
        page.get_by_role("link", name="Back to the results").click()
        page.wait_for_url("**/?q=desk+lamp")
        assert titles(page) == found
        page.reload()
        assert titles(page) == found
        page.locator("#q").focus()
        page.keyboard.press("Escape")
        expect(page.locator("#q")).to_have_value("")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/$"))


def test_the_skip_link_comes_first(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to the products")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()


def test_photo_chosen_pasted_and_dropped(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        page.locator("#photo-file").set_input_files(photo_file())
        page.wait_for_url("**/?photo=*")
        expect(page.get_by_role("heading", level=1, name="Like your photo")).to_be_visible()
        chosen = titles(page)
        assert chosen
        expect(page.locator(".tray img")).to_be_visible()
        page.reload()  # the tab still knows it
        assert titles(page) == chosen
        name = query_of(page)["photo"]
        page.goto("/")
        settled(page)
        for way in ("paste", "drop"):
            page.evaluate(
                """([way, bytes]) => {
                    const data = new DataTransfer();
                    data.items.add(new File([new Uint8Array(bytes)], "mine.jpg", { type: "image/jpeg" }));
                    const how = { bubbles: true, cancelable: true };
                    const event = way === "paste"
                        ? new ClipboardEvent("paste", { ...how, clipboardData: data })
                        : new DragEvent("drop", { ...how, dataTransfer: data });
                    document.body.dispatchEvent(event);
                }""",
                [way, list(photo_file()["buffer"])],
            )
            page.wait_for_url("**/?photo=*")
            assert query_of(page)["photo"] == name
            assert titles(page) == chosen
            page.get_by_role("button", name="Remove Your photo").click()
            page.wait_for_url(re.compile("/$"))


def test_a_photo_that_is_none_is_said_to_be_none(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        file = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": noise()}
        page.locator("#photo-file").set_input_files(file)
        expect(page.get_by_role("alert")).to_contain_text("This photo cannot be read")
        file = {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
        page.locator("#photo-file").set_input_files(file)
        expect(page.get_by_role("alert")).to_contain_text("Only photos and sounds")


def test_a_link_with_a_photo_of_somebody_else(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/?q=lamp&photo=0011223344ff") as page:
        assert titles(page)
        expect(page.get_by_role("alert")).to_contain_text("stays on the device")


def test_sound_chosen_and_recorded(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(permissions=["microphone"]) as page:
        settled(page)
        page.get_by_role("button", name="Add a sound").click()
        file = {"name": "mine.wav", "mimeType": "audio/wav", "buffer": play_sound(300)}
        page.locator("#sound-file").set_input_files(file)
        page.wait_for_url("**/?sound=*")
        assert titles(page)
        expect(page.get_by_role("heading", level=1, name="Like your sound")).to_be_visible()
        page.get_by_role("button", name="Remove Your sound").click()
        page.wait_for_url(re.compile("/$"))
        page.get_by_role("button", name="Add a sound").click()
        page.get_by_role("button", name="Record").click()
        expect(page.get_by_role("timer")).to_contain_text("1 s")
        page.get_by_role("button", name="Stop", exact=True).click()
        with page.expect_request("**/search") as asked:
            page.wait_for_url("**/?sound=*")
        sent = asked.value.post_data_json["query"]["sound"]
        assert sent.startswith("UklGR")  # RIFF in base64: a WAV
        assert titles(page)


def test_a_photo_but_in_red(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/?q=red") as page:
        settled(page)
        page.locator("#photo-file").set_input_files(photo_file("Bags", "blue"))
        page.wait_for_url("**/?q=red&photo=*")
        balanced = titles(page)
        with page.expect_request("**/search") as asked:
            page.get_by_role("slider", name="Weight of Your photo").fill("0")
        assert asked.value.post_data_json["query"]["weights"] == {"text": 1, "photo": 0}
        page.wait_for_url("**&w.photo=0")
        settled(page)
        page.wait_for_function(
            "before => document.querySelector('#results .cover').innerText !== before[0] "
            "|| document.querySelectorAll('#results .cover')[1].innerText !== before[1]",
            arg=balanced,
        )
        assert "red" in titles(page)[0]
        expect(page.locator(".weight output").nth(1)).to_have_text("0")
        page.go_back()
        page.wait_for_url(re.compile("photo=[0-9a-f]+$"))
        assert titles(page) == balanced


def test_filters_facets_and_chips(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        side = page.get_by_role("complementary", name="Filters")
        side.get_by_role("checkbox", name=re.compile("^Wear")).check()
        page.wait_for_url("**/?category=Wear")
        expect(page.locator(".told .count")).to_contain_text("40 products")
        expect(side.get_by_role("checkbox", name=re.compile("^Wear"))).to_be_focused()
        side.get_by_role("checkbox", name=re.compile("^Shoes")).check()
        page.wait_for_url("**/?category=Wear+%3E+Shoes")
        expect(page.locator(".told .count")).to_contain_text("20 products")
        side.get_by_role("checkbox", name=re.compile("^brand1")).check()
        expect(page.locator(".told .count")).to_have_text("5 products")
        side.get_by_label("To", exact=True).fill("30")
        side.get_by_role("button", name="Apply").click()
        page.wait_for_url("**price_to=30*")
        settled(page)
        chips = page.get_by_role("list", name="Active filters")
        expect(chips).to_contain_text("up to €30")
        chips.get_by_role("button", name="Remove filter brand1").click()
        page.wait_for_url(lambda url: "brand" not in url)
        page.go_back()
        page.wait_for_url("**brand=brand1**")
        chips.get_by_role("button", name="Clear all").click()
        page.wait_for_url(re.compile("/$"))
        expect(page.locator(".told .count")).to_contain_text("60 products")
        side.get_by_role("checkbox", name=re.compile("^In stock")).check()
        expect(page.locator(".told .count")).to_contain_text("59 products")


def test_order_and_pages(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        page.get_by_label("Sort by").select_option("price_down")
        page.wait_for_url("**/?sort=price_down")
        expect(page.locator("#results .price").first).to_have_text("€69.00")
        page.get_by_role("link", name="Next").click()
        page.wait_for_url("**page=2")
        expect(page.locator(".told .count")).to_have_text("60 products · page 2 of 3")
        expect(page.get_by_role("link", name="Page 2")).to_have_attribute("aria-current", "page")
        expect(page.locator("#results .price").first).to_have_text("€45.00")
        page.get_by_role("link", name="Page 3").click()
        expect(page.locator("#results .price").last).to_have_text("Price on request")
        page.go_back()
        expect(page.locator("#results .price").first).to_have_text("€45.00")


def test_a_changed_price_shows_at_once(visit: Callable[..., Any], server: Server) -> None:
    from playwright.sync_api import expect

    address = f"http://127.0.0.1:{server.port}/products/change"
    with visit() as page:
        settled(page)
        for price, shown in ((11.5, "€11.50"), (14.0, "€14.00")):
            change = {"product_id": TWO_PHOTOS, "price": price}
            answer = httpx.post(address, json={"change": change}, trust_env=False, timeout=30)
            assert answer.status_code == 200
            page.get_by_role("link", name="Shelfspace, to all products").click()
            expect(page.locator("#results .price").first).to_have_text(shown)
