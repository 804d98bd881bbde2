"""The service with API keys: who is let in, who is not, and how often."""

import hashlib
import json
from pathlib import Path

from tests.comparison.asking import JSON, Raw

__all__ = ["keyed_requests", "write_keys"]

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
