"""The storefront in a real Chromium against a really built and served Bento: journeys of a shopper.

Every page of every test is watched: an error in the console, a breach of the content policy or a
request to another host fails the test that caused it.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bentos.build import build_bento
from catalog.files import write_json
from tests.bentos.shop import Shop, draw_photo, play_sound
from tests.bentos.storefront_shop import (
    CHINESE,
    NO_PHOTO,
    NO_PRICE,
    SOLD_OUT,
    TWO_PHOTOS,
    build_storefront,
    noise,
)
from tests.bentos.test_server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
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


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
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


def settled(page: "Page") -> None:
    """Wait until the products are there."""
    page.locator('#results[aria-busy="false"], .page-product h1, .page-about .facts-row').first.wait_for()


def query_of(page: "Page") -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def titles(page: "Page") -> list[str]:
    settled(page)
    return page.locator("#results .cover").all_inner_texts()


def photo_file(category: str = "Lamps", colour: str = "red") -> dict[str, Any]:
    return {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": draw_photo(category, colour, 3)}


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
        card = page.locator("#results li").filter(has_text="number 2").first
        expect(card.get_by_text("No photo")).to_be_visible()
        expect(page.locator("#results li").nth(1)).to_contain_text("Price on request")
        expect(page.locator("#results li").nth(3)).to_contain_text("Sold out")
        expect(page.locator("#results li").nth(0)).to_contain_text("€10.00")
        assert (NO_PHOTO, NO_PRICE, SOLD_OUT) == ("P002", "P001", "P003")


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
        expect(chips).to_contain_text("up to €30.00")
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
        for price, shown in ((11.5, "€11.50"), (10.0, "€10.00")):
            change = {"product_id": "P000", "price": price}
            answer = httpx.post(address, json={"change": change}, trust_env=False, timeout=30)
            assert answer.status_code == 200
            page.get_by_role("link", name="Shelfspace, to all products").click()
            expect(page.locator("#results .price").first).to_have_text(shown)


def test_a_product_and_its_neighbours(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(f"/product/{TWO_PHOTOS}") as page:
        settled(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text("number 4")
        expect(page.locator(".prose")).to_have_text("Solid & plain")
        assert page.title().startswith("orange")
        first = page.locator(".gallery .main img").get_attribute("src")
        page.get_by_role("button", name="Show photo 2").click()
        assert page.locator(".gallery .main img").get_attribute("src") != first
        expect(page.get_by_role("row", name="colour orange")).to_be_visible()
        expect(page.get_by_text("What the model sees")).to_be_visible()
        assert page.locator(".insight .bars li").count() == 3
        expect(page.locator("#neighbours .cover").first).to_be_visible()
        page.get_by_role("tab", name="Everything").focus()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name="Description")).to_be_focused()
        expect(page.get_by_role("tab", name="Description")).to_have_attribute("aria-selected", "true")
        expect(page.locator("#neighbours .cover").first).to_be_visible()
        assert page.get_by_role("tab").all_inner_texts() == ["Everything", "Description", "Photo", "Sound"]
        page.get_by_role("link", name="Search with this product").click()
        page.wait_for_url(f"**/?like={TWO_PHOTOS}")
        expect(page.locator(".tray .name")).to_contain_text("number 4")
        assert titles(page)


def test_bought_together_shows_when_there_is_something(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(f"/product/{TWO_PHOTOS}") as page:
        settled(page)
        expect(page.get_by_role("heading", name="Often bought together")).to_be_visible()
        assert page.get_by_role("list", name="Often bought together").locator(".cover").count() == 2
    with visit(f"/product/{CHINESE}") as page:
        settled(page)
        expect(page.get_by_role("heading", name="Often bought together")).to_have_count(0)


def test_insights_of_price_and_stock_when_present(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/about") as page:
        page.route("**/products/get", with_insights)
        settled(page)
        page.goto(f"/product/{TWO_PHOTOS}")
        expect(page.get_by_text("usually cost €12.50")).to_be_visible()
        expect(page.get_by_text("Lasts about 9 more days")).to_be_visible()


def with_insights(route: Any) -> None:
    answer = route.fetch()
    body = answer.json()
    body["result"] |= {"price_suggestion": {"price": 12.5, "low": 10, "high": 15}, "stock": {"days_left": 9}}
    route.fulfill(response=answer, json=body)


def test_sounds_play_one_at_a_time(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        buttons = page.locator("#results .sound")
        with page.expect_response("**/media/sounds/*") as fetched:
            buttons.nth(0).click()
        assert fetched.value.status in {200, 206}
        buttons.nth(1).click()
        expect(buttons.nth(1)).to_have_attribute("aria-pressed", "true")
        expect(buttons.nth(0)).to_have_attribute("aria-pressed", "false")
        expect(buttons.nth(1)).to_have_attribute("aria-pressed", "false")  # half a second later it has ended


def test_more_like_this_from_a_card(visit: Callable[..., Any]) -> None:
    with visit("/?q=wallet") as page:
        found = titles(page)
        page.get_by_role("link", name=f"More like {found[0]}", exact=True).click()
        page.wait_for_url("**/?like=P*")
        assert found[0] not in titles(page)


def test_the_release_page(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit() as page:
        settled(page)
        page.get_by_role("navigation", name="Shelfspace").get_by_role("link", name="About").click()
        page.wait_for_url("**/about")
        settled(page)
        expect(page.locator(".intervals")).to_contain_text("80% – 96%")
        expect(page.locator(".matrix .wrong")).to_have_count(2)
        assert page.locator(".matrix td[title]").last.get_attribute("title") == "8 of Shoes taken for Shoes"
        expect(page.get_by_text("Nothing has drifted")).to_be_visible()
        expect(page.locator(".subsets tbody tr")).to_have_count(2)
        expect(page.get_by_role("link", name="Pipeline in Dagster")).to_have_attribute(
            "href", "http://127.0.0.1:3001"
        )
        dots = page.get_by_role("application")
        expect(dots).to_be_visible()
        assert page.locator(".dots g circle").count() == 60
        dots.focus()
        page.keyboard.press("ArrowRight")
        said = page.locator(".said")
        expect(said).to_contain_text("Open product")
        before = said.inner_text()
        page.keyboard.press("ArrowLeft")
        assert said.inner_text() != before
        page.get_by_role("group", name="Category").get_by_role("button", name="Wear").click()
        expect(page.locator(".dots .faint")).to_have_count(20)
        dots.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/product/*")


def test_chinese(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit(locale="zh-CN") as page:
        settled(page)
        assert page.locator("html").get_attribute("lang") == "zh-CN"
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
        for path in ("/", "/?q=lamp&in_stock=1", f"/product/{TWO_PHOTOS}", "/about"):
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


def test_the_api_page(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/docs") as page:
        expect(page.get_by_text("/products/put").first).to_be_visible()


PAGES = ["/", "/?q=red+lamp&in_stock=1&like=P004", f"/product/{TWO_PHOTOS}", "/about", "/?q=x&brand=nobody"]


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


def test_pages_are_served_by_the_bento_itself(server: Server) -> None:
    page = httpx.get(f"http://127.0.0.1:{server.port}/", trust_env=False)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    script = re.search(r'src="(/static/[^"]+)"', page.text)
    assert script is not None
    assert httpx.get(f"http://127.0.0.1:{server.port}{script[1]}", trust_env=False).status_code == 200
