"""Merchandising rules: pin, boost and ban by query or category, from a file that people review.

    rules:
      - why: autumn campaign, until 30 November
        query: rain jacket            # all of these words, in any order and form
        pin: [p00017, p00044]
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
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from retrieval.filters.columns import SEPARATOR, Columns
from retrieval.filters.sorting import sorted_rows
from retrieval.lexical.tokens import search_terms
from shelfspace.reviewed_list import read_entries

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

    @cached_property
    def terms(self) -> frozenset[str]:
        """Terms of the query that the rule is for."""
        return frozenset(term for _, term in search_terms(self.query))

    def applies(self, terms: frozenset[str], categories: Sequence[str]) -> bool:
        """Whether a query of these terms, filtered by these categories, is meant."""
        if self.query and not self.terms <= terms:
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

    def valid(self, terms: frozenset[str], categories: Sequence[str]) -> "Rules":
        """The rules that apply to a query of these terms, filtered by these categories."""
        return Rules(tuple(rule for rule in self.rules if rule.applies(terms, categories)))

    @cached_property
    def bans(self) -> frozenset[str]:
        """Products that are banned everywhere."""
        everywhere = self.valid(frozenset(), ())
        return frozenset(product for rule in everywhere.rules for product in rule.ban)

    def banned(self, columns: Columns) -> np.ndarray:
        """Rows that any of the rules bans."""
        named = (product for rule in self.rules for product in rule.ban)
        return np.array([columns.row_of[p] for p in named if p in columns.row_of], np.int64)

    def pinned(self, columns: Columns, may: np.ndarray) -> np.ndarray:
        """Rows that the rules pin, in the order of the file, as far as `may`, (n,) bool, lets them and no
        rule bans them."""
        out = set(self.banned(columns).tolist())
        named = (columns.row_of[p] for rule in self.rules for p in rule.pin if p in columns.row_of)
        return np.array([row for row in dict.fromkeys(named) if may[row] and row not in out], np.int64)

    def apply(
        self, rows: np.ndarray, scores: np.ndarray, columns: Columns, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Reorder what a query found by all of these rules; see `valid`.

        Args:
            rows: (m,) int64 found, in any order; those that are not allowed fall away.
            scores: (m,), 0 or more, higher is better.
            allowed: (n,) bool, products that pass the filters; None for all that are not deleted.

        Returns:
            rows, best first; their scores, boosted; and how many at the head are pinned. A pinned
            product that the query did not find has score 0.
        """
        may = ~columns.deleted if allowed is None else allowed
        kept = may[rows] & ~np.isin(rows, self.banned(columns))
        rows, scores = rows[kept], scores[kept].astype(np.float64)
        for rule in self.rules:
            if rule.boost is not None:
                scores = np.where(_boosted(rule.boost, rows, columns), scores * rule.boost.factor, scores)
        order = sorted_rows(rows, scores, columns)
        rows, scores = rows[order], scores[order]
        pinned = self.pinned(columns, may)
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
        brand = columns.brand
        meant |= np.isin(brand.codes[rows], brand.folded.get(boost.brand.casefold(), ()))
    if boost.category:
        category = columns.category
        meant |= np.isin(category.codes[rows], category.below.get(boost.category, ()))
    return np.asarray(meant)


def read_rules(path: Path) -> Rules:
    """Read and check a file of rules; an absent file has none.

    Raises:
        InputError: no YAML, or a rule that cannot be meant; the message names its place.
    """
    return Rules(tuple(rule for _, rule in read_entries(path, "rules", "rules", Rule.model_validate)))
