"""What a query denies is in no answer: hits, totals, facets, pages, and what came since the release."""

import pytest
from starlette.testclient import TestClient

from tests.bentos.endpoints.test_search import asked, ids
from tests.bentos.endpoints.test_search_changes import ITEM, application, client, sent

__all__ = ["application", "client"]


def titles(result: dict) -> list[str]:
    return [hit["title"] for hit in result["hits"]]


@pytest.mark.parametrize("text", ["shoe not blue", "shoe -blue", "不要蓝色的鞋", "no blue"])
def test_no_answer_has_what_is_denied(client: TestClient, text: str) -> None:
    found = asked(client, query={"text": text}, k=100, facets=True)
    assert len(found["hits"]) == found["total"] > 10
    assert not [title for title in titles(found) if "blue" in title or "蓝" in title]
    assert found["understood"][0]["kind"] == "exclusion"
    assert sum(found["facets"]["language"].values()) == found["total"]
    again = asked(client, query={"text": text, "ignore": [found["understood"][0]["text"]]}, k=100)
    assert [title for title in titles(again) if "blue" in title]
    assert asked(client, query={"text": text}, sort="price_up", k=100)["total"] <= found["total"]


def test_attributes_count_and_descriptions_do_not(client: TestClient) -> None:
    sent(client, "/products/put", item=ITEM)
    assert "new-1" in ids(asked(client, query={"text": "umbrella not drizzle"}))
    assert "new-1" not in ids(asked(client, query={"text": "umbrella not bamboo"}, k=100))
    assert "new-1" not in ids(
        asked(client, query={"text": "umbrella"}, filters={"without": ["Rainmakers"]}, k=100)
    )
    free = {**ITEM, "title": "umbrella, bamboo-free", "attributes": {"handle": "no bamboo"}}
    sent(client, "/products/put", item=free)
    assert "new-1" in ids(asked(client, query={"text": "umbrella not bamboo"}))
    sent(client, "/products/put", item={**free, "title": "an umbrella without bamboo"})
    kept = asked(client, query={"text": "umbrella without bamboo"})
    assert (kept["understood"], ids(kept)[0]) == ([], "new-1")
