"""The world behind the sample catalogue: every number that its generator follows.

Each category is a voice (words), a look (photo) and a timbre (sound). Six pairs of categories
differ in exactly one of the three, so no modality alone can tell all twelve apart. truth.json
repeats these values, and later results are held against them.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

__all__ = [
    "BRANDS",
    "CATEGORIES",
    "COLOURS",
    "COST_SHARES",
    "CO_PURCHASE",
    "END",
    "OWN_ELASTICITY",
    "SHARES",
    "START",
    "STYLES",
    "WEEKS",
    "Category",
    "brand_effects",
    "random",
    "season",
    "words",
]

WEEKS = 104
START = np.datetime64("2024-07-01")
END = START + np.timedelta64(7 * WEEKS, "D")
"""Events lie in [START, END); both are Mondays."""


@dataclass(frozen=True)
class Category:
    """One leaf category and what its products look, read and sound like.

    Attributes:
        department, name: the two nodes of its path.
        voice: which words describe it; look: which shape is drawn; timbre: which sound, "" none.
        median_price: in EUR; sigma: standard deviation of log price, before the brand's effect.
        elasticity: d log(demand) / d log(price), of its products on average.
        weekly: mean purchase lines a week of a product of average popularity.
        peaks: months (1..12) of highest demand; lift: demand there over an ordinary month.
        lead_days: median days from order to arrival at the warehouse.
    """

    department: str
    name: str
    voice: str
    look: str
    timbre: str
    median_price: float
    sigma: float
    elasticity: float
    weekly: float
    peaks: tuple[int, ...]
    lift: float
    lead_days: float

    @property
    def path(self) -> str:
        return f"{self.department} > {self.name}"


CATEGORIES = (
    Category("Music", "Violins", "bowed", "bowed", "violin", 420, 0.45, -1.2, 0.07, (9, 12), 2.2, 35),
    Category("Music", "Violas", "bowed", "bowed", "viola", 480, 0.45, -1.0, 0.05, (9,), 2.0, 40),
    Category("Clocks", "Ticking Clocks", "clocks", "clock", "tick", 38, 0.40, -1.8, 0.11, (11, 12), 1.8, 18),
    Category("Clocks", "Chiming Clocks", "clocks", "clock", "chime", 46, 0.40, -1.4, 0.09, (12,), 2.5, 21),
    Category("Clothing", "Shirts", "clothing", "shirt", "", 34, 0.35, -2.0, 0.20, (4, 5, 6), 1.7, 12),
    Category("Clothing", "Trousers", "clothing", "trousers", "", 48, 0.35, -1.6, 0.17, (9, 10), 1.8, 14),
    Category("Kitchen", "Kettles", "kitchen", "kettle", "motor", 44, 0.38, -1.5, 0.13, (11, 12, 1), 1.9, 16),
    Category("Kitchen", "Blenders", "kitchen", "blender", "motor", 56, 0.38, -1.9, 0.12, (6, 7), 2.1, 20),
    Category("Books", "Cookbooks", "cookbooks", "book", "", 24, 0.28, -2.4, 0.18, (11, 12), 2.6, 7),
    Category("Books", "Travel Guides", "travel", "book", "", 22, 0.28, -2.2, 0.18, (5, 6, 7), 2.4, 8),
    Category("Pets", "Cat Toys", "cats", "ball", "squeak", 11, 0.33, -1.3, 0.20, (12,), 1.5, 10),
    Category("Pets", "Dog Toys", "dogs", "ball", "squeak", 13, 0.33, -1.1, 0.22, (5, 6, 12), 1.5, 10),
)

BRANDS: dict[str, tuple[str, ...]] = {
    "Music": ("Aurelio", "Bellini & Sohn", "Cantabile", "Hofwerk", "雅韵", "Stradella"),
    "Clocks": ("Tidevik", "Meridian", "Kronhaus", "北辰", "Ellsworth", "Nomos Lane"),
    "Clothing": ("Alder & Finch", "Marrow", "Solvei", "素白", "Northbank", "Pampas"),
    "Kitchen": ("Brevia", "Casaluce", "Dampf", "小厨", "Hearthwell", "Vireo"),
    "Books": ("Lantern Press", "Quill House", "Otter Books", "青鸟书社", "Field & Page", "Merle"),
    "Pets": ("Wuffle", "Pawsley", "Tumbletail", "萌宠记", "Barnaby", "Zippet"),
}

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (196, 52, 48), "blue": (46, 92, 178), "green": (64, 140, 78), "yellow": (236, 190, 60),
    "black": (44, 44, 50), "white": (236, 234, 228), "orange": (228, 124, 48), "purple": (122, 74, 158),
    "pink": (230, 142, 164), "teal": (38, 142, 148), "grey": (138, 142, 150),
    "amber": (196, 116, 44), "chestnut": (130, 66, 34), "honey": (222, 160, 78),
    "cherry": (150, 48, 32), "walnut": (92, 58, 38),
}  # fmt: skip

PAINTS = ("red", "blue", "green", "yellow", "black", "white", "orange", "purple", "pink", "teal", "grey")
WOODS = ("amber", "chestnut", "honey", "cherry", "walnut")
PATTERNS = ("plain", "striped", "dotted", "checked")

STYLES: dict[str, tuple[str, ...]] = {
    "Music": ("with bow", "instrument only"),
    "Clocks": ("numerals", "minimal", "bars"),
    "Clothing": PATTERNS,
    "Kitchen": ("matte", "glossy", "two-tone"),
    "Books": ("sun", "waves", "leaves", "blocks"),
    "Pets": PATTERNS,
}

SIZES: dict[str, tuple[str, ...]] = {
    "Music": ("4/4",),
    "Clocks": ("20", "25", "30", "35", "40"),
    "Clothing": ("S", "M", "L", "XL"),
    "Kitchen": ("1.0", "1.2", "1.5", "1.7"),
    "Books": ("A5",),
    "Pets": ("5", "6", "7", "8"),
}

# Share of products that each label-free flaw touches.
SHARES = {
    "chinese": 0.25,
    "mixed_language": 0.04,
    "vague_text": 0.04,
    "no_description": 0.04,
    "no_photo": 0.06,
    "no_sound": 0.10,
    "no_price": 0.03,
    "no_cost": 0.08,
    "no_brand": 0.05,
    "noisy_photo": 0.05,
    "noisy_sound": 0.05,
    "second_photo": 0.15,
    "variants": 0.30,
    "new_without_events": 0.04,
}

# (bought, bought with it, probability that the second joins the order of the first).
CO_PURCHASE = (
    ("Kitchen > Kettles", "Books > Cookbooks", 0.22),
    ("Kitchen > Blenders", "Books > Cookbooks", 0.18),
    ("Books > Travel Guides", "Clothing > Trousers", 0.20),
    ("Pets > Dog Toys", "Pets > Cat Toys", 0.10),
    ("Music > Violins", "Clocks > Ticking Clocks", 0.12),
)
PRODUCT_PAIR_PROBABILITY = 0.35

COST_SHARES = {"Music": 0.58, "Clocks": 0.5, "Clothing": 0.42, "Kitchen": 0.62, "Books": 0.57, "Pets": 0.4}
"""What a product costs the shop over its list price, on average, by department."""
YEARLY_GROWTH = 0.15
OWN_ELASTICITY = 0.4
"""Standard deviation of a product's elasticity around its category's."""


def colours_of(department: str) -> tuple[str, ...]:
    """Colour names that products of a department come in."""
    return WOODS if department == "Music" else PAINTS


def brand_effects(seed: int) -> dict[str, float]:
    """Effect of each brand on log price; zero on average within a department."""
    effects: dict[str, float] = {}
    for department, brands in BRANDS.items():
        raw = random(seed, "brand", department).normal(0, 0.22, len(brands))
        effects |= dict(zip(brands, np.round(raw - raw.mean(), 4).tolist(), strict=True))
    return effects


def season(category: Category) -> np.ndarray:
    """(12,) demand by month over the year's mean; neighbours of a peak are lifted half as much."""
    lift = np.ones(12)
    for peak in category.peaks:
        for month, share in ((peak - 2, 0.5), (peak - 1, 1.0), (peak, 0.5)):
            lift[month % 12] = max(lift[month % 12], 1 + share * (category.lift - 1))
    return lift / lift.mean()


def random(seed: int, *parts: str | int) -> np.random.Generator:
    """A generator of its own for each part of the world, so that one part never shifts another."""
    numbers = [part if isinstance(part, int) else int.from_bytes(part.encode(), "big") for part in parts]
    return np.random.default_rng([seed, *numbers])


@cache
def words() -> dict[str, Any]:
    """The word lists of words.yaml."""
    return yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))
