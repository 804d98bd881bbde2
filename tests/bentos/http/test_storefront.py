"""Pages and media in process: what is sent, to whom, and what is never sent."""

import base64
import gzip
import io
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bentos.application import Application
from bentos.build import copy_package
from bentos.config import ServiceConfig
from bentos.endpoints.release_overview import drift
from bentos.errors import RequestError
from bentos.http.fast_path import FastPath
from bentos.http.guard import Guard
from bentos.http.security_headers import PAGE_POLICY
from bentos.http.served import Running
from bentos.http.storefront import STATIC, asked_range, read_static
from bentos.serving.media import CACHE_BYTES, MediaShelf
from bentos.serving.uploads import KEPT_SECONDS, PutMedia
from catalog.product import ProductInput
from catalog.snapshot.media_store import MediaStore, add_media
from shelfspace.errors import ArtifactError
from shelfspace.files import write_json
from shelfspace.settings import Settings
from tests.bentos.shop import Shop
from tests.bentos.storefront_shop import CHINESE, NAMES, build_storefront, noise
from tests.conftest import PROJECT


@pytest.fixture(scope="module")
def application(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    workspace, _ = build_storefront(shop, tmp_path_factory.mktemp("pages"))
    settings = Settings.model_validate({"service": {"evidently_url": ""}})
    app = Application(ServiceConfig(settings, releases=workspace.root, media=workspace.snapshot))
    assert app.engine.refresh()
    yield app
    app.close()


def client_of(application: Application | None) -> TestClient:
    return TestClient(
        FastPath(Starlette(), running=Running(application), spec=dict), raise_server_exceptions=False
    )


@pytest.fixture(scope="module")
def client(application: Application) -> TestClient:
    return client_of(application)


@pytest.fixture(scope="module")
def guarded(application: Application) -> TestClient:
    """As the service has it; the other client shows that pages need no guard to be safe from paths."""
    hot = FastPath(Starlette(), running=Running(application), spec=dict)
    return TestClient(Guard(hot, running=Running(application)), raise_server_exceptions=False)


def test_pages_need_no_release_and_hold_no_inline_code() -> None:
    closed = client_of(None)
    for path in ("/", "/about", "/product/P001", "/product/%2e%2e/x", "/product/红"):
        page = closed.get(path)
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", page.text)
    assert closed.get("/media/photos/0.jpg").status_code == 503
    assert closed.get("/release/overview").status_code == 503


def test_a_page_leaves_with_one_policy_that_allows_nothing_inline(guarded: TestClient) -> None:
    for path in ("/", "/about", "/product/P001"):
        headers = guarded.get(path).headers
        assert headers.get_list("content-security-policy") == [PAGE_POLICY]
        assert headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in PAGE_POLICY


def test_every_file_the_pages_name_is_there_and_names_nothing_elsewhere() -> None:
    pages, files = read_static()
    named = set()
    for page in pages.values():
        named |= set(re.findall(rb'(?:src|href)="(/static/[^"]+)"', page.body))
    assert len(named) > 8
    assert {name.decode() for name in named} <= files.keys()
    for path, file in files.items():
        if path.endswith(".js"):
            imports = re.findall(rb'(?:from|import\()\s*"\./([^"]+)"', file.body)
            folder = path.rpartition("/")[0]
            assert {f"{folder}/{name.decode()}" for name in imports} <= files.keys(), path
        outside = re.findall(rb"https?://[^\s\"'`)]+", file.body)
        assert set(outside) <= {b"http://www.w3.org/2000/svg"}, path


def test_static_files_are_compressed_and_kept(client: TestClient) -> None:
    named = re.search(r'src="(/static/\w+/app\.js)"', client.get("/").text)
    assert named is not None
    script = client.get(named[1])
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-encoding"] == "gzip"
    assert script.headers["vary"] == "accept-encoding"
    plain = client.get(named[1], headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == script.content == (STATIC / "app.js").read_bytes()
    same = client.get(named[1], headers={"if-none-match": f'"x", W/{script.headers["etag"]}'})
    assert (same.status_code, same.content) == (304, b"")
    assert client.get("/static/app.js").headers["cache-control"] == "no-cache"
    head = client.head(named[1], headers={"accept-encoding": "identity"})
    assert head.content == b""
    assert int(head.headers["content-length"]) == len(plain.content)


def test_nothing_beyond_the_files_is_reachable(client: TestClient) -> None:
    for path in ("/static/", "/static/index.html", "/static/%2e%2e/pages.py",
                 "/static//etc/passwd", "/static/app.js/", "/static/app.js%00"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["error"]["remedy"]
    assert client.post("/", content=b"x").status_code == 405
    assert client.delete("/static/app.js").status_code == 405


def test_the_api_page_loads_only_our_own(client: TestClient) -> None:
    page = client.get("/docs")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"].split("style-src")[0]
    assert "http" not in page.text.replace("http-equiv", "")


def test_photos_whole_and_small(client: TestClient) -> None:
    whole = client.get("/media/photos/0.jpg")
    assert whole.headers["content-type"] == "image/jpeg"
    assert whole.headers["cache-control"].startswith("private")
    assert Image.open(io.BytesIO(whole.content)).size == (80, 60)
    small = client.get("/media/photos/0.jpg?size=160")
    picture = Image.open(io.BytesIO(small.content))
    assert (small.headers["content-type"], picture.format) == ("image/webp", "WEBP")
    assert picture.size == (80, 60)  # never made larger
    assert small.headers["etag"] != whole.headers["etag"]
    again = client.get("/media/photos/0.jpg?size=160", headers={"if-none-match": small.headers["etag"]})
    assert again.status_code == 304
    for size in ("0", "161", "99999999", "-1", "160;", "a"):
        assert client.get(f"/media/photos/0.jpg?size={size}").status_code == 422, size


def test_sounds_come_in_ranges(client: TestClient) -> None:
    whole = client.get("/media/sounds/0.wav")
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get("/media/sounds/0.wav", headers={"range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, whole.content[4:10])
    assert part.headers["content-range"] == f"bytes 4-9/{len(whole.content)}"
    tail = client.get("/media/sounds/0.wav", headers={"range": "bytes=-6"})
    assert tail.content == whole.content[-6:]
    assert client.get("/media/sounds/0.wav", headers={"range": "bytes=9-4"}).status_code == 200


@pytest.mark.parametrize(
    ("value", "length", "expected"),
    [("bytes=0-0", 5, (0, 0)), ("bytes=3-", 5, (3, 4)), ("bytes=-9", 5, (0, 4)), ("bytes=5-", 5, None),
     ("bytes=0-1,3-4", 5, None), ("bytes=-", 5, None), ("items=0-1", 5, None), ("bytes=0-9", 0, None)],
)  # fmt: skip
def test_ranges(value: str, length: int, expected: tuple[int, int] | None) -> None:
    assert asked_range(value, length) == expected


def test_only_media_of_the_release(client: TestClient, application: Application) -> None:
    snapshot = application.config.media
    assert snapshot is not None
    add_media(snapshot, [("photos/private.jpg", noise(), None)], 1_000_000)
    for key in ("photos/private.jpg", "photos/none.jpg", "%2e%2e/media/index.parquet", "index.parquet", "",
                "..%2f..%2fchampion.json", "%2fetc/passwd", "media-00000.tar", "photos/0.jpg/"):  # fmt: skip
        answer = client.get(f"/media/{key}")
        assert answer.status_code == 404, key
        assert answer.json()["error"]["field"] == "media"


def test_media_of_a_put_product_are_shown_at_once(client: TestClient, shop: Shop) -> None:
    encoded = {"photo": base64.b64encode(shop.photo).decode(), "sound": base64.b64encode(shop.sound).decode()}
    item = {
        "product_id": "new",
        "title": "violet umbrella",
        "photos": [encoded["photo"]],
        "sounds": [encoded["sound"]],
    }
    assert client.post("/products/put", json={"item": item}).status_code == 200
    hit = client.post("/search", json={"query": {"text": "violet umbrella"}, "k": 1}).json()["result"][
        "hits"
    ][0]
    assert hit["product_id"] == "new"
    details = client.post("/products/get", json={"product_id": "new"}).json()["result"]
    assert details["photos"] == [hit["photo"]]
    assert details["sounds"] == [hit["sound"]]
    whole = client.get(f"/media/{hit['photo']}")
    assert (whole.content, whole.headers["content-type"]) == (shop.photo, "image/jpeg")
    assert client.get(f"/media/{hit['photo']}?size=160").headers["content-type"] == "image/webp"
    assert client.get(f"/media/{hit['sound']}").content == shop.sound
    for key in ("put/", "put/..%2f..%2frelease.json", f"{hit['photo']}x", "put/" + "0" * 32):
        assert client.get(f"/media/{key}").status_code == 404, key
    assert client.post("/products/delete", json={"product_id": "new"}).status_code == 200
    assert client.get(f"/media/{hit['photo']}").status_code == 404  # deleted with its product


def test_files_that_no_change_names_are_deleted_in_time(shop: Shop, tmp_path: Path) -> None:
    kept = PutMedia(tmp_path / "media")
    facts = kept.keep(ProductInput(title="a", photos=(shop.photo,), sounds=(shop.sound,)))
    assert set(facts) == {"photo", "photos", "sound", "sounds"}
    old = time.time() - KEPT_SECONDS - 1
    for path in (tmp_path / "media").iterdir():
        os.utime(path, (old, old))
    fresh = kept.keep(ProductInput(title="b", photos=(shop.photos[1],)))
    kept.prune([facts["photo"]])
    assert facts["photo"] in kept
    assert fresh["photo"] in kept
    assert facts["sound"] not in kept
    next((tmp_path / "media").glob(facts["photo"].removeprefix("put/"))).write_bytes(b"other")
    with pytest.raises(ArtifactError, match="damaged"):
        kept.read(facts["photo"])


def test_media_that_are_no_media_are_not_sent(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = application.engine.require()
    shelf = MediaShelf(application.config.media, application.config.settings.media)
    monkeypatch.setattr(MediaStore, "read", lambda *_: b"<html><script>alert(1)</script>")
    with pytest.raises(RequestError, match="files are sent") as refused:
        shelf.read(loaded, "photos/0.jpg", None)
    assert refused.value.status == 415
    monkeypatch.setattr(MediaStore, "read", lambda *_: noise())
    with pytest.raises(RequestError) as refused:
        shelf.read(loaded, "photos/0.jpg", 160)
    assert refused.value.status == 415


def test_small_photos_in_memory_are_bounded(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bentos.serving.media.CACHE_BYTES", 2000)
    assert CACHE_BYTES > 2000
    shelf = MediaShelf(application.config.media, application.config.settings.media)
    loaded = application.engine.require()
    for n in (0, 1, 3, 4, 5, 6, 7):
        shelf.read(loaded, f"photos/{n}.jpg", 160)
        assert shelf._held == sum(map(len, shelf._small.values())) <= 2000
    assert 0 < len(shelf._small) < 7


def test_without_media_the_rest_works(shop: Shop, application: Application) -> None:
    bare = Application(ServiceConfig(Settings(), baked_release=application.engine.require().release.folder))
    try:
        assert bare.engine.refresh()
        closed = client_of(bare)
        assert closed.get("/media/photos/0.jpg").status_code == 404
        overview = closed.get("/release/overview").json()
        assert overview["drift"] is None
        assert overview["evaluation"]["rows"] == 30  # the release holds it
        assert overview["metrics"]["accuracy"] == 0.9
        assert {name: one["winner"] for name, one in overview["comparisons"].items()} == {
            "labels": "linear",
            "text": "learned",
            "graph": "linear",
        }
        assert overview["media"]["lack"]
        assert closed.get("/release/names").json()["categories"] == NAMES
    finally:
        bare.close()


def test_overview_and_map(client: TestClient) -> None:
    facts = client.get("/release/overview").json()
    assert facts["rows"] == 60
    assert facts["evaluation"]["confusion"][2] == [2, 0, 8]
    assert facts["evaluation"]["by_subset"]["text"]["accuracy"] == 0.9
    assert facts["drift"]["drifted"] is False
    assert facts["drift"]["decision"]["action"] == "none"
    assert facts["links"] == {"dagster": "http://127.0.0.1:3001", "evidently": ""}
    assert facts["coverage"]["photos"] == 59
    drawn = client.get("/release/map").json()
    assert drawn["method"] == "t-SNE"
    assert len(drawn["points"]) == 60
    assert set(drawn["labels"]) == {"Home", "Wear"}
    titles = {point[3]: point[4] for point in drawn["points"]}
    assert titles[CHINESE] == "红色皮革 提包"
    assert all(0 <= point[0] <= 1 and 0 <= point[1] <= 1 for point in drawn["points"])
    assert client.get("/release/map").json() == drawn


def test_a_look_at_drift_that_changed_nothing_is_told_beside_the_verdict(tmp_path: Path) -> None:
    said = {"drifted": False, "cause": "", "compared": {}}
    verdict = write_json(tmp_path / "monitoring" / "drift_report" / "verdict.json", said)
    os.utime(verdict, (1_700_000_000, 1_700_000_000))
    first = drift(tmp_path)
    assert first is not None
    assert first["at"] == first["looked"] == "2023-11-14T22:13:20+00:00"
    looked = write_json(tmp_path / "state" / "drift" / "looked.json", {})
    os.utime(looked, (1_700_003_600, 1_700_003_600))
    later = drift(tmp_path)
    assert later is not None
    assert (later["at"], later["looked"]) == (first["at"], "2023-11-14T23:13:20+00:00")


def test_a_bento_carries_the_pages(tmp_path: Path) -> None:
    target = tmp_path / "bentos"
    copy_package(PROJECT / "bentos", target)
    packed = {p.relative_to(target / "static") for p in (target / "static").rglob("*")}
    there = {p.relative_to(STATIC) for p in STATIC.rglob("*")}
    assert packed == there
    assert gzip.decompress(read_static(target / "static")[0]["index.html"].zipped)
