"""Titles, descriptions and attributes of the sample's products, in English and Chinese."""

import json
from typing import Any

import numpy as np
import pandas as pd

from catalog.sample.world import CATEGORIES, random, words

__all__ = ["write_texts"]


def write_texts(plan: pd.DataFrame, seed: int) -> pd.DataFrame:
    """title, description, attributes (JSON) and language of each planned product, as columns.

    Categories with the same voice draw from the same words. Variants of a group share their
    sentences and differ in colour and size. A vague text draws from words common to all voices.
    """
    rows = []
    row: Any
    for row in plan.itertuples():
        rng = random(seed, "text", int(row.group))  # one generator a group: variants share their draws
        title_language = "en" if row.language == "en" else "zh"
        body_language = "zh" if row.language == "zh" else "en"
        voice = CATEGORIES[row.category].voice
        slots = {"line": row.line, "number": str(row.number), "size": row.size}
        title = _title(rng, row, voice, title_language, slots)
        description = _description(rng, row, voice, body_language, slots)
        attributes = _attributes(rng, row, voice, body_language, slots)
        language = "" if row.language == "mixed" else row.language
        rows.append((title, description, json.dumps(attributes, ensure_ascii=False), language))
    return pd.DataFrame(rows, columns=["title", "description", "attributes", "language"], index=plan.index)


def _localised(name: str, kind: str, language: str) -> str:
    return words()["names"][kind][name] if language == "zh" else name


def _fill(text: str, row: Any, language: str, slots: dict[str, str]) -> str:
    return text.format(
        colour=_localised(row.colour, "colours", language),
        style=_localised(row.style, "styles", language),
        **slots,
    )


def _title(rng: np.random.Generator, row: Any, voice: str, language: str, slots: dict[str, str]) -> str:
    pool = words()[voice][language]
    noun, adjective = rng.choice(pool["nouns"]), rng.choice(pool["adjectives"])
    vague = rng.choice(words()["generic"][language]["titles"])
    colour = _localised(row.colour, "colours", language)
    brand = f"{row.brand} " if row.has_brand else ""
    if row.vague:
        return f"{vague} {row.line} {row.number}"
    if language == "zh":
        return f"{brand}{row.line} {adjective}{colour}{noun}"
    return f"{brand}{row.line} {adjective} {noun}, {colour}"


def _description(rng: np.random.Generator, row: Any, voice: str, language: str, slots: dict[str, str]) -> str:
    own = words()[voice][language]["sentences"]
    common = words()["generic"][language]["sentences"]
    chosen = rng.permutation(len(own))[: int(rng.integers(2, 5))]
    extra = rng.permutation(len(common))[: int(rng.integers(1, 4))]
    sentences = [] if row.vague else [own[i] for i in chosen]
    sentences += [common[i] for i in extra]
    if not row.has_description:
        return ""
    order = rng.permutation(len(sentences))
    text = ("" if language == "zh" else " ").join(sentences[i] for i in order)
    return _fill(text, row, language, slots)


def _attributes(
    rng: np.random.Generator, row: Any, voice: str, language: str, slots: dict[str, str]
) -> dict[str, str]:
    """Each attribute is there with probability 0.75; a vague product says its colour alone."""
    pool = words()[voice][language]["attributes"]
    values = {}
    for name, value in pool.items():
        keep, pick = rng.random() < 0.75, rng.random()
        text = value if isinstance(value, str) else value[int(pick * len(value))]
        if keep and not row.vague:
            values[name] = _fill(text, row, language, slots)
    if row.vague:
        values["颜色" if language == "zh" else "colour"] = _localised(row.colour, "colours", language)
    return values
