"""What the page tells of a shopper: what was really seen and opened, and nothing of who asks for none."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from catalog.interactions.reading import read_interactions
from tests.bentos.served import Server
from tests.bentos.storefront.browsing import MARKS, settled
from tests.waiting import wait_for

pytestmark = MARKS
QUIET = "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"


def test_what_was_seen_and_opened_is_told_with_its_place(visit: Callable[..., Any], server: Server) -> None:
    with visit("/?q=desk+lamp") as page:
        settled(page)
        cards = page.locator("#results li:has(.card)")
        shown = [
            card.get_attribute("href").removeprefix("/product/")
            for card in page.locator("#results .cover").all()
        ]
        in_view = [n for n, card in enumerate(cards.all()) if card.bounding_box()["y"] < 700]
        page.wait_for_timeout(1500)
        cards.nth(1).locator(".cover").click()
        settled(page)

        def told() -> pd.DataFrame:
            kept, _ = read_interactions(server.live)
            return kept[kept["release"].ne("") & kept["product_id"].isin(shown) & kept["position"].notna()]

        # A browser that is closed by force sends nothing more.
        wait_for(lambda: "click" in set(told()["kind"]), 30, server.process, server.log)
    clicks, seen = told()[told()["kind"].eq("click")], told()[told()["kind"].eq("impression")]
    assert clicks[["product_id", "position"]].values.tolist()[-1] == [shown[1], 2]
    session = seen[seen["session"].eq(clicks["session"].iloc[-1])]
    assert {0, 1} <= {int(place) - 1 for place in session["position"]}
    assert len(session) <= len(in_view) + 4 < len(shown), "what lies below was not seen"
    assert session["product_id"].tolist() == [shown[int(place) - 1] for place in session["position"]]
    assert set(session["query"]) == {""}, "texts are not kept here"


def test_nothing_is_told_of_who_asks_not_to_be_tracked(visit: Callable[..., Any]) -> None:
    with visit() as page:
        page.add_init_script(QUIET)
        asked: list[str] = []
        page.goto("/?q=lamp")
        page.on("request", lambda request: asked.append(request.url))
        settled(page)
        page.wait_for_timeout(1500)
        page.goto("/")
        settled(page)
        assert not [url for url in asked if url.endswith("/events")]
