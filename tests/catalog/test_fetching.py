"""Fetching of photos by address, against real local servers."""

import io
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from catalog.fetching import Hosts, addresses_of, fetch_media
from catalog.fetching.fetch import LEDGER, Fetched
from catalog.fetching.hosts import Place
from catalog.media.addresses import fetched_name
from catalog.sources.base import CatalogSource
from catalog.sources.open import open_catalog
from shelfspace.errors import BusyError, InputError
from shelfspace.settings import Fetch, Media

QUICK = Fetch(per_second=1000, seconds=2)


def photo(colour: str = "red") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(kept, "PNG")
    return kept.getvalue()


class Shop(BaseHTTPRequestHandler):
    """A host of photos with the faults that hosts have."""

    asked: list[str]

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        name = self.path.rpartition("/")[2].partition("?")[0]
        if name.isdigit():
            self.send_error(int(name))
        elif name == "page.jpg":
            self.answer(b"<html>sign in</html>")
        elif name == "moved.png":
            self.redirect("/a.png")
        elif name == "round.png":
            self.redirect("/round.png")
        elif name == "elsewhere.png":
            self.redirect("http://169.254.169.254/latest/meta-data")
        elif name == "large.png":
            self.answer(b"", length=10**9)
        elif name == "endless.png":
            self.send_response(200)
            self.end_headers()
            for _ in range(2000):
                self.wfile.write(b"x" * 65_536)
        elif name == "slow.png":
            self.send_response(200)
            self.end_headers()
            for _ in range(50):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.2)
        elif name == "broken.png":
            self.answer(photo()[:20], length=len(photo()))
        else:
            self.answer(photo())

    def answer(self, body: bytes, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def redirect(self, place: str) -> None:
        self.send_response(302)
        self.send_header("Location", place)
        self.end_headers()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            """Whoever asked has gone, as these tests want."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    served.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()


def site(server: ThreadingHTTPServer) -> str:
    return f"127.0.0.1:{server.server_address[1]}"


def shop(folder: Path, *addresses: str) -> CatalogSource:
    """A catalogue whose products name these addresses, one each."""
    (folder / "media").mkdir(parents=True, exist_ok=True)
    rows = [f"p{n},mug {n},{address}" for n, address in enumerate(addresses)]
    (folder / "products.csv").write_text("\n".join(["product_id,title,photos", *rows]) + "\n")
    return open_catalog(str(folder))


def fetched(source: CatalogSource, *allowed: str, limit: int = 100, again: bool = False) -> Fetched:
    media = Media(max_photo_bytes=200_000)
    return fetch_media(source, QUICK, media, Hosts(allowed), limit=limit, again=again)


def test_photos_come_and_are_files_of_the_catalogue_from_then_on(
    tmp_path: Path, server: ThreadingHTTPServer
) -> None:
    good = [f"http://{site(server)}/{name}" for name in ("a.png", "b c.png?width=3&x=ü", "moved.png")]
    source = shop(tmp_path, *good, "local.jpg")
    assert list(addresses_of(source)) == good
    made = fetched(source, site(server))
    assert (made.fetched, made.there, made.failed) == (3, 0, {})
    for address in good:
        path = source.media_path(address)
        assert path is not None
        assert path.read_bytes() == photo()
    # The second call asks for nothing.
    asked = len(server.asked)  # type: ignore[attr-defined]
    assert (fetched(source, site(server)).there, len(server.asked)) == (3, asked)  # type: ignore[attr-defined]
    assert "/b%20c.png?width=3&x=%C3%BC" in server.asked  # type: ignore[attr-defined]


FAULTS = {
    "404": "status 404",
    "page.jpg": "JPEG, PNG, WEBP",
    "round.png": "redirected more than",
    "elsewhere.png": "redirected to another host",
    "large.png": "larger than 200,000 bytes",
    "endless.png": "larger than 200,000 bytes",
}
ANOTHER_TIME = {"503": "status 503", "429": "status 429", "slow.png": "longer than", "broken.png": "broke"}


def test_what_cannot_be_had_is_told_apart_and_leaves_no_file(
    tmp_path: Path, server: ThreadingHTTPServer
) -> None:
    names = [*FAULTS, *ANOTHER_TIME, "a.png"]
    source = shop(tmp_path, *(f"http://{site(server)}/{name}" for name in names))
    made = fetched(source, site(server))
    assert made.fetched == 1, "one fault does not keep the others away"
    why = {address.rpartition("/")[2]: said for address, said in made.failed.items()}
    for name, words in FAULTS.items():
        assert words in why[name], name
        assert "later" not in why[name]
    for name in ANOTHER_TIME:
        assert why[name].endswith("run the same again later"), name
    kept = sorted(file.name for file in (tmp_path / "media" / "fetched").iterdir())
    assert kept == sorted([".lock", LEDGER, fetched_name(f"http://{site(server)}/a.png").rpartition("/")[2]])
    # What was refused is not asked again, unless that is asked for; what was away is.
    server.asked.clear()  # type: ignore[attr-defined]
    later = fetched(source, site(server))
    assert {path[1:] for path in server.asked} == set(ANOTHER_TIME)  # type: ignore[attr-defined]
    assert later.refused_before == len(FAULTS)
    assert later.failed.keys() == made.failed.keys()


def test_a_call_that_was_stopped_goes_on(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    source = shop(tmp_path, *(f"http://{site(server)}/{n}.png" for n in range(5)))
    first = fetched(source, site(server), limit=2)
    assert (first.fetched, first.left) == (2, 3)
    folder = tmp_path / "media" / "fetched"
    (folder / ".half.123.tmp").write_bytes(b"left by a killed call")
    with (folder / LEDGER).open("ab") as ledger:
        ledger.write(b'{"address": "http')  # a line that it did not end
    second = fetched(source, site(server))
    assert (second.fetched, second.there, second.left) == (3, 2, 0)
    assert not list(folder.glob(".*.tmp"))
    assert len(server.asked) == 5  # type: ignore[attr-defined]


def test_no_host_is_asked_that_was_not_allowed(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    port = server.server_address[1]
    source = shop(tmp_path, f"http://127.0.0.1:{port}/a.png", f"http://localhost:{port}/a.png")
    assert "not allowed" in next(iter(fetched(source, "cdn.example").failed.values()))
    # A name that leads inside is refused even where it is allowed, unless its number is.
    made = fetched(source, f"localhost:{port}", again=True)
    assert "not public" in made.failed[f"http://localhost:{port}/a.png"]
    assert server.asked == []  # type: ignore[attr-defined]
    inside = fetched(source, f"localhost:{port}", "127.0.0.1", "::1", again=True)
    assert inside.fetched == 1


def test_a_host_is_asked_under_the_number_that_was_looked_at(
    tmp_path: Path, server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes its number after it was looked up leads nowhere else."""
    port, real, times = server.server_address[1], socket.getaddrinfo, []

    def changing(host: str, *rest: object, **more: object) -> object:
        if host != "shop.example":
            return real(host, *rest, **more)  # type: ignore[arg-type]
        times.append(host)
        number = "127.0.0.1" if len(times) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    source = shop(tmp_path, *(f"http://shop.example:{port}/{n}.png" for n in range(3)))
    assert fetched(source, f"shop.example:{port}", "127.0.0.1").fetched == 3
    assert len(times) == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://cdn.example/a.jpg", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("https://user:word@cdn.example/a.jpg", "password"),
        ("https://other.example/a.jpg", "not allowed"),
        ("https://cdn.example.evil.com/a.jpg", "not allowed"),
        ("https://cdn.example:8443/a.jpg", "not allowed"),
        ("https://cdn.example:99999/a.jpg", "can be read"),
        ("https://[::1/a.jpg", "can be read"),
    ],
)
def test_addresses_that_are_refused_before_anything_is_asked(address: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Hosts(["cdn.example"]).place(address)


def test_allowed_hosts_may_be_whole_domains() -> None:
    hosts = Hosts(["*.example.com", "Cdn.Example"])
    assert hosts.place("https://img.eu.example.com/a%20b.jpg?w=1").target == "/a%20b.jpg?w=1"
    assert hosts.place("//cdn.example/a.jpg").scheme == "https"
    with pytest.raises(InputError, match="not allowed"):
        hosts.place("https://example.com/a.jpg")


@pytest.mark.parametrize(
    "number",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
     "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
)  # fmt: skip
def test_numbers_inside_a_network_are_not_asked(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    with pytest.raises(InputError, match="not public"):
        Hosts(["cdn.example"]).resolved(Place("https", "cdn.example", 443, "/"))


def test_files_are_asked_for_at_a_bounded_rate(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    source = shop(tmp_path, *(f"http://{site(server)}/{n}.png" for n in range(5)))
    started = time.monotonic()
    fetch_media(source, Fetch(per_second=10), Media(), Hosts([site(server)]), limit=9)
    assert time.monotonic() - started >= 0.5


def test_two_calls_do_not_fetch_into_one_folder(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    from filelock import FileLock

    source = shop(tmp_path, f"http://{site(server)}/a.png")
    fetched(source, site(server), limit=1)
    with FileLock(tmp_path / "media" / "fetched" / ".lock"), pytest.raises(BusyError, match="another"):
        fetched(source, site(server))
