"""Security headers: what a browser may do with an answer.

Pages get a content policy that lets them load nothing but the service's own scripts, styles,
pictures and sounds. All other answers may not be framed, sniffed, or run as a page at all.
"""

from functools import lru_cache
from typing import Final

__all__ = ["PAGE_POLICY", "lacking", "unshared"]

Header = tuple[bytes, bytes]

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Of a page that sets none itself, as those of `bentos.http.storefront` do."""
DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
"""For all that is no page: were it opened as one, nothing in it would run."""

ALWAYS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
PAGE: Final[tuple[Header, ...]] = (
    *ALWAYS,
    (b"content-security-policy", PAGE_POLICY.encode()),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=(), payment=(), usb=()"),
)
DATA: Final[tuple[Header, ...]] = (*ALWAYS, (b"content-security-policy", DATA_POLICY.encode()))


@lru_cache(256)
def lacking(names: tuple[bytes, ...], kind: bytes, unchanged: bool) -> tuple[Header, ...]:
    """The headers that an answer lacks; what the route set itself stays. Kept: answers are of few sorts.

    Args:
        names: of the headers it has, in lower case, as ASGI has them.
        kind: its content type; b"" for none.
        unchanged: it is one of 304, which has no body, and a browser would take its policy over to the page
            it keeps.
    """
    wanted = () if unchanged else PAGE if kind.startswith(b"text/html") else DATA
    return tuple([pair for pair in wanted if pair[0] not in names])


def unshared(headers: list[Header]) -> list[Header]:
    """The headers of an answer that was given to a key, so that no shared cache keeps it."""
    rest = [pair for pair in headers if pair[0] != b"cache-control"]
    cached = [value for name, value in headers if name == b"cache-control"]
    return [*rest, (b"cache-control", cached[-1].replace(b"public", b"private") if cached else b"no-store")]
