"""A catalogue of any size whose words follow a power law, as words of real listings do.

Made of pseudo-words: nothing here is a product of anyone's. A class has words of its own beside those
that all share, so that something can be learnt; brands repeat phrases, and some listings are written from
another one's text, so that near-duplicates are there to be found.
"""

import csv
from pathlib import Path

import numpy as np

from shelfspace.files import write_text

__all__ = ["write_catalogue"]

VOCABULARY = 40_000
TOPIC = 1_500
"""Words that a class prefers, drawn from the whole vocabulary."""
CLASSES, NODES = 20, 8
BRANDS = 2_000
PHRASES = 400
COPIED = 0.04
"""Share of listings that are another one's text with one word changed."""
ON_TOPIC = 0.35
EXPONENT = 1.05
"""Of the power law of words (Zipf 1949) and of brands."""
SYLLABLES = tuple(first + vowel for first in "bcdfghjklmnprstvwz" for vowel in "aeiou")

CATALOG = """\
name: {name}
params:
  model: {{modalities: [text], text: tfidf}}
  training: {{epochs: {epochs}}}
"""


def write_catalogue(folder: Path, rows: int, seed: int = 0, epochs: int = 1) -> Path:
    """Write products.csv and catalog.yaml of `rows` listings into a folder; returns the CSV.

    Seeded: the same rows and seed give the same bytes. A few listings need more than one epoch to give a
    model that is released.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "catalog.yaml", CATALOG.format(name=folder.name, epochs=epochs))
    generator = np.random.default_rng(seed)
    words = vocabulary(generator)
    topics = [generator.permutation(VOCABULARY)[:TOPIC] for _ in range(CLASSES * NODES)]
    phrases = [
        " ".join(words[i] for i in zipf(generator, VOCABULARY, 10)).capitalize() + "." for _ in range(PHRASES)
    ]
    table = folder / "products.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(["product_id", "title", "description", "brand", "category", "price"])
        earlier: list[tuple[str, str, int]] = []
        for row in range(rows):
            node = int(generator.integers(CLASSES * NODES))
            brand = int(zipf(generator, BRANDS, 1)[0])
            if earlier and generator.random() < COPIED:
                title, told, node = earlier[int(generator.integers(len(earlier)))]
                described = f"{told} {words[int(generator.integers(VOCABULARY))]}"
            else:
                title = " ".join(listing_words(generator, words, topics[node], int(generator.integers(4, 9))))
                body = listing_words(generator, words, topics[node], int(generator.integers(15, 60)))
                described = f"{' '.join(body)}. {phrases[brand % PHRASES]}"
                earlier.append((title, described, node))
            category = f"class {words[node // NODES]} > kind {words[100 + node]}"
            price = round(float(np.exp(generator.normal(3.0, 1.0))), 2)
            named = f"{title} {generator.integers(100, 9999)}"
            out.writerow([f"P{row:07d}", named, described, f"{words[500 + brand]} co", category, price])
    return table


def vocabulary(generator: np.random.Generator) -> list[str]:
    """Distinct pseudo-words of two to four syllables."""
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        drawn = generator.integers(0, len(SYLLABLES), generator.integers(2, 5))
        found["".join(SYLLABLES[i] for i in drawn)] = None
    return list(found)


def zipf(generator: np.random.Generator, size: int, count: int) -> np.ndarray:
    """(count,) int64 ranks below `size`, drawn by a power law through its continuous inverse."""
    low = 1 - EXPONENT
    draws = generator.random(count)
    ranks = (1 + draws * ((size + 1) ** low - 1)) ** (1 / low)
    return np.minimum(ranks.astype(np.int64) - 1, size - 1)


def listing_words(
    generator: np.random.Generator, words: list[str], topic: np.ndarray, count: int
) -> list[str]:
    """Words of one listing: some of its topic's, some of everybody's."""
    own, common = topic[zipf(generator, TOPIC, count)], zipf(generator, VOCABULARY, count)
    return [words[i] for i in np.where(generator.random(count) < ON_TOPIC, own, common)]
