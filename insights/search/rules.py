"""Merchandising rules: pin, boost and ban by query or category, from a file that people review.

    rules:
      - why: autumn campaign, until 30 November
        query: rain jacket            # all of these words, in any order and form
        pin: [P00017, P00044]
      - why: recalled by the maker
        ban: [P00101]                 # neither query nor category: everywhere
      - why: own brand first
        category: Shoes > Running     # where the shopper filters by this path or below it
        boost: {factor: 1.5, brand: Northpeak}

A ban outdoes a pin and a boost. Pinned products come first, in the order of the file, as long as they
pass the shopper's filters; they need not be among what the query found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from catalog.errors import InputError
from insights.search.columns import SEPARATOR, Columns
from insights.search.pages import sorted_rows
from insights.search.tokens import search_terms

__all__ = ["Boost", "Rule", "Rules", "read_rules"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Boost(_Strict):
    """Products whose scores are multiplied by a factor: those named, of a brand, or below a category."""

    factor: float = Field(gt=0, le=100, allow_inf_nan=False)
    products: tuple[str, ...] = ()
    brand: str = ""
    category: str = ""

    @model_validator(mode="after")
    def _some(self) -> "Boost":
        if not (self.products or self.brand or self.category):
            raise ValueError("name products, a brand or a category to boost")
        return self


class Rule(_Strict):
    """What is done where the query or the category applies; with neither, everywhere."""

    why: str = Field(min_length=1)
    query: str = ""
    category: str = ""
    pin: tuple[str, ...] = ()
    boost: Boost | None = None
    ban: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _useful(self) -> "Rule":
        if not (self.pin or self.boost or self.ban):
            raise ValueError("pin, boost or ban something")
        if self.query and not search_terms(self.query):
            raise ValueError("the query has no word but stop words; give one that shoppers search by")
        if self.pin and not (self.query or self.category):
            raise ValueError("a pin needs a query or a category; it would lead every answer")
        both = sorted(set(self.pin) & set(self.ban))
        if both:
            raise ValueError(f"{both[0]} is pinned and banned")
        if len(set(self.pin)) < len(self.pin):
            raise ValueError("a product is pinned twice")
        return self

    def applies(self, terms: frozenset[str], categories: Sequence[str]) -> bool:
        """Whether a query of these terms, filtered by these categories, is meant."""
        if self.query and not {term for _, term in search_terms(self.query)} <= terms:
            return False
        return not self.category or any(_below(path, self.category) for path in categories)


def _below(path: str, head: str) -> bool:
    return path == head or path.startswith(head + SEPARATOR)


@dataclass(frozen=True)
class Rules:
    """Rules in the order of their file."""

    rules: tuple[Rule, ...] = ()

    def unknown_products(self, columns: Columns) -> list[str]:
        """Products that rules name and the release lacks, sorted: misspelt, or gone since."""
        named: set[str] = set()
        for rule in self.rules:
            named |= {*rule.pin, *rule.ban, *(rule.boost.products if rule.boost else ())}
        return sorted(named - columns.row_of.keys())

    def apply(
        self,
        text: str,
        categories: Sequence[str],
        rows: np.ndarray,
        scores: np.ndarray,
        columns: Columns,
        allowed: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Reorder what a query found.

        Args:
            text: the query's words.
            categories: paths that the shopper filters by.
            rows: (m,) int64 found, in any order; those that are not allowed fall away.
            scores: (m,), 0 or more, higher is better.
            allowed: (n,) bool, products that pass the filters.

        Returns:
            rows, best first; their scores, boosted; and how many at the head are pinned. A pinned
            product that the query did not find has score 0.
        """
        terms = frozenset(term for _, term in search_terms(text))
        valid = [rule for rule in self.rules if rule.applies(terms, categories)]
        may = allowed.copy()
        for rule in valid:
            may[[columns.row_of[p] for p in rule.ban if p in columns.row_of]] = False
        kept = may[rows]
        rows, scores = rows[kept], scores[kept].astype(np.float64)
        for rule in valid:
            if rule.boost is not None:
                scores = np.where(_boosted(rule.boost, rows, columns), scores * rule.boost.factor, scores)
        order = sorted_rows(rows, scores, columns)
        rows, scores = rows[order], scores[order]
        asked = (columns.row_of[p] for rule in valid for p in rule.pin if p in columns.row_of)
        pinned = np.array([row for row in dict.fromkeys(asked) if may[row]], dtype=np.int64)
        if len(pinned) == 0:
            return rows, scores, 0
        of = dict(zip(rows.tolist(), scores.tolist(), strict=True))
        rest = ~np.isin(rows, pinned)
        head = np.array([of.get(row, 0.0) for row in pinned.tolist()])
        return np.concatenate([pinned, rows[rest]]), np.concatenate([head, scores[rest]]), len(pinned)


def _boosted(boost: Boost, rows: np.ndarray, columns: Columns) -> np.ndarray:
    """(m,) bool, the rows that a boost means."""
    meant = np.isin(rows, [columns.row_of[p] for p in boost.products if p in columns.row_of])
    if boost.brand:
        brands = np.array([b.casefold() == boost.brand.casefold() for b in columns.brand.values], dtype=bool)
        meant |= columns.brand.rows(brands)[rows]
    if boost.category:
        paths = np.array([_below(p, boost.category) for p in columns.category.values], dtype=bool)
        meant |= columns.category.rows(paths)[rows]
    return np.asarray(meant)


def read_rules(path: Path) -> Rules:
    """Read and check a file of rules; an absent file has none.

    Raises:
        InputError: no YAML, or a rule that cannot be meant; the message names its place.
    """
    if not path.exists():
        return Rules()
    try:
        read: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            str(path), "", f"write valid YAML in UTF-8 ({' '.join(str(error).split())})"
        ) from error
    if read is None:
        return Rules()
    if not isinstance(read, dict) or set(read) != {"rules"} or not isinstance(read["rules"], list):
        raise InputError(str(path), read, "write one key, `rules`, with a list of rules")
    found = []
    for number, entry in enumerate(read["rules"], 1):
        try:
            found.append(Rule.model_validate(entry))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join([f"rules[{number}]", *(str(part) for part in first["loc"])])
            remedy = first["msg"].removeprefix("Value error, ")
            raise InputError(f"{path.name}: {place}", first.get("input"), remedy) from None
    return Rules(tuple(found))
