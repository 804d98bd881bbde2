"""One file from one address, under caps of size and time."""

import time
from urllib.parse import urljoin, urlsplit

import urllib3

from catalog.fetching.hosts import AwayError, Hosts, Place
from shelfspace.errors import InputError

__all__ = ["Downloader"]

REDIRECTS = 3
CHUNK = 65_536
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that say nothing of the address: another time it may be there."""


class Downloader:
    """Fetches addresses one after the other; connections to a host are kept open.

    Args:
        hosts: that may be asked.
        seconds: one file may take, all in all.
    """

    def __init__(self, hosts: Hosts, seconds: float) -> None:
        self._hosts, self._seconds = hosts, seconds
        self._pools: dict[tuple[str, str, int], urllib3.HTTPConnectionPool] = {}

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()

    def fetch(self, address: str, max_bytes: int) -> bytes:
        """The bytes behind an address; redirects are followed on the same host alone.

        Raises:
            InputError: the address is not allowed, leads elsewhere, is not there, or is larger than
                `max_bytes`.
            AwayError: no answer in time, or one that says nothing of the address.
        """
        ends, asked = time.monotonic() + self._seconds, address
        for _ in range(REDIRECTS + 1):
            place = self._hosts.place(asked)
            try:
                answer = self._ask(place, ends)
                try:
                    if answer.status not in {301, 302, 303, 307, 308}:
                        return self._body(answer, address, max_bytes, ends)
                    asked = self._redirected(asked, place, answer.headers.get("Location", ""))
                finally:
                    answer.release_conn()
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise AwayError(
                    f"{place.host} does not answer: {' '.join(str(error).split())[:200]}"
                ) from error
        raise InputError("address", address, f"it is redirected more than {REDIRECTS} times")

    def _ask(self, place: Place, ends: float) -> urllib3.BaseHTTPResponse:
        left = max(ends - time.monotonic(), 0.01)
        return self._pool(place).urlopen(
            "GET",
            place.target,
            headers={"Host": place.site, "User-Agent": "shelfspace", "Accept-Encoding": "identity"},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(total=left),
        )

    def _pool(self, place: Place) -> urllib3.HTTPConnectionPool:
        key = (place.scheme, place.host, place.port)
        if key not in self._pools:
            # The number is asked, and the name is what its certificate must hold.
            number = self._hosts.resolved(place)
            self._pools[key] = (
                urllib3.HTTPSConnectionPool(
                    number, place.port, server_hostname=place.host, assert_hostname=place.host, maxsize=1
                )
                if place.scheme == "https"
                else urllib3.HTTPConnectionPool(number, place.port, maxsize=1)
            )
        return self._pools[key]

    def _redirected(self, asked: str, place: Place, location: str) -> str:
        there = urljoin(f"https:{asked}" if asked.startswith("//") else asked, location)
        if not location or (urlsplit(there).hostname or "").lower() != place.host:
            raise InputError("address", asked, f"it is redirected to another host ({location[:100]!r})")
        return there

    def _body(self, answer: urllib3.BaseHTTPResponse, address: str, max_bytes: int, ends: float) -> bytes:
        if answer.status in AGAIN:
            raise AwayError(f"status {answer.status}")
        if answer.status != 200:
            raise InputError("address", address, f"status {answer.status}; give an address that is there")
        told = answer.headers.get("Content-Length", "")
        parts: list[bytes] = []
        length = int(told) if told.isdigit() else 0
        while length <= max_bytes:
            if time.monotonic() > ends:
                raise AwayError(f"it took longer than {self._seconds:g} s")
            part = answer.read1(CHUNK)
            if not part:
                whole = b"".join(parts)
                if told.isdigit() and len(whole) != int(told):
                    raise AwayError(f"it broke off after {len(whole):,} of {told} bytes")
                return whole
            parts.append(part)
            length = max(length, sum(map(len, parts)))
        answer.close()
        raise InputError("address", address, f"larger than {max_bytes:,} bytes")
