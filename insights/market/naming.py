"""Names of segments from the words of their products: c-TF-IDF, once by English and once by Chinese words.

Words are those of the title and of the first nodes of the category; each counts once a product. Its weight
in a segment is the share of the segment's products that have it, times log(1 + A / f), where f is the number
of products of all segments that have it and A the mean size of a segment (Grootendorst 2022, BERTopic, with
shares of products for frequencies). Brands, colours, numbers and single letters name nothing; where a
brand is not told, the word that opens most of the titles with it is taken for one, unless a broad category
has it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from catalog.text.clean import HAN, clean_text, strip_prices, words
from catalog.text.colours import colours_in

__all__ = ["name_segments"]

Words = list[list[str]]
JOINED = (", ", "、")
WORDS = 3
"""Of a name."""
LISTED = 10
"""Words kept of a segment; a name of before stays while most of its words are among them."""
NODES, BROAD = 3, 2
"""Nodes of a category whose words are read, and those of them whose words are no brand."""
LEAST = 0.1
"""Share of a segment's products that must have a word for it to name them, and 3 products at least."""
OWN_BRAND = 0.5
"""Share of the titles with a word that open with it or whose brand has it, from which on it is a brand."""


def name_segments(
    products: pd.DataFrame, segments: np.ndarray, before: Mapping[int, tuple[str, str]] | None = None
) -> pd.DataFrame:
    """Name each segment.

    Args:
        products: n rows with title, brand and category, "" where unknown.
        segments: (n,) number of each product's segment.
        before: segment to its name in English and in Chinese, kept while they still fit.

    Returns:
        segment, name (in the language of more of its titles), name_en, name_zh ("" where too few products
        have words of the language) and words (those listed, best first), by segment.
    """
    held = _naming_words(*(products[field].tolist() for field in ("title", "brand", "category")))
    names, label = np.unique(segments, return_inverse=True)
    listed = [
        _listed([[word for word in own if _is_chinese(word) is chinese] for own in held], label, len(names))
        for chinese in (False, True)
    ]
    chinese_titles = np.array([_is_chinese(title) for title in products["title"]], bool)
    rows, taken = [], set[str]()
    for place, number in enumerate(names.tolist()):
        old = (before or {}).get(number, ("", ""))
        english, chinese = (_name(listed[one][place], old[one], JOINED[one], taken) for one in (False, True))
        mostly = chinese_titles[label == place].mean() > 0.5
        name = (chinese or english) if mostly else (english or chinese)
        rows.append(
            (number, name or f"{number}", english, chinese, ", ".join(listed[0][place] + listed[1][place]))
        )
    return pd.DataFrame(rows, columns=["segment", "name", "name_en", "name_zh", "words"])


def _is_chinese(text: str) -> bool:
    return HAN.search(text) is not None


def _name(listed: list[str], old: str, join: str, taken: set[str]) -> str:
    """The best words that no other segment goes by; the old name where most of its words are listed."""
    kept = [word for word in old.split(join) if word]
    if kept and 2 * sum(word in listed for word in kept) >= len(kept) and old not in taken:
        taken.add(old)
        return old
    for most in range(WORDS, len(listed) + 1):
        name = join.join(listed[:most])
        if name not in taken:
            taken.add(name)
            return name
    return join.join(listed[:WORDS])


def _listed(held: Words, label: np.ndarray, k: int) -> Words:
    """The best words of each segment by c-TF-IDF; of those of one weight the first of the alphabet."""
    pairs = pd.DataFrame(
        {
            "word": [word for own in held for word in own],
            "label": np.repeat(label, [len(own) for own in held]),
        }
    )
    spoken = np.bincount(label[[bool(own) for own in held]], minlength=k) if len(held) else np.zeros(k)
    count = pairs.groupby(["label", "word"], sort=True).size().rename("titles").reset_index()
    total = count.groupby("word")["titles"].transform("sum")
    share: pd.Series = count["titles"] / np.maximum(spoken[count["label"]], 1)
    count["weight"] = (share * np.log1p(spoken.mean() / total)).round(9)
    fits = (share >= LEAST) & (count["titles"] >= min(3, max(spoken.max(), 1)))
    best = count[fits].sort_values(["label", "weight", "word"], ascending=[True, False, True])
    return [_distinct(best[best["label"] == one]["word"].tolist()) for one in range(k)]


def _distinct(found: list[str]) -> list[str]:
    """The first words of which none begins as one before it does, as plurals do."""
    kept: list[str] = []
    for word in found:
        if len(kept) == LISTED:
            break
        stem = word[: max(4, len(word) - 3)]
        if not any(word.startswith(other) or other.startswith(stem) for other in kept):
            kept.append(word)
    return kept


def _naming_words(titles: Sequence[str], brands: Sequence[str], categories: Sequence[str]) -> Words:
    """Of each product the words that may name a segment, each once, in the order of the alphabet."""
    found = [words(strip_prices(clean_text(title))) for title in titles]
    own = {text: frozenset(words(clean_text(text))) for text in set(brands)}
    nodes = {path: path.split(" > ")[:NODES] for path in set(categories)}
    read = {path: frozenset(words(clean_text(" ".join(kept)))) for path, kept in nodes.items()}
    broad = {word for kept in nodes.values() for word in words(clean_text(" ".join(kept[:BROAD])))}
    pairs = pd.DataFrame(
        [
            (word, word in own[brand] or (not brand and place == 0 and len(title) > 2))
            for title, brand in zip(found, brands, strict=True)
            for place, word in enumerate(title)
        ],
        columns=["word", "brand"],
    )
    share = pairs.groupby("word")["brand"].mean()
    brand = {word for word, part in share.items() if part >= OWN_BRAND} - broad
    usable = {word for word in {*share.index}.union(*read.values()) - brand if _says_something(word)}
    return [sorted({*title, *read[path]} & usable) for title, path in zip(found, categories, strict=True)]


def _says_something(word: str) -> bool:
    if any(letter.isdigit() for letter in word) or colours_in(word) or word.endswith("色"):
        return False
    return bool(HAN.search(word)) or len(word) > 2
