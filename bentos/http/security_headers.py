"""Security headers: what a browser may do with an answer.

Pages get a content policy that lets them load nothing but the service's own scripts, styles,
pictures and sounds. All other answers may not be framed, sniffed, or run as a page at all.
"""

from typing import Final

__all__ = ["PAGE_POLICY", "secured"]

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


def secured(
    headers: list[Header], private: bool, extra: tuple[Header, ...] = (), status: int = 200
) -> list[Header]:
    """The headers of an answer, completed; what the route set itself stays.

    Args:
        headers: names in lower case, as ASGI has them.
        private: the answer was given to a key, so no shared cache may keep it.
        extra: more to add.
        status: of the answer. One of 304 has no body, and a browser would take its policy over to the page
            it keeps.
    """
    kind, cached, names = b"", -1, set()
    for place, (name, value) in enumerate(headers):
        names.add(name)
        if name == b"content-type":
            kind = value
        elif name == b"cache-control":
            cached = place
    wanted = () if status == 304 else PAGE if kind.startswith(b"text/html") else DATA
    done = [*headers, *[pair for pair in wanted if pair[0] not in names], *extra]
    if private:
        if cached < 0:
            done.append((b"cache-control", b"no-store"))
        else:
            done[cached] = (b"cache-control", headers[cached][1].replace(b"public", b"private"))
    return done
