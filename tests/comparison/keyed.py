"""The service with API keys and merchandising rules: who is let in, what is pinned and banned."""

import hashlib
import json
from pathlib import Path

import yaml

from tests.comparison.asking import JSON, Raw
from tests.comparison.catalogue import Catalogue

__all__ = ["keyed_requests", "ruled_requests", "write_keys", "write_rules"]

KEYS = {
    "reader": ["read"],
    "writer": ["write"],
    "both": ["read", "write"],
    "past": ["read"],
    "slow": ["read"],
}
SEARCH = b'{"query": {"text": "red"}, "k": 2}'
CHANGE = b'{"change": {"product_id": "no-such-product", "price": 5}}'


def key(name: str) -> str:
    """The key of a name as it is sent."""
    return f"shelfspace_comparison-{name}-0123456789abcdef"


def write_keys(path: Path) -> None:
    """The keys file in the form that the service reads."""
    kept = [
        {"id": name, "name": name, "hash": hashlib.sha256(key(name).encode()).hexdigest(), "scopes": scopes,
         "rate": 0.001 if name == "slow" else 50, "burst": 2 if name == "slow" else 100,
         "created": "2026-01-01T00:00:00Z", "expires": "2026-01-02T00:00:00Z" if name == "past" else None}
        for name, scopes in KEYS.items()
    ]  # fmt: skip
    path.write_text(json.dumps({"version": 1, "keys": kept}))
    path.chmod(0o600)


def keyed_requests() -> list[Raw]:
    """Requests with, without and with wrong keys; the many wrong ones come last."""
    reads = [("GET", "/release", None), ("POST", "/search", SEARCH), ("GET", "/metrics", None),
             ("GET", "/docs.json", None), ("GET", "/media/none.jpg", None)]  # fmt: skip
    found = [
        Raw("open", "GET", path) for path in ("/", "/about", "/product/x", "/healthz", "/session", "/nothing")
    ]
    for method, path, body in [
        *reads,
        ("POST", "/products/change", CHANGE),
        ("POST", "/products/delete", b"{}"),
    ]:
        found.append(Raw("no key", method, path, body, JSON))
        for name in ("reader", "writer", "both"):
            found.append(Raw(f"key {name}", method, path, body, {**JSON, "x-api-key": key(name)}))
    found += [
        Raw("bearer", "GET", "/release", None, {"authorization": f"Bearer {key('reader')}"}),
        Raw("basic", "GET", "/release", None, {"authorization": "Basic YTpi"}),
        Raw("cookie", "GET", "/release", None, {"cookie": f"shelfspace_key={key('reader')}"}),
        Raw("cookie elsewhere", "POST", "/search", SEARCH,
            {**JSON, "cookie": f"shelfspace_key={key('reader')}", "origin": "https://evil.example"}),
        Raw("past", "GET", "/release", None, {"x-api-key": key("past")}),
        *[Raw("slow", "GET", "/release", None, {"x-api-key": key("slow")}) for _ in range(3)],
        Raw("session", "POST", "/session", json.dumps({"key": key("both")}).encode(), JSON),
        Raw("session", "GET", "/session", None, {"x-api-key": key("both")}),
        Raw("session", "POST", "/session", b'{"key": "wrong"}', JSON),
        Raw("session", "DELETE", "/session", None, JSON),
        *[Raw("wrong", "GET", "/release", None, {"x-api-key": f"shelfspace_wrong-{n}"}) for n in range(14)],
    ]  # fmt: skip
    return [
        Raw(f"{raw.name}/{n:03d}", raw.method, raw.path, raw.body, raw.headers) for n, raw in enumerate(found)
    ]


def write_rules(path: Path, catalogue: Catalogue) -> None:
    """Rules that pin, boost and ban some products, and one that names a product that is not there."""
    ids = [str(product["product_id"]) for product in catalogue.products]
    brands = [str(product["brand"]) for product in catalogue.having("brand")] or ["none"]
    rules = [
        {"why": "campaign", "query": "red", "pin": [ids[5], ids[9], "no-such-product"]},
        {"why": "recalled", "ban": ids[20:24]},
        {"why": "own brand", "query": "blue", "boost": {"factor": 1.5, "brand": brands[0]}},
        *[
            {"why": "category", "category": str(product["category"]).split(" > ")[0], "pin": [ids[7]]}
            for product in catalogue.having("category")[:1]
        ],
    ]
    path.write_text(yaml.safe_dump({"rules": rules}))


def ruled_requests(catalogue: Catalogue) -> list[Raw]:
    """What the rules bear on: searches, browsing, neighbours, pages, and what /release says of them."""
    ids = [str(product["product_id"]) for product in catalogue.products]
    heads = [str(product["category"]).split(" > ")[0] for product in catalogue.having("category")[:1]]
    bodies: list[tuple[str, dict[str, object]]] = [
        ("search", {"query": {"text": text}, "sort": sort, "k": 12, "facets": True})
        for text in ("red", "red lamp", "blue", "blue shirt", "book")
        for sort in ("relevance", "price_up")
    ]
    bodies += [("search", {"filters": {"category": heads}, "k": 12, "facets": True})]
    bodies += [("similar", {"product_id": ids[n], "k": 20}) for n in (19, 20, 25)]
    bodies += [("similar", {"product_id": ids[25], "k": 20, "modality": "text"})]
    bodies += [("products/get", {"product_ids": ids[18:26]})]
    sent = {**JSON, "x-api-key": key("both")}
    found = [Raw("ruled", "POST", f"/{path}", json.dumps(body).encode(), sent) for path, body in bodies]
    found.append(Raw("ruled", "GET", "/release", None, sent))
    return [
        Raw(f"{raw.name}/{n:03d}", raw.method, raw.path, raw.body, raw.headers) for n, raw in enumerate(found)
    ]
