"""Requests that are refused, on every route: statuses, headers and bodies to compare."""

import base64
import io
import json
from collections.abc import Iterator

from PIL import Image

from tests.comparison.asking import BOUNDARY, JSON, Raw, form
from tests.comparison.catalogue import Catalogue

__all__ = ["bad_requests"]

POSTS = ("embed", "classify", "search", "similar", "products/get", "products/put", "products/change",
         "products/delete")  # fmt: skip
LARGE = 33_000_000


def bad_requests(catalogue: Catalogue) -> list[Raw]:
    """Every request that shall be refused (and some odd ones that shall not)."""
    product = str(catalogue.products[0]["product_id"])
    found = [*of_every_route(), *of_searches(product), *of_items(), *of_products(product), *of_forms(),
             *of_connections()]  # fmt: skip
    return [
        Raw(f"{raw.name}/{n:03d}", raw.method, raw.path, raw.body, raw.headers) for n, raw in enumerate(found)
    ]


def post(name: str, path: str, body: object) -> Raw:
    """A JSON body to a route."""
    return Raw(name, "POST", f"/{path}", json.dumps(body, ensure_ascii=False).encode(), JSON)


def of_every_route() -> Iterator[Raw]:
    """What any route refuses."""
    bodies = {
        "empty body": b"", "no json": b"{nope", "json nan": b'{"k": NaN}', "no utf-8": b'{"a": "\xff"}',
        "a list": b"[]", "a text": b'"text"', "null": b"null", "no field": b"{}",
        "unknown field": b'{"colour": "red", "query": {"text": "a"}}',
        "many fields": json.dumps({f"f{n}": n for n in range(80)}).encode(),
    }  # fmt: skip
    for path in POSTS:
        for name, body in bodies.items():
            yield Raw(f"{path} {name}", "POST", f"/{path}", body, JSON)
        for method in ("GET", "PUT"):
            yield Raw(f"{path} method", method, f"/{path}", None if method == "GET" else b"{}", JSON)
        yield Raw(f"{path} media type", "POST", f"/{path}", b"{}", {"content-type": "text/xml"})
        yield Raw(f"{path} zipped", "POST", f"/{path}", b"{}", {**JSON, "content-encoding": "gzip"})
        yield Raw(f"{path} too large", "POST", f"/{path}", None, {**JSON, "content-length": str(LARGE)})


def of_searches(product: str) -> Iterator[Raw]:
    """What /search and /similar refuse of numbers, names and mixtures."""
    words = {"text": "red"}
    bodies: list[tuple[str, dict[str, object]]] = [
        ("both", {"query": words, "queries": [words]}),
        ("empty query", {"query": {}}),
        ("no queries", {"queries": []}),
        ("queries of a text", {"queries": "red"}),
        ("too many queries", {"queries": [words] * 65}),
        ("k", {"query": words, "k": 0}),
        ("k", {"query": words, "k": 101}),
        ("k", {"query": words, "k": "ten"}),
        ("k", {"query": words, "k": 2.5}),
        ("page", {"query": words, "page": 0}),
        ("page", {"query": words, "page": 1_000_001}),
        ("sort", {"query": words, "sort": "newest"}),
        ("facets", {"query": words, "facets": "perhaps"}),
        ("text", {"query": {"text": 5}}),
        ("text too long", {"query": {"text": "a" * 64_001}}),
        ("unknown product", {"query": {"product_id": "no-such-product"}}),
        ("unknown product", {"queries": [words, {"product_id": "no-such-product"}]}),
        ("weights", {"query": {"text": "a", "weights": {"text": -1}}}),
        ("weights", {"query": {"text": "a", "weights": {"text": 0}}}),
        ("weights", {"query": {"text": "a", "weights": {"words": 1}}}),
        ("weights", {"query": {"text": "a", "product_id": product, "weights": {"text": 1001}}}),
        ("filters", {"query": words, "filters": {"price_from": 10, "price_to": 5}}),
        ("filters", {"query": words, "filters": {"price_from": -1}}),
        ("filters", {"query": words, "filters": {"category": "Shoes"}}),
        ("filters", {"query": words, "filters": {"category": [""]}}),
        ("filters", {"query": words, "filters": {"colour": ["red"]}}),
        ("filters", {"query": words, "filters": {"in_stock": "maybe"}}),
        ("photo", {"query": {"photo": "not base64!"}}),
        ("photo", {"query": {"photo": "https://example.org/a.jpg"}}),
        ("photo", {"query": {"photo": "data:image/png,abc"}}),
        ("photo", {"query": {"photo": text64(b"no picture")}}),
        ("photo", {"query": {"photo": text64(picture("GIF"))}}),
        ("photo", {"query": {"photo": text64(picture("PNG")[:60])}}),
        ("photo", {"query": {"photo": text64(b"\x89PNG\r\n\x1a\n" + b"\0" * 30)}}),
        ("sound", {"query": {"sound": text64(b"no sound")}}),
        ("sound", {"query": {"sound": text64(b"RIFF\x24\0\0\0WAVEfmt ")}}),
        ("sound", {"query": {"sound": text64(picture("PNG"))}}),
        ("null is absent", {"query": {"text": None}, "k": None}),
    ]
    for name, body in bodies:
        yield post(f"search {name}", "search", body)
    for name, body in (
        ("unknown product", {"product_id": "no-such-product"}),
        ("unknown product", {"product_ids": [product, "no-such-product"]}),
        ("k", {"product_id": product, "k": 0}),
        ("k", {"product_id": product, "k": 1000}),
        ("modality", {"product_id": product, "modality": "smell"}),
        ("product", {"product_id": 5}),
        ("product", {"product_id": ""}),
        ("no products", {"product_ids": []}),
        ("too many products", {"product_ids": [product] * 65}),
    ):
        yield post(f"similar {name}", "similar", body)


def of_items() -> Iterator[Raw]:
    """What /embed, /classify and /products/put refuse of an item."""
    items: list[tuple[str, object]] = [
        ("empty", {}),
        ("a text", "shoe"),
        ("price", {"title": "a", "price": -1}),
        ("price", {"title": "a", "price": "12"}),
        ("price", {"title": "a", "price": 1e13}),
        ("title", {"title": ["a"]}),
        ("attributes", {"title": "a", "attributes": {"colour": ["red"]}}),
        ("attributes", {"title": "a", "attributes": {f"a{n}": n for n in range(201)}}),
        ("photos", {"title": "a", "photos": ["%%%"]}),
        ("photos", {"title": "a", "photos": [text64(picture("PNG"))] * 9}),
        ("photos", {"title": "a", "photos": text64(picture("PNG"))}),
        ("sounds", {"title": "a", "sounds": [text64(b"fLaC" + b"\0" * 40)]}),
        ("unknown field", {"title": "a", "colour": "red"}),
        ("long id", {"title": "a", "product_id": "x" * 201}),
    ]
    for path in ("embed", "classify", "products/put"):
        for name, item in items:
            named = (
                {"product_id": "COMPARISON-BAD", **item}
                if path == "products/put" and isinstance(item, dict)
                else item
            )
            yield post(f"{path} item {name}", path, {"item": named})
        yield post(f"{path} items", path, {"items": []})
        yield post(f"{path} items", path, {"items": [{"title": "a"}, {"title": 5}]})
        yield post(f"{path} items", path, {"items": [{"title": "a"}] * 65})


def of_products(product: str) -> Iterator[Raw]:
    """What the routes below /products refuse."""
    bodies: list[tuple[str, dict[str, object]]] = [
        ("products/get", {"product_id": "no-such-product"}),
        ("products/get", {"product_ids": [product, "no-such-product"]}),
        ("products/get", {"product_id": 17}),
        ("products/put", {"item": {"title": "without id"}}),
        ("products/put", {"item": {"product_id": "", "title": "a"}}),
        ("products/put", {"item": {"product_id": "COMPARISON-BAD", "title": "a", "on_hand": -1}}),
        ("products/put", {"item": {"product_id": "COMPARISON-BAD", "title": "a", "updated_at": "yesterday"}}),
        (
            "products/put",
            {"item": {"product_id": "COMPARISON-BAD", "title": "a", "updated_at": "2026-01-01T00:00"}},
        ),
        ("products/put", {"item": {"product_id": "COMPARISON-BAD", "title": "a", "currency": "a" * 11}}),
        ("products/change", {"change": {"product_id": product}}),
        ("products/change", {"change": {"product_id": "no-such-product", "price": 5}}),
        ("products/change", {"change": {"product_id": product, "price": -5}}),
        ("products/change", {"change": {"product_id": product, "title": "new"}}),
        ("products/change", {"change": {"price": 5}}),
        ("products/change", {"changes": [{"product_id": product, "price": "cheap"}]}),
        ("products/delete", {"product_id": "no-such-product"}),
        ("products/delete", {"product_ids": [""]}),
        ("products/delete", {"product_id": product, "product_ids": [product]}),
    ]
    for path, body in bodies:
        yield post(f"{path} refused", path, body)


def of_forms() -> Iterator[Raw]:
    """Forms that are broken, or say what no field can mean."""
    fields: list[tuple[str, str, list[tuple[str, str, bytes]]]] = [
        ("search", "unknown field", [("colour", "", b"red")]),
        ("search", "k", [("text", "", b"red"), ("k", "", b"many")]),
        ("search", "empty photo", [("photo", "a.jpg", b"")]),
        ("search", "no photo", [("photo", "a.jpg", b"no picture")]),
        ("search", "words as file", [("text", "a.txt", b"red")]),
        ("embed", "price", [("title", "", b"a"), ("price", "", b"dear")]),
        ("embed", "attributes", [("title", "", b"a"), ("attributes", "", b"{no")]),
        ("classify", "photo as text", [("photo", "", b"abc")]),
        ("similar", "k", [("product_id", "", b"x"), ("k", "", b"0")]),
        ("products/change", "a form", [("product_id", "", b"x")]),
        ("products/delete", "a form", [("product_id", "", b"x")]),
        ("products/put", "no id", [("title", "", b"a")]),
    ]
    for path, name, given in fields:
        body, headers = form(given)
        yield Raw(f"{path} form {name}", "POST", f"/{path}", body, headers)
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    yield Raw("search form broken", "POST", "/search", b"--nothing of the kind", kind)
    yield Raw("search form broken", "POST", "/search", b"x", {"content-type": "multipart/form-data"})


def of_connections() -> Iterator[Raw]:
    """Paths, methods, hosts and origins."""
    search = b'{"query": {"text": "a"}}'
    for path in ("/nothing", "/Search", "/search/", "/products", "/product", "/static/none.js",
                 "/media/none.jpg", "/media/", "/a/../search", "/static/%2e%2e/base.css",
                 "/media/photos/%00.jpg", "/docs/x"):  # fmt: skip
        yield Raw("path unknown", "GET", path)
    for path in ("/", "/about", "/docs", "/docs.json", "/release", "/metrics", "/release/overview",
                 "/media/a.jpg", "/healthz", "/nothing"):  # fmt: skip
        yield Raw("path method", "POST", path, b"{}", JSON)
    yield Raw("session", "POST", "/session", b"{}", JSON)
    yield Raw("session", "POST", "/session", b'{"key": 5}', JSON)
    yield Raw("session", "POST", "/session", b'{"key": "wrong"}', JSON)
    yield Raw("session", "PUT", "/session", b"{}", JSON)
    yield Raw("session", "POST", "/session", b"a" * 5000, JSON)
    yield Raw("session", "DELETE", "/session")
    yield Raw("host", "GET", "/release", None, {"host": "shop.example"})
    yield Raw("origin", "POST", "/search", search, {**JSON, "origin": "https://evil.example"})
    yield Raw("origin", "POST", "/search", search, {**JSON, "sec-fetch-site": "cross-site"})
    yield Raw("form type", "POST", "/search", search, {"content-type": "application/x-www-form-urlencoded"})
    yield Raw("head too large", "GET", "/release", None, {"x-long": "a" * 40_000})
    yield Raw("many headers", "GET", "/release", None, {f"x-{n}": "a" for n in range(120)})
    yield Raw("options", "OPTIONS", "/search")


def picture(kind: str) -> bytes:
    """A small red picture."""
    stream = io.BytesIO()
    Image.new("RGB", (20, 20), (200, 20, 30)).save(stream, kind)
    return stream.getvalue()


def text64(data: bytes) -> str:
    """Base64 as text."""
    return base64.b64encode(data).decode()
