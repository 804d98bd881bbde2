"""The pages of one product, of the release and of the API."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx

from tests.bentos.served import Server
from tests.bentos.storefront.browsing import MARKS, settled, titles
from tests.bentos.storefront_shop import (
    CHINESE,
    TWO_PHOTOS,
)

if TYPE_CHECKING:
    pass

pytestmark = MARKS


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
        expect(page.get_by_text("Nothing has to be done.")).to_be_visible()
        won = page.get_by_role("region", name="Learned or simple").locator("tbody tr")
        assert [re.sub(r"\s+", " ", row) for row in won.all_inner_texts()] == [
            "Categories 30 rows Linear model 0.880 0.900 Linear model -0.020 -0.050 … +0.010",
            "Text vectors 30 rows Learned 0.940 0.900 Linear model +0.040 +0.010 … +0.070",
            "Bought together: similar products 30 rows Linear model 0.900 0.900 Linear model 0.000"
            " -0.010 … +0.010",
        ]
        assert page.locator(".encoders dd").all_inner_texts()[:2] == ["lstm", "cnn\ncnn stays, the simpler"]
        expect(page.locator(".fact").filter(has_text="Photos and sounds")).to_contain_text("75 of 75")
        expect(page.locator(".subsets:not(.won) tbody tr")).to_have_count(2)
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


def test_the_api_page(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    with visit("/docs") as page:
        expect(page.get_by_text("/products/put").first).to_be_visible()


def test_pages_are_served_by_the_bento_itself(server: Server) -> None:
    page = httpx.get(f"http://127.0.0.1:{server.port}/", trust_env=False)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    script = re.search(r'src="(/static/[^"]+)"', page.text)
    assert script is not None
    assert httpx.get(f"http://127.0.0.1:{server.port}{script[1]}", trust_env=False).status_code == 200
