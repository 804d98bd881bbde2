"""Which hosts may be asked, and that none of them is a machine inside the shop's own network.

An address in a table is written by whoever writes the table. Without this it would make Shelfspace ask
machines that only Shelfspace can reach: cloud metadata, routers, databases.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from shelfspace.errors import InputError

__all__ = ["AwayError", "Hosts", "Place"]

PORTS = {"http": 80, "https": 443}
SAFE = "/%:=&?~+!$,;'@()*[]-._|"
"""Marks of a path or query that stay as they are; others, such as spaces, are written as %XX."""


class AwayError(Exception):
    """The host did not answer well this time; the address may be asked again later."""


@dataclass(frozen=True)
class Place:
    """Where an address leads.

    Attributes:
        scheme: http or https.
        host: as certificates name it.
        port: of the host.
        target: path and query, as they are asked for.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def site(self) -> str:
        """The host, with its port where that is not the scheme's own."""
        return self.host if self.port == PORTS[self.scheme] else f"{self.host}:{self.port}"


class Hosts:
    """The hosts that a person allowed.

    Args:
        allowed: `cdn.example.com`, `*.example.com` for all below it, `127.0.0.1:8000` with a port of its
            own. An address that is not public must be named as a number.
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = frozenset(entry.strip().lower().rstrip(".") for entry in allowed if entry.strip())

    def place(self, address: str) -> Place:
        """Where an address leads.

        Raises:
            InputError: it is not http(s), has a name and password, cannot be read, or its host is not
                allowed.
        """
        whole = f"https:{address}" if address.startswith("//") else address
        try:
            parts = urlsplit(whole)
            port = parts.port
            host = (parts.hostname or "").encode("idna").decode().lower().rstrip(".")
        except ValueError as error:
            raise InputError("address", address, f"give one that can be read ({error})") from error
        scheme = parts.scheme.lower()
        if scheme not in PORTS or not host:
            raise InputError("address", address, "only http and https are fetched")
        if parts.username or parts.password:
            raise InputError("address", address, "it holds a password; give a public address")
        place = Place(scheme, host, port or PORTS[scheme], _target(parts))
        if not self._allows(place):
            raise InputError(
                "address",
                address,
                f"its host is not allowed; add {place.site} to fetch.hosts, or leave it out",
            )
        return place

    def _allows(self, place: Place) -> bool:
        names = [
            place.host,
            *(f"*.{place.host.split('.', n)[n]}" for n in range(1, place.host.count(".") + 1)),
        ]
        if place.port != PORTS[place.scheme]:
            names = [f"{name}:{place.port}" for name in names]
        return any(name in self.allowed for name in names)

    def resolved(self, place: Place) -> str:
        """The number under which a host is asked: looked up once, so that it cannot change in between.

        Raises:
            InputError: it is inside a network that is not public, and its number is not allowed.
            AwayError: there is no such host now.
        """
        try:
            found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise AwayError(f"{place.host} cannot be found ({error})") from error
        numbers = [str(entry[4][0]) for entry in found]
        for number in numbers:
            if not _public(number) and not {number, f"{number}:{place.port}"} & self.allowed:
                raise InputError(
                    "host",
                    place.host,
                    f"it is {number}, inside a network that is not public; add that number to fetch.hosts if "
                    "that is meant",
                )
        return numbers[0]


def _target(parts: SplitResult) -> str:
    query = f"?{quote(parts.query, SAFE)}" if parts.query else ""
    return quote(parts.path or "/", SAFE) + query


def _public(number: str) -> bool:
    """Whether an address is one of the public network, the one it carries inside included."""
    found = ipaddress.ip_address(number.partition("%")[0])
    inner: list[ipaddress.IPv4Address | None] = []
    if isinstance(found, ipaddress.IPv6Address):
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
    return all(one.is_global and not one.is_multicast for one in (found, *inner) if one is not None)
