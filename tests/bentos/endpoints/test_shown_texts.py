"""What a put is shown and found as: its texts without HTML, its words whole in any script."""

from starlette.testclient import TestClient

from tests.bentos.endpoints.test_changes import application, client, found, put

__all__ = ["application", "client"]

ITEM = {
    "product_id": "new-1",
    "title": "Tom &amp;amp; Jerry <b>mug</b> zanzibar <3",
    "brand": "Black &amp; Decker",
    "category": "Home &amp; Garden &gt; Mugs",
    "description": "<p>Warm &amp; light</p>",
    "attributes": {"Size &amp; shape": "5 &lt; 6", "Pieces": 2},
}


def test_the_texts_of_a_put_are_shown_without_html(client: TestClient) -> None:
    put(client, ITEM)
    hit = found(client, "zanzibar mug")["new-1"]
    assert hit["title"] == "Tom & Jerry mug zanzibar <3"
    assert [hit["title"][start:end] for start, end in hit["marks"]] == ["mug", "zanzibar"]
    page = client.post("/products/get", json={"product_id": "new-1"}).json()["result"]
    assert (page["brand"], page["category"]) == ("Black & Decker", "Home & Garden > Mugs")
    assert page["attributes"] == {"Size & shape": "5 < 6", "Pieces": 2}
    assert page["description"] == "Warm & light"
    (suggested,) = client.get("/suggest", params={"prefix": "zanz"}).json()["result"]["suggestions"]
    assert suggested["text"] == hit["title"]
    assert [suggested["text"][start:end] for start, end in suggested["marks"]] == ["zanz"]


def test_letters_of_a_word_are_no_words(client: TestClient) -> None:
    titles = {"h1": "लाल जूता", "h2": "नीली घड़ी", "h3": "काली कुर्सी"}
    put(client, *({"product_id": product, "title": title} for product, title in titles.items()))
    lock = found(client, "ताला")
    assert all(not lock[product]["why"]["words"] for product in titles if product in lock)
    shoe = found(client, "जूता")
    assert next(iter(shoe)) == "h1"
    assert shoe["h1"]["why"]["words"] == ["जूता"]
