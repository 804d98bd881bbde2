"""A picture or sound that many unlike products have stands for none of them."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

from catalog.cleaning import clean_products
from catalog.cleaning.placeholders import find_placeholders, placeholders_said
from catalog.media.photo import probe_photo
from shelfspace.settings import Media, Settings
from tests.catalog.shelf import product, write_catalogue


def no_image(side: int, kind: str, quality: int = 75) -> bytes:
    """The same placeholder, saved in another size or format."""
    picture = Image.new("RGB", (400, 400), (238, 238, 238))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((120, 140, 280, 260), outline=(150, 150, 150), width=12)
    draw.ellipse((180, 170, 220, 210), fill=(150, 150, 150))
    stream = io.BytesIO()
    picture.resize((side, side)).save(stream, kind, quality=quality)
    return stream.getvalue()


def own_photo(number: int) -> bytes:
    """A thing on white, as in a studio: no two alike, and all of them mostly white."""
    draw = np.random.default_rng(number)
    picture = Image.new("RGB", (300, 300), "white")
    left, top = draw.integers(20, 140, 2)
    colour = tuple(int(c) for c in draw.integers(0, 200, 3))
    ImageDraw.Draw(picture).rectangle((left, top, left + 100, top + int(draw.integers(60, 140))), fill=colour)
    stream = io.BytesIO()
    picture.save(stream, "JPEG")
    return stream.getvalue()


def look(data: bytes) -> str:
    return probe_photo(data, Media()).look


def texts(count: int) -> list[str]:
    return [f"name {i}" for i in range(count)]


def test_one_placeholder_in_several_sizes_and_formats_is_found_and_own_photos_are_not() -> None:
    files = {
        "none.png": no_image(300, "PNG"),
        "none.jpg": no_image(640, "JPEG"),
        "n.webp": no_image(200, "WEBP"),
    }
    files |= {f"{i}.jpg": own_photo(i) for i in range(40)}
    media = [[f"{i}.jpg"] if i < 40 else [list(files)[i % 3]] for i in range(60)]
    found = find_placeholders(media, {k: look(v) for k, v in files.items()}, texts(60), ["a", "b"] * 30)
    assert [(one.keys, one.products) for one in found] == [({"none.png", "none.jpg", "n.webp"}, 20)]


def test_a_placeholder_saved_anew_for_each_product_is_found_among_thousands() -> None:
    files = {f"{i}.jpg": no_image(100 + i % 50, "JPEG", 40 + i % 50) for i in range(60)}
    looks = {key: look(data) for key, data in files.items()}
    draw = np.random.default_rng(0)
    own = {f"own{i}.jpg": draw.integers(0, 256, 67, np.uint8).tobytes().hex() for i in range(6000)}
    media = [[key] for key in own] + [[f"{i % 60}.jpg"] for i in range(1000)]
    found = find_placeholders(media, looks | own, texts(7000), ["a", "b"] * 3500)
    assert [(len(one.keys), one.products) for one in found] == [(60, 1000)]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        (["one mug in many colours"] * 30 + texts(30), ["a", "b"] * 30),
        (texts(60), ["a"] * 30 + ["b"] * 30),
    ],
    ids=["variants of one product", "the picture of a category"],
)
def test_a_picture_that_says_something_of_its_products_is_none(text: list[str], category: list[str]) -> None:
    looks = {"mug.png": look(no_image(300, "PNG"))} | {f"{i}.jpg": look(own_photo(i)) for i in range(60)}
    media = [["mug.png"] if i < 30 else [f"{i}.jpg"] for i in range(60)]
    assert find_placeholders(media, looks, text, category) == []


def test_eight_products_may_share_a_picture_and_unknown_looks_say_nothing() -> None:
    looks = {"a.png": look(no_image(300, "PNG"))}
    few = [["a.png"] if i < 8 else [] for i in range(60)]
    assert find_placeholders(few, looks, texts(60), [""] * 60) == []
    assert find_placeholders([["a.png"]] * 60, {"a.png": ""}, texts(60), [""] * 60) == []
    assert find_placeholders([["a.png"]] * 60, looks, texts(60), [""] * 60)[0].products == 60


def test_cleaning_leaves_it_out_and_says_so(tmp_path) -> None:
    """The products stay; one that has nothing else is refused."""
    rows = [
        product(i, title=f"{chr(97 + i)} thing", category=f"c{i % 4}", photos="none.png") for i in range(26)
    ]
    rows[3]["photos"] = "none.png|own.png"
    rows.append(product(26, title="", photos="none.png"))
    source = write_catalogue(tmp_path / "shop", rows)
    names, looks = ["none.png", "own.png"], [look(no_image(300, "PNG")), look(own_photo(1))]
    findings = pd.DataFrame({"key": names, "kind": "photos", "ok": True, "look": looks})
    findings = findings.assign(field="", value="", reason="")
    raw = pd.DataFrame(rows).assign(source_row=range(27))
    cleaned = clean_products(raw, source, Settings(), findings)
    assert cleaned.clean.set_index("product_id")["photos"].map(list).to_dict()["p3"] == ["own.png"]
    assert cleaned.clean["photos"].map(len).sum() == 1
    assert set(cleaned.quarantine["field"]) == {"photo.placeholder", "title"}
    assert cleaned.quarantine["field"].eq("photo.placeholder").sum() == 27
    said = placeholders_said(cleaned.quarantine)
    assert len(said) == 1
    assert said[0].startswith("27 of 27 products that are unlike have none.png, which stands for none")
