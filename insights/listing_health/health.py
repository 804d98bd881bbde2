"""All that is found of a catalogue's listings, as one table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from insights.listing_health.attributes import missing_attributes
from insights.listing_health.categories import Categories, judge_categories
from insights.listing_health.duplicates import duplicates
from insights.listing_health.evidence import Evidence, evidence_of
from insights.listing_health.media import Media, judge_media
from insights.listing_health.prices import Prices, judge_prices
from insights.listing_health.reviewed import hide
from insights.listing_health.sentences import (
    COLUMNS,
    KINDS,
    Why,
    category_why,
    duplicate_why,
    media_why,
    missing_why,
    price_text,
    price_why,
    text_why,
)
from models.features.table import FeatureTable
from shelfspace.settings.insights import ListingHealth

__all__ = ["Health", "listing_health"]

MEDIA = {"image": "photo", "audio": "sound"}


@dataclass(frozen=True)
class Health:
    """What was found.

    Attributes:
        findings: COLUMNS; the rows of a product side by side, in the order of products, the surest first.
            `sure` is a probability of category, text, photo, sound and price; of a duplicate it is how alike
            the two are, of a missing attribute the share of its like that has it, at least. `stands` is
            what stands there, of a missing attribute its name; `fits` and `other_id` are "" where nothing can
            be named.
        judged: kind to how many products could be judged.
        skipped: why a kind is not judged, a sentence each, in English and Chinese.
        shares: kind to the share of products of which it is wrong, as far as can be told.
        hidden: findings that people have judged to be fine.
        dropped: findings beyond the most of a kind.
    """

    findings: pd.DataFrame
    judged: dict[str, int]
    skipped: list[Why]
    shares: dict[str, float]
    hidden: int
    dropped: int


Found = dict[str, Any]


def listing_health(
    products: pd.DataFrame,
    texts: Sequence[str],
    languages: Sequence[str],
    features: FeatureTable,
    vectors: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    settings: ListingHealth,
    reviewed: pd.DataFrame,
) -> Health:
    """Judge every listing by what its other parts say, and by its neighbours.

    Args:
        products: the cleaned table of n products.
        texts, languages: (n,) cleaned texts, and what they are written in.
        features: of n rows, as frozen encoders see them.
        vectors: (n, d) float32 product vectors of unit length.
        labels: (n,) index into names of the given category, -1 where unknown.
        reviewed: of `read_reviewed`.
    """
    evidence = evidence_of(products, features, labels, names)
    categories, prices = judge_categories(evidence), judge_prices(evidence)
    media = {kind: judge_media(evidence, categories, view, kind) for view, kind in MEDIA.items()}
    least = settings.least_sure
    found = [
        *_category_findings(evidence, categories, least),
        *_price_findings(evidence, prices, least),
        *(
            one
            for view, kind in MEDIA.items()
            for one in _media_findings(evidence, categories, media[kind], view, kind, least)
        ),
        *_duplicate_findings(evidence, texts, least),
        *_attribute_findings(evidence, languages, vectors, least),
    ]
    table = pd.DataFrame(found, columns=["row", *COLUMNS])
    table = _one_of_a_contradiction(table)
    ranked = table.sort_values(["sure", "row"], ascending=[False, True], kind="stable")
    kept, hidden = hide(ranked.reset_index(drop=True), reviewed)
    within = kept[kept.groupby("kind").cumcount() < settings.most]
    within = within.sort_values(["row", "sure"], ascending=[True, False], kind="stable")
    wrong = {
        "category": categories.wrong,
        "price": prices.wrong,
        **{k: one.wrong for k, one in media.items()},
    }
    parts: dict[str, Categories | Prices | Media] = {"category": categories, "price": prices, **media}
    return Health(
        within[list(COLUMNS)].astype({"sure": np.float64}).reset_index(drop=True),
        {kind: int(np.isfinite(one).sum()) for kind, one in wrong.items()},
        [one.skipped for one in parts.values() if one.skipped is not None],
        {kind: round(one.share, 4) for kind, one in parts.items() if one.skipped is None},
        hidden,
        len(kept) - len(within),
    )


def _finding(
    evidence: Evidence, row: int, kind: str, sure: float, stands: str, fits: str, why: Why, other: str = ""
) -> Found:
    # Rounded, so that the last bits of a sum make no other table.
    values = (
        evidence.products["product_id"].iat[row],
        kind,
        round(float(sure), 3),
        stands,
        fits,
        other,
        *why,
    )
    return {"row": row, **dict(zip(COLUMNS, values, strict=True))}


def _surest(wrong: np.ndarray, least: float) -> list[int]:
    return [int(row) for row in np.flatnonzero(np.nan_to_num(wrong) >= least)]


def _category_findings(evidence: Evidence, categories: Categories, least: float) -> Iterator[Found]:
    for row in _surest(categories.wrong, least):
        given = int(evidence.labels[row])
        likely = categories.likely[row].copy()
        likely[given] = -1
        best = int(likely.argmax())
        prefer = {
            name: int(scores[row].argmax())
            for name, scores in categories.by_view.items()
            if evidence.views[name].present[row]
        }
        stands, fits = str(evidence.products["category"].iat[row]), str(evidence.names[best])
        speaking = [name for name, says in prefer.items() if says == best]
        why = category_why(stands, fits, speaking)
        yield _finding(evidence, row, "category", categories.wrong[row], stands, fits, why)


def _price_findings(evidence: Evidence, prices: Prices, least: float) -> Iterator[Found]:
    table, prices_of = evidence.products, evidence.products["price"].to_numpy(dtype=np.float64)
    for row in _surest(prices.wrong, least):
        price, currency = prices_of[row], str(table["currency"].iat[row] or "")
        level = np.log(price) - evidence.log_price[row]
        about = float(np.exp(level + prices.expected[row]))
        wide = float(np.exp(1.28 * prices.scatter[row]))
        stands, usual, low, high = (
            price_text(value, currency) for value in (price, about, about / wide, about * wide)
        )
        why = price_why(stands, usual, low, high, price / about)
        yield _finding(evidence, row, "price", prices.wrong[row], stands, f"{low} – {high}", why)


def _media_findings(
    evidence: Evidence, categories: Categories, media: Media, view: str, kind: str, least: float
) -> Iterator[Found]:
    keys_of = evidence.products[f"{kind}s"].tolist()
    for row in _surest(media.wrong, least):
        given = int(evidence.labels[row])
        scores = categories.by_view.get(view)
        best = -1 if scores is None or given < 0 else int(scores[row].argmax())
        words = categories.by_view.get("text")
        read = given if words is None or given < 0 else int(words[row].argmax())
        if best == given != read:
            title, fits = str(evidence.products["title"].iat[row]), str(evidence.names[read])
            why = text_why(str(evidence.products["category"].iat[row]), fits, [view])
            yield _finding(evidence, row, "text", media.wrong[row], title, fits, why)
            continue
        says = str(evidence.names[given]) if given >= 0 else ""
        looks = str(evidence.names[best]) if best >= 0 and best != given else ""
        stands = str(keys_of[row][0]) if len(keys_of[row]) else ""
        yield _finding(evidence, row, kind, media.wrong[row], stands, says, media_why(kind, looks, says))


def _duplicate_findings(evidence: Evidence, texts: Sequence[str], least: float) -> Iterator[Found]:
    products = evidence.products
    for pair in duplicates(products, texts, evidence.views.get("image")):
        if pair.alike < least:
            continue
        other = str(products["product_id"].iat[pair.other])
        title = str(products["title"].iat[pair.other])
        why = duplicate_why(f"{other} “{title}”" if title else other, pair.same_photo)
        stands = str(products["title"].iat[pair.row])
        yield _finding(evidence, pair.row, "duplicate", pair.alike, stands, "", why, other)


def _attribute_findings(
    evidence: Evidence, languages: Sequence[str], vectors: np.ndarray, least: float
) -> Iterator[Found]:
    for one in missing_attributes(evidence.products, languages, vectors, evidence.labels, least):
        why = missing_why(one.name, one.having, one.neighbours, one.value)
        yield _finding(evidence, one.row, "attribute", one.sure, one.name, one.value, why)


def _one_of_a_contradiction(table: pd.DataFrame) -> pd.DataFrame:
    """Of category, text, photo and sound that accuse one another the surest stays for each product."""
    apart = table["kind"].isin(KINDS[:4])
    order = table[apart].sort_values("sure", ascending=False, kind="stable")
    kept = order.drop_duplicates("row")
    # What the like of a wrong category have is not lacking.
    misplaced = kept.loc[kept["kind"] == "category", "row"]
    others = table[~apart & ~((table["kind"] == "attribute") & table["row"].isin(misplaced))]
    return pd.concat([kept, others])
