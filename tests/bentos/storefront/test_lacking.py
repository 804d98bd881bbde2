"""A copy of the shop without its photos says so."""

import re
from collections.abc import Callable
from typing import Any

from tests.bentos.storefront.browsing import MARKS, settled

pytestmark = MARKS


def test_the_lack_of_photos_is_said_once(visit: Callable[..., Any]) -> None:
    from playwright.sync_api import expect

    def release(route: Any) -> None:
        answer = route.fetch()
        media = {"from": "bento", "files": 0, "bytes": 0, "named": 75, "lack": "raise the limit"}
        route.fulfill(response=answer, json=answer.json() | {"media": media})

    with visit("/about", allow="404") as page:
        page.route("**/media/**", lambda route: route.fulfill(status=404, json={}))
        page.route("**/release", release)
        page.goto("/?category=Wear+%3E+Shoes")
        settled(page)
        told = page.locator(".lacking")
        expect(told).to_have_text("75 of 75 photos and sounds are not in this copy of the shop.")
        expect(told).to_have_attribute("title", "raise the limit")
        expect(page.get_by_text("Photo not here").first).to_be_visible()
        expect(page.locator("#results li").filter(has_text=re.compile(r"number 2\D")).first).to_contain_text(
            "No photo"
        )  # it has none anywhere
        page.unroute("**/release")
        page.goto("/about")
        settled(page)
        expect(page.locator(".lacking")).to_have_count(0)
