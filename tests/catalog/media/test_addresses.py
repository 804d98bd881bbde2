"""Media keys that are web addresses."""

from pathlib import Path

import pytest

from catalog.media import probe_media
from catalog.media.addresses import NOT_FETCHED, fetched_name, is_address
from catalog.media.missing import MISSING, NO_SCHEME, why_missing
from catalog.sources.open import open_catalog
from shelfspace.settings import Media


@pytest.mark.parametrize(
    ("key", "is_one"),
    [
        ("https://cdn.example/p/1.jpg", True),
        ("HTTP://cdn.example/1.jpg?v=2", True),
        ("//cdn.example/1.jpg", True),
        ("s3://shop/1.jpg", True),
        ("photos/1.jpg", False),
        ("1.jpg", False),
        ("/photos/1.jpg", False),
        ("http:/1.jpg", False),
        ("a//b.jpg", False),
    ],
)
def test_an_address_is_told_from_a_path(key: str, is_one: bool) -> None:
    assert is_address(key) is is_one


def test_an_address_that_was_not_fetched_says_so() -> None:
    findings = probe_media({}, ["https://cdn.example/1.jpg", "2.jpg"], "photos", Media())  # type: ignore[arg-type]
    assert findings["reason"].tolist() == [NOT_FETCHED, MISSING]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("data:image/png;base64,iVBORw0KGgo=", "written into the table"),
        ("/9j/4AAQSkZJRgABAQAAAQABAAD" * 9, "written into the table"),
        ("/srv/img/1.jpg", "relative to the media root"),
        ("C:\\img\\1.jpg", "relative to the media root"),
        ("file:///srv/1.jpg", "relative to the media root"),
        ("../1.jpg", "relative to the media root"),
        ("1a.jpg, 1b.jpg", "photo_separator: ','"),
        ("1a.jpg;1b.jpg", "photo_separator: ';'"),
        ('{"src": "1.jpg"}', "an object of JSON"),
        ("cdn.example.com/1.jpg", NO_SCHEME),
        ("sub/1.jpg", MISSING),
        ("red mug 1.jpg", MISSING),
    ],
)
def test_why_there_is_no_file_is_told_by_what_stands_there(key: str, said: str) -> None:
    assert said in why_missing(key)


@pytest.mark.parametrize(
    "written",
    ["sub/gr\u00fcn 1.png", "sub/gru\u0308n 1.png", "sub/gr%C3%BCn%201.png", "media/sub/gr\u00fcn 1.png?v=2"],
)
def test_a_file_is_found_however_its_path_is_written(tmp_path: Path, written: str) -> None:
    (tmp_path / "products.csv").write_text("product_id,title\n1,mug\n")
    kept = tmp_path / "media/sub/gr\u00fcn 1.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"bytes")
    assert open_catalog(str(tmp_path)).media_path(written) == kept
    assert open_catalog(str(tmp_path)).media_path("%2e%2e/products.csv") is None


def test_a_fetched_address_is_a_file_of_the_catalogue(tmp_path: Path) -> None:
    address = "https://cdn.example/1.jpg?width=" + "9" * 400
    (tmp_path / "products.csv").write_text("product_id,title,photos\n1,red mug,x\n")
    (tmp_path / "media").mkdir()
    source = open_catalog(str(tmp_path))
    assert source.media_path(address) is None
    kept = tmp_path / "media" / fetched_name(address)
    kept.parent.mkdir()
    kept.write_bytes(b"bytes")
    assert source.media_path(address) == kept
    assert fetched_name(address) != fetched_name("https://cdn.example/2.jpg")
