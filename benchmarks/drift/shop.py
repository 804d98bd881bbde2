"""A generated shop of 20,000 products as the monitors see it, arriving in windows.

Products, texts and prices are the sample catalogue's generator's. Of photos and sounds a pool is rendered for
each category (`POOL`), probed as the chain does, and every product is given one of its category's: rendering
all 20,000 would take half an hour and change no figure that a monitor reads. The champion is a linear
classifier over the words of titles, trained on products that are in no window; vectors are those
words' leading components.
"""

import io
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from PIL import Image

from catalog.media.photo import probe_photo
from catalog.media.sound import probe_sound
from catalog.sample.photos import render_photo
from catalog.sample.products import plan_products
from catalog.sample.sounds import render_sound
from catalog.sample.texts import write_texts
from catalog.sample.world import CATEGORIES, STYLES, colours_of
from data_checks.drift.reference import catalogue_columns
from data_checks.drift.windows import Window
from shelfspace.settings import Media

__all__ = ["LIGHT", "PRODUCTS", "Shop", "Stock", "made_shop", "stock"]

PRODUCTS = 20_000
POOL = 12
LIGHT = (1.0, 0.9, 0.75, 0.5, 0.25)
"""Shares of its light that each photo of the pool is also probed at."""
LEARNED = 3000
DIMENSIONS = 64
FIRST = pd.Timestamp("2025-01-06", tz="UTC")


@dataclass(frozen=True, eq=False)
class Stock:
    """All products: columns as the chain gives them, photos' figures by light, words, categories."""

    columns: pd.DataFrame
    photos: dict[float, pd.DataFrame]
    words: object
    vectors: np.ndarray
    language: np.ndarray
    category: np.ndarray


@lru_cache(1)
def stock() -> Stock:
    """Made once; some half a minute."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    plan = plan_products(0, PRODUCTS)
    texts = write_texts(plan, 0)
    names = np.array([c.path for c in CATEGORIES])[plan["category"]]
    photos = [["photo"] * n for n in plan["photos"]]
    sounds = [["sound"] if has else [] for has in plan["has_sound"]]
    products = texts.assign(
        price=plan["list_price"].where(plan["has_price"]),
        brand=plan["brand"].where(plan["has_brand"], ""),
        category=names,
        photos=photos,
        sounds=sounds,
    )
    columns = catalogue_columns(products, 2)
    taken = np.random.default_rng(1).integers(0, POOL, len(plan))
    looks, heard = _photo_pool(), _sound_pool()
    row = plan["category"].to_numpy() * POOL + taken
    by_light = {}
    for light, figures in looks.items():
        seen = pd.DataFrame(figures, columns=["photo_brightness", "photo_sharpness"])
        by_light[light] = seen.iloc[row].set_axis(plan.index).where(plan["has_photo"])
    told = pd.DataFrame(heard, columns=["sound_loudness", "sound_silence", "sound_seconds"])
    columns = pd.concat(
        [columns, by_light[1.0], told.iloc[row].set_axis(plan.index).where(plan["has_sound"])], axis=1
    )
    columns["photo_decodable"] = _yes(plan["has_photo"], plan["has_photo"])
    columns["sound_decodable"] = _yes(plan["has_sound"], plan["has_sound"])
    words = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), max_features=8000, sublinear_tf=True)
    matrix = words.fit_transform(texts["title"])
    vectors = TruncatedSVD(DIMENSIONS, random_state=0).fit_transform(matrix).astype(np.float32)
    return Stock(columns, by_light, matrix, vectors, plan["language"].to_numpy(), names)


def _yes(values: pd.Series, known: pd.Series) -> pd.Series:
    return pd.Series(np.where(values, "yes", "no"), values.index, dtype=object).where(known, None)


def _photo_pool() -> dict[float, list[tuple[float, float]]]:
    """Brightness and sharpness of the pool's photos at each light, category by category."""
    found: dict[float, list[tuple[float, float]]] = {light: [] for light in LIGHT}
    for number, category in enumerate(CATEGORIES):
        colours, styles = colours_of(category.department), STYLES[category.department]
        for i in range(POOL):
            colour, style = colours[i % len(colours)], styles[i % len(styles)]
            shot = (number, i)
            data = render_photo(category.look, colour, style, seed=0, group=i, shot=shot, noisy=i % POOL == 0)
            for light in LIGHT:
                facts = probe_photo(_dimmed(data, light), Media())
                grey = np.frombuffer(bytes.fromhex(facts.look), np.uint8)[:64].mean() / 255
                found[light].append((float(grey), facts.sharpness))
    return found


def _dimmed(data: bytes, light: float) -> bytes:
    """A photo's file at a share of its light."""
    if light == 1.0:
        return data
    file = io.BytesIO()
    Image.open(io.BytesIO(data)).point(lambda value: round(value * light)).save(file, "JPEG", quality=90)
    return file.getvalue()


def _sound_pool() -> list[tuple[float, float, float]]:
    """Loudness, silence and length of the pool's sounds; NaN of a category that has none."""
    found = []
    for category in CATEGORIES:
        for i in range(POOL):
            if not category.timbre:
                found.append((np.nan, np.nan, np.nan))
                continue
            facts = probe_sound(render_sound(category.timbre, 0, i, i, noisy=i % POOL == 0), Media())
            found.append((facts.loudness, facts.silence, facts.seconds))
    return found


@dataclass(frozen=True, eq=False)
class Shop:
    """A shop without one category, with a champion.

    Attributes:
        columns: of all products, with what the champion says of them.
        arriving: products that it has not learned from, without the category.
        unseen: those of the category.
        predicted: the champion's word for each product.
    """

    stock: Stock
    columns: pd.DataFrame
    arriving: np.ndarray
    unseen: np.ndarray
    predicted: np.ndarray

    @cached_property
    def by_language(self) -> list[list[np.ndarray]]:
        """English, then Chinese products that are arriving, apart by category."""
        names = [c.path for c in CATEGORIES if (self.stock.category[self.arriving] == c.path).any()]
        spoken = self.stock.language[self.arriving]
        said = self.stock.category[self.arriving]
        return [
            [self.arriving[(spoken == tongue) & (said == name)] for name in names] for tongue in ("en", "zh")
        ]

    def window(self, rows: np.ndarray, number: int, columns: pd.DataFrame | None = None) -> Window:
        """The products at these positions as window `number`; each brings half a per cent."""
        table = self.columns.iloc[rows].reset_index(drop=True) if columns is None else columns
        rng = np.random.default_rng(1000 + number)
        size = PRODUCTS * (1 + 0.005 * number) * (1 + rng.normal(0, 0.002))
        counts = {"products": round(size), "gone": 0.004 * (number + 20) + abs(rng.normal(0, 0.001))}
        start = FIRST + pd.Timedelta(weeks=number)
        vectors = {"fused": self.stock.vectors[rows]}
        return Window("catalogue", table, vectors, None, counts, start, start + pd.Timedelta(weeks=1))

    def windows(self, rows: np.ndarray, size: int, first: int) -> list[Window]:
        """Consecutive windows of `size` rows."""
        pieces = [rows[i : i + size] for i in range(0, len(rows) - size + 1, size)]
        return [self.window(piece, first + i) for i, piece in enumerate(pieces)]


def made_shop(without: int) -> Shop:
    """The shop without category number `without`, and its champion."""
    from sklearn.linear_model import SGDClassifier

    made = stock()
    lacks = made.category == CATEGORIES[without].path
    rest = np.random.default_rng(without).permutation(np.flatnonzero(~lacks))
    learned, arriving = rest[:LEARNED], rest[LEARNED:]
    champion = SGDClassifier(loss="log_loss", random_state=0).fit(made.words[learned], made.category[learned])  # type: ignore[index]
    chances = champion.predict_proba(made.words)
    predicted = champion.classes_[chances.argmax(axis=1)]
    columns = made.columns.assign(
        predicted=predicted,
        confidence=chances.max(axis=1),
        label_agrees=np.where(predicted == made.category, "yes", "no"),
    )
    return Shop(made, columns, arriving, np.flatnonzero(lacks), predicted)
