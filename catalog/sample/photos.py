"""Photos of the sample's products: the drawn thing in a scene with light, shadow and grain."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from catalog.sample.pen import SIDE, Colour
from catalog.sample.shapes import draw_look
from catalog.sample.world import COLOURS, random

__all__ = ["PIXELS", "render_photo"]

PIXELS = SIDE // 2
"""Side of a photo, in pixels."""

BACKDROPS: tuple[Colour, ...] = (
    (240, 236, 228), (226, 232, 238), (238, 226, 220), (222, 234, 224), (234, 228, 240), (245, 245, 245),
    (214, 206, 194), (198, 210, 220), (228, 214, 190), (206, 218, 206), (176, 184, 196), (92, 96, 106),
)  # fmt: skip
TABLES: tuple[Colour, ...] = (
    (176, 134, 92),
    (206, 176, 138),
    (120, 86, 60),
    (222, 220, 214),
    (150, 150, 152),
)


def render_photo(
    look: str, colour: str, style: str, *, seed: int, group: int, shot: tuple[int, int], noisy: bool
) -> bytes:
    """One JPEG of PIXELS x PIXELS.

    Args:
        look, colour, style: what is drawn.
        seed, group: variants of one group share the shape's details.
        shot: product and photo number; each has its own scene, turn and light.
        noisy: a bad photo: dark, blurred, grainy or half out of the frame.
    """
    rng = random(seed, "photo", *shot)
    thing = draw_look(look, random(seed, "shape", group), _tinted(rng, COLOURS[colour]), style)
    thing = _posed(rng, thing, noisy)
    scene = _composed(_backdrop(rng), _lit(rng, thing), rng)
    picture = np.asarray(scene).astype(np.float32)
    picture *= 1 + rng.normal(0, 0.02, 3).astype(np.float32)  # white balance
    grain = rng.uniform(1, 3.5)
    if noisy:
        picture *= rng.uniform(0.45, 0.8)
        grain = rng.uniform(12, 22)
        blurred = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).filter(
            ImageFilter.GaussianBlur(rng.uniform(0.8, 1.8))
        )
        picture = np.asarray(blurred).astype(np.float32)
    picture += rng.normal(0, grain, (PIXELS, PIXELS, 1)).astype(np.float32)
    stream = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _tinted(rng: np.random.Generator, colour: Colour) -> Colour:
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, 7, 3), 0, 255).astype(int).tolist()
    return red, green, blue


def _posed(rng: np.random.Generator, thing: Image.Image, noisy: bool) -> Image.Image:
    """Turned, scaled and shifted."""
    turn = rng.normal(0, 9)
    scale = rng.uniform(0.78, 1.02)
    reach = 0.05 if not noisy else 0.2
    shift = rng.uniform(-reach, reach, 2) * SIDE
    angle, middle = np.deg2rad(turn), SIDE / 2
    cos, sin = float(np.cos(angle) / scale), float(np.sin(angle) / scale)
    x, y = middle + shift  # where the middle of the thing comes to lie
    matrix = (cos, -sin, middle - cos * x + sin * y, sin, cos, middle - sin * x - cos * y)
    posed = thing.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return posed.reduce(2)  # from here on everything is of photo size


def _lit(rng: np.random.Generator, thing: Image.Image) -> Image.Image:
    """Light from one side, soft folds and a darker rim."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = _grid()
    light = 1 + float(rng.uniform(0.12, 0.32)) * (x * float(np.cos(angle)) + y * float(np.sin(angle))) * 1.6
    light += 0.05 * _cloud(int(rng.integers(0, 8)))
    alpha = thing.getchannel("A")
    soft = np.asarray(alpha.filter(ImageFilter.BoxBlur(3))).astype(np.float32) / 255
    light *= 0.8 + 0.2 * np.clip((soft - 0.45) / 0.5, 0, 1)
    pixels = np.asarray(thing.convert("RGB")).astype(np.float32) * light[..., None]
    lit = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    lit.putalpha(alpha)
    return lit


def _composed(backdrop: Image.Image, thing: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The thing on the backdrop, with a soft shadow."""
    offset = (int(rng.integers(-5, 6)), int(rng.integers(2, 7)))
    shadow = ImageChops.offset(thing.getchannel("A"), *offset).filter(ImageFilter.BoxBlur(4.5))
    strength = rng.uniform(0.25, 0.5)
    backdrop.paste((30, 26, 30), mask=shadow.point(lambda value: int(value * strength)))
    backdrop.paste(thing, mask=thing.getchannel("A"))
    return backdrop


def _backdrop(rng: np.random.Generator) -> Image.Image:
    """Studio paper, a wall with a table, woven cloth or plaster."""
    colour = np.array(BACKDROPS[int(rng.integers(0, len(BACKDROPS)))], np.float32)
    y, x = _grid()
    centre = rng.uniform(-0.2, 0.2, 2).astype(np.float32)
    falloff = 1.06 - float(rng.uniform(0.15, 0.4)) * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2)
    pixels = colour * falloff[..., None]
    kind = int(rng.integers(0, 4))
    if kind == 1:
        table = np.array(TABLES[int(rng.integers(0, len(TABLES)))], np.float32)
        edge = int(rng.uniform(0.62, 0.8) * PIXELS)
        grain = 1 + 0.06 * _grain(int(rng.integers(0, 4)))
        below = table * (grain * (0.95 + 0.2 * y))[..., None]
        pixels[edge:] = below[edge:]
        pixels[edge : edge + 1] *= 0.8
    elif kind == 2:
        pixels *= (1 + 0.035 * _weave() + 0.02 * _cloud(int(rng.integers(0, 8))))[..., None]
    elif kind == 3:
        pixels *= (1 + 0.03 * _cloud(int(rng.integers(0, 8))))[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    """y and x of each pixel, -0.5 to 0.5, each of one row or column to broadcast."""
    axis = np.arange(PIXELS, dtype=np.float32) / PIXELS - 0.5
    return axis[:, None], axis[None, :]


@cache
def _weave() -> np.ndarray:
    y, x = _grid()
    return np.sin(x * PIXELS * 1.6) * np.sin(y * PIXELS * 1.6)


@cache
def _cloud(number: int) -> np.ndarray:
    """(PIXELS, PIXELS) smooth noise with unit deviation."""
    rng = random(number, "cloud")
    total = np.zeros((PIXELS, PIXELS), np.float32)
    for cells, weight in ((4, 1.0), (9, 0.6), (24, 0.3)):
        small = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
        total += weight * np.asarray(small.resize((PIXELS, PIXELS), Image.Resampling.BICUBIC))
    return (total - total.mean()) / total.std()


@cache
def _grain(number: int) -> np.ndarray:
    """(PIXELS, PIXELS) wood grain: noise drawn out along x."""
    rng = random(number, "grain")
    small = Image.fromarray(rng.normal(0, 1, (96, 5)).astype(np.float32))
    stretched = np.asarray(small.resize((PIXELS, PIXELS), Image.Resampling.BICUBIC))
    return (stretched - stretched.mean()) / stretched.std()
