"""Colours of photos: of the thing, not of what it stands before."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from catalog.media.colours import colour_size, colour_vector, shaded
from catalog.product import ProductInput
from catalog.text.colours import known_colours
from models.features.featurizer import Featurizer
from shelfspace.settings import load_settings

SIDE = 32


def scene(thing: tuple[int, int, int], ground: tuple[int, int, int], place: int = 9) -> np.ndarray:
    picture = Image.new("RGB", (SIDE, SIDE), ground)
    ImageDraw.Draw(picture).ellipse((place, 8, place + 15, 24), fill=thing)
    return np.asarray(picture)


def rgb(name: str) -> tuple[int, int, int]:
    return known_colours()[name].rgb


@pytest.mark.parametrize("name", ["red", "blue", "green", "yellow", "purple", "orange", "teal", "pink"])
def test_a_thing_keeps_its_colour_before_another_background_elsewhere_and_in_another_light(name: str) -> None:
    vector = colour_vector(scene(rgb(name), (245, 245, 245)))
    again = scene(rgb(name), (196, 170, 140), place=7)
    darker = (again * 0.8).astype(np.uint8)
    others = [colour_vector(scene(rgb(o), (245, 245, 245))) for o in ("red", "blue", "green") if o != name]
    for photo in (again, darker):
        assert vector @ colour_vector(photo) > max(float(vector @ other) for other in others) + 0.2


def test_two_grounds_are_no_thing() -> None:
    wall = scene(rgb("red"), (235, 232, 226)).copy()
    wall[24:] = (120, 86, 60)  # a table
    wall[12:25, 9:25] = rgb("red")
    assert colour_vector(wall) @ shaded(rgb("red")) > 2 * (colour_vector(wall) @ shaded(rgb("brown")))


def test_a_vector_is_of_unit_length_whatever_the_photo() -> None:
    for photo in (np.zeros((SIDE, SIDE, 3), np.uint8), np.full((SIDE, SIDE, 3), 255, np.uint8)):
        vector = colour_vector(photo)
        assert vector.shape == (colour_size(),)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_named_colours_are_nearest_to_themselves() -> None:
    names = list(known_colours())
    named = np.stack([shaded(rgb(name)) for name in names])
    drawn = np.stack([colour_vector(scene(rgb(name), (128, 200, 140))) for name in names])
    nearest = [names[i] for i in (drawn @ named.T).argmax(axis=1)]
    assert sum(a == b for a, b in zip(names, nearest, strict=True)) >= 0.8 * len(names)


def photo_file(name: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(scene(rgb(name), (240, 240, 240))).resize((120, 90)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("photos", [1, 2])
def test_they_are_features_of_photos_unless_switched_off(photos: int) -> None:
    given = {"preprocessing": {"max_photos": photos}, "model": {"modalities": ["image"], "image": "cnn"}}
    items = [ProductInput(photos=[photo_file("red")]), ProductInput()]
    made = Featurizer.fit([], np.array([1.0]), load_settings(None, given)).featurize(items)
    colours = made.modalities["image"].values["colour"].reshape(2, photos, -1)
    assert colours[0, 0] @ shaded(rgb("red")) > 0.6
    assert not colours[1].any()
    off = load_settings(None, {**given, "features": {"colour": False}})
    assert "colour" not in Featurizer.fit([], np.array([1.0]), off).arrays["image"]
