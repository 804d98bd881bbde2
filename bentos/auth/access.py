"""Who may come in: the address and name a request came by, the page it came from, its key."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Literal

from starlette.types import Scope

from bentos.auth.keys import SCOPES, Key, KeyRing, ScopeName
from bentos.auth.rate_limit import Addresses, Strangers
from bentos.errors import RequestError

__all__ = [
    "ANYONE", "COOKIE", "VISITOR", "Door", "Visitor", "check_host", "check_path", "check_site",
    "refuse_public", "token_of",
]  # fmt: skip

Headers = dict[bytes, bytes]

COOKIE = "shelfspace_key"
MAX_TOKEN = 512
"""Characters of a key that are looked at; real ones have 54."""
SAFE = frozenset({"GET", "HEAD"})
TO_LOGIN = "send Authorization: Bearer KEY or X-API-Key: KEY; `shelfspace keys create` makes one"


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Attributes:
        scopes: what they may do.
        address: they ask from; "" where it is not known.
    """

    scopes: frozenset[ScopeName]
    address: str = ""

    def require(self, scope_name: ScopeName) -> None:
        """Refuse where they may not do this (403)."""
        if scope_name not in self.scopes:
            own = f"; this one has {', '.join(sorted(self.scopes))}" if self.scopes else ""
            raise RequestError(403, "scope", scope_name, f"use a key with the scope {scope_name}{own}")


ANYONE = Visitor(frozenset(SCOPES) - {"events"})
"""Of a service without keys: who may do all but what would let anybody train the ranking."""
VISITOR = "shelfspace.visitor"
"""Where the guard leaves them in the scope of a request."""


@lru_cache(256)
def address_kind(host: str) -> Literal["loopback", "public", "name"]:
    """What a host is: an address of this machine alone, another address, or a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "name"
    mapped = getattr(address, "ipv4_mapped", None) or address
    return "loopback" if mapped.is_loopback else "public"


def refuse_public(scope: Scope) -> None:
    """Refuse a connection that came in on an address other than loopback (403); for a service without keys.

    BentoML binds all addresses unless told otherwise; without API keys anyone who reaches the
    machine could read the catalogue, so such a connection is not answered.
    """
    server = scope.get("server")
    if not server or server[1] is None:  # a Unix socket
        return
    if address_kind(server[0]) == "public":
        remedy = "make an API key (shelfspace keys create), or reach the service over loopback"
        raise RequestError(403, "address", server[0], remedy)


def check_path(path: str) -> None:
    """Refuse a path that two routers might read differently (400)."""
    if not path.isprintable():
        raise RequestError(400, "path", path, "send a path without control characters")
    if ".." in path and ".." in path.split("/"):
        raise RequestError(400, "path", path, "send a path without .. in it")


def check_host(scope: Scope, names: frozenset[str]) -> None:
    """Refuse a request for a name that this service does not have (421).

    A page of another site can have its own name point to 127.0.0.1 (DNS rebinding) and would then
    count as ours in the browser. Its Host header still says the foreign name; an address or
    localhost cannot be such a name.
    """
    found = [value for name, value in scope["headers"] if name == b"host"]
    if len(found) != 1:
        if found or scope.get("http_version") == "1.1":
            raise RequestError(400, "Host", f"{len(found)} headers", "send one Host header")
        return
    server = scope.get("server")
    kind = address_kind(server[0]) if server else "name"
    if kind == "name" or (kind == "public" and not names):
        return
    host = found[0].decode("latin-1")
    if not known_host(host, names):
        remedy = "ask by localhost or an address; service.host_names lists further names"
        raise RequestError(421, "Host", host[:80], remedy)


@lru_cache(256)
def known_host(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header names this service: localhost, an address, or a configured name."""
    bare = host.lower()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    bare = bare.rstrip(".")
    return bare == "localhost" or bare in names or address_kind(bare) != "name"


def check_site(scope: Scope, headers: Headers) -> None:
    """Refuse what a page of another site makes a browser send (403).

    A browser sends a cookie, or reaches a service on loopback that asks for no key, on behalf of
    whatever page is open. It also says where the request comes from: Sec-Fetch-Site (Fetch
    Metadata, W3C), in older ones Origin. A key in a header needs no such check: no page can set
    one without asking first, which is never granted here.
    """
    if scope["method"] in SAFE:
        return
    site = headers.get(b"sec-fetch-site")
    origin = headers.get(b"origin")
    if site is not None:
        foreign = site not in {b"same-origin", b"none"}
    else:
        own = headers.get(b"host", b"")
        foreign = origin is not None and origin.partition(b"://")[2] != own
    if foreign:
        shown = (origin or site or b"").decode("latin-1")[:80]
        raise RequestError(
            403, "Origin", shown, "send it from the service's own page, or with a key in a header"
        )


def token_of(headers: Headers) -> tuple[str, bool]:
    """The key of a request, "" without one, and whether it came in a header rather than the cookie."""
    authorization = headers.get(b"authorization", b"").decode("latin-1").strip()
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip(), True
    given = headers.get(b"x-api-key")
    if given is not None:
        return given.decode("latin-1").strip(), True
    cookies = headers.get(b"cookie", b"").decode("latin-1")
    if COOKIE in cookies:
        try:
            crumb = SimpleCookie(cookies).get(COOKIE)
        except CookieError:
            return "", False
        return (crumb.value if crumb else ""), False
    return "", False


class Door:
    """Checks keys; remembers wrong ones by address.

    Args:
        ring: the keys that are valid.
        addresses: the memory of wrong keys.
        strangers: how often may be asked without a key, where that may be done.
    """

    def __init__(
        self, ring: KeyRing, addresses: Addresses | None = None, strangers: Strangers | None = None
    ) -> None:
        self.ring = ring
        self.addresses = addresses or Addresses()
        self.strangers = strangers or Strangers(100, 2000)

    def verify(self, token: str, address: str) -> Key:
        """The key, if it is one.

        Raises:
            RequestError: 401 where it is none or is over, 429 where this address was wrong too often.
        """
        wait = self.addresses.wait(address)
        key = self.ring.find(token) if token and len(token) <= MAX_TOKEN else None
        if wait and (key is None or not self.addresses.knows(address, key.id)):
            # Right or wrong: an address that guesses does not learn which.
            raise RequestError(429, "key", "too many wrong keys", "wait, then send a key that is valid", wait)
        if key is None:
            self.addresses.wrong(address)
            raise RequestError(401, "key", "unknown", TO_LOGIN)
        if self.ring.expired(key):
            self.addresses.wrong(address)
            raise RequestError(401, "key", f"{key.id}, expired", TO_LOGIN)
        self.addresses.right(address, key.id)
        return key

    def enter(self, headers: Headers, address: str, scope_name: ScopeName | None) -> Key:
        """The key of a request that may go on; it is counted.

        Args:
            scope_name: that it must have; None for any.

        Raises:
            RequestError: 401, 403 where the key's scopes lack this one, 429 where it asks too often.
        """
        token, _ = token_of(headers)
        if not token:
            raise RequestError(401, "key", "none", TO_LOGIN)
        key = self.verify(token, address)
        if scope_name is not None:
            Visitor(frozenset(key.scopes)).require(scope_name)
        wait = self.ring.take(key)
        if wait:
            remedy = f"retry after {wait} s; this key may ask {key.rate:g} times a second"
            raise RequestError(429, "requests", f"key {key.id}", remedy, retry_after=wait)
        return key

    def stranger(self, address: str) -> None:
        """Count a request without a key, of a route that takes some.

        Raises:
            RequestError: 429 where this address asks too often.
        """
        wait = self.strangers.take(address)
        if wait:
            rate = f"{self.strangers.rate:g} events a second"
            remedy = f"retry after {wait} s; an address may send {rate} without a key (events.per_second)"
            raise RequestError(429, "requests", "without a key", remedy, retry_after=wait)
