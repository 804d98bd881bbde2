"""A product's own photo, the photo as somebody else would have taken it, and a photo with a word.

Colours are those the sample's generator drew with, never a statistic of the photo.
"""

import base64
import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from benchmarks.shopper.intention import Intention, all_of, drawn, first_among, generator
from benchmarks.shopper.shop import Product, Shop
from catalog.sample.world import COLOURS, words

__all__ = ["RETAKES", "photo_intentions", "retaken"]

PHOTOS = 100
QUALITY = 85
Random = np.random.Generator


def photo_intentions(shop: Shop) -> Iterator[Intention]:
    """Questions with the photos of some products."""
    pictured = [one for one in shop.products if one.photo]
    for one in drawn(pictured, PHOTOS, "photos"):
        data = shop.media.read(one.photo)
        same = shop.same_file("photo", one.photo) | {one.product_id}
        yield Intention(
            "own photo", {"photo": encoded(data)}, first_among(same),
            f"the product of the photo: {one.title}", row="own_photo_first",
        )  # fmt: skip
        for name in RETAKES:
            query = {"photo": encoded(retaken(name, data, f"{one.product_id} {name}"))}
            wanted = f"the product of the photo: {one.title}"
            kind = f"photo, {name}"
            yield Intention(kind, query, first_among(same, 10), wanted, row="retaken_photo_top10")
            if one.colour:
                right = shop.ids(colour=one.colour)
                yield Intention(
                    f"colour of the {kind}", query, all_of(right), f"{one.colour}: {one.title}",
                    row="same_colour_top10",
                )  # fmt: skip
    coloured = [one for one in pictured if one.colour]
    for one in drawn(coloured, PHOTOS, "other colours"):
        yield from other_colour(shop, one)


def other_colour(shop: Shop, one: Product) -> Iterator[Intention]:
    """A photo, or the product itself, and the word of another colour that its kind comes in."""
    random = generator(f"other colour {one.product_id}")
    there = {other.colour for other in shop.products if other.look == one.look} - {one.colour}
    palette = [colour for colour in COLOURS if colour in there]
    if not palette:
        return
    colour = palette[int(random.integers(len(palette)))]
    # A photo does not tell a viola from a violin: of the same kind is what looks the same.
    right = shop.ids(colour=colour, look=one.look) - {one.product_id}
    photo = encoded(shop.media.read(one.photo))
    for language, word in (("en", colour), ("zh", words()["names"]["colours"][colour])):
        wanted = f"{word} ({colour}) and {one.look}: {one.title}"
        yield Intention(
            "photo and another colour", {"text": word, "photo": photo}, all_of(right), wanted,
            row="other_colour_top10", language=language,
        )  # fmt: skip
        yield Intention(
            "product and another colour", {"text": word, "product_id": one.product_id}, all_of(right), wanted,
            language=language,
        )  # fmt: skip


def encoded(data: bytes) -> str:
    """A file as a request has it."""
    return base64.b64encode(data).decode()


def retaken(way: str, data: bytes, seed: str) -> bytes:
    """A photo as JPEG after one of the RETAKES.

    Args:
        seed: the same one gives the same photo.
    """
    with Image.open(io.BytesIO(data)) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    stream = io.BytesIO()
    RETAKES[way](picture, generator(seed)).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def cropped(picture: Image.Image, random: Random) -> Image.Image:
    """Four fifths to nine tenths of each side, from anywhere."""
    wide, high = (max(1, round(side * random.uniform(0.8, 0.9))) for side in picture.size)
    left = int(random.integers(picture.width - wide + 1))
    top = int(random.integers(picture.height - high + 1))
    return picture.crop((left, top, left + wide, top + high))


def turned(picture: Image.Image, random: Random) -> Image.Image:
    """By 5 to 15 degrees; what comes into view at the corners mirrors the photo's edge."""
    angle = random.uniform(5, 15) * random.choice([-1, 1])
    pad = max(picture.size) // 3
    pixels = np.pad(np.asarray(picture), ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    whole = Image.fromarray(pixels).rotate(angle, Image.Resampling.BICUBIC)
    return whole.crop((pad, pad, pad + picture.width, pad + picture.height))


def relit(picture: Image.Image, random: Random) -> Image.Image:
    """Darker or brighter by up to 40%, with another contrast."""
    lit = ImageEnhance.Brightness(picture).enhance(random.uniform(0.6, 1.4))
    return ImageEnhance.Contrast(lit).enhance(random.uniform(0.8, 1.2))


def blurred(picture: Image.Image, random: Random) -> Image.Image:
    """As if out of focus by 1 to 2% of the shorter side."""
    return picture.filter(ImageFilter.GaussianBlur(min(picture.size) * random.uniform(0.01, 0.02)))


def elsewhere(picture: Image.Image, random: Random) -> Image.Image:
    """Before another background, seen from a little further away.

    What is joined to the corners and has about their colour is background.
    """
    size = picture.size
    filled, marker = picture.filter(ImageFilter.GaussianBlur(1)), (255, 0, 255)
    for corner in ((0, 0), (size[0] - 1, 0), (0, size[1] - 1), (size[0] - 1, size[1] - 1)):
        ImageDraw.floodfill(filled, corner, marker, thresh=60)
    found = np.all(np.asarray(filled) == np.array(marker, np.uint8), axis=-1)
    mask = Image.fromarray(np.where(found, 0, 255).astype(np.uint8))
    share = random.uniform(0.8, 0.95)
    small = (max(1, round(size[0] * share)), max(1, round(size[1] * share)))
    one, other = random.uniform(90, 250, 3), random.uniform(-30, 30, 3)
    fall = np.linspace(0, 1, size[1])[:, None, None]
    scene = np.broadcast_to(one + fall * other, (size[1], size[0], 3)) + random.normal(
        0, 3, (size[1], size[0], 1)
    )
    scenery = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    place = ((size[0] - small[0]) // 2, (size[1] - small[1]) // 2)
    scenery.paste(picture.resize(small), place, mask.resize(small))
    return scenery


def snapped(picture: Image.Image, random: Random) -> Image.Image:
    """All but the background at once, as a telephone held by hand takes it."""
    for change in (turned, cropped, relit, blurred):
        picture = change(picture, random)
    return picture


RETAKES: dict[str, Callable[[Image.Image, Random], Image.Image]] = {
    "cropped": cropped,
    "turned": turned,
    "in another light": relit,
    "blurred": blurred,
    "before another background": elsewhere,
    "snapped by hand": snapped,
}
