"""Recommendations from what was kept: for a shopper, for events, for a cart or a product, and for anyone.

Everything here is ranked as if all products could be shown; whoever asks leaves out what cannot be.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from insights.recommendation.beside import beside
from insights.recommendation.candidates import candidates, way_scores
from insights.recommendation.features import features
from insights.recommendation.history import KINDS, Histories, Purchases, histories, read_purchases
from insights.recommendation.judge import frequency, popularity
from insights.recommendation.knowledge import learn
from insights.recommendation.newcomers import evidence, new_products
from insights.recommendation.reasons import LEAST_COSINE, Reason, reason_of
from insights.recommendation.store import Kept, load
from insights.recommendation.verdict import FREQUENCY, POPULARITY
from shelfspace.paired import LEARNED

__all__ = ["Ranked", "Recommender"]


@dataclass(frozen=True)
class Ranked:
    """Products, best first.

    Attributes:
        products: (r,) rows.
        scores: (r,) 0 to 1, never rising.
        reason: gives why, by place.
        by: who ranked them.
    """

    products: np.ndarray
    scores: np.ndarray
    reason: Callable[[int], Reason]
    by: str


class Recommender:
    """Answers from one folder; never changed.

    Attributes:
        product_ids: (n,) rows are places in it.
        rows: product id to row.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._known = kept.known
        self.product_ids = kept.product_ids
        self._ids = list(kept.product_ids)
        self.rows: Mapping[str, int] = {str(product): row for row, product in enumerate(kept.product_ids)}
        self.winner = str(kept.verdict["winner"])
        self.why = str(kept.verdict["why"])

    @classmethod
    def open(cls, folder: Path, vectors: np.ndarray, rows: Mapping[str, int]) -> "Recommender":
        """Read a folder, and all that an answer would wait for.

        Args:
            vectors, rows: of the release, as `insights.recommendation.store.load` takes them.

        Raises:
            ArtifactError: it is damaged, or of another form.
        """
        made = cls(load(folder, vectors, rows))
        _ = made._known.neighbourhood.turned, made.popular
        return made

    @classmethod
    def unlearned(cls, product_ids: Sequence[str], vectors: np.ndarray) -> "Recommender":
        """One that knows products by their (n, d) vectors alone."""
        ids = np.array(product_ids, dtype=object)
        nothing = Purchases(ids[:0], *(np.empty(0, np.int64),) * 3, *(np.empty(0),) * 2, len(ids))
        known = learn(nothing, 0.0, np.asarray(vectors), np.full(len(ids), np.nan))
        why = "no purchases are known to this release; the insights job counts them for the next"
        return cls(Kept(ids, {}, known, None, {"winner": POPULARITY, "why": why}))

    @property
    def shoppers(self) -> int:
        """How many bought something."""
        return len(self._kept.shoppers)

    def for_shopper(self, pseudonym: str, new: bool = False) -> Ranked | None:
        """What a shopper may want next, or of what is new; None where nobody of that name bought anything."""
        row = self._kept.shoppers.get(pseudonym)
        if row is None:
            return None
        here = np.array([row])
        of = self._known.histories.take(here)
        return self._new(of, here) if new else self._ranked(of, here)

    def for_events(self, events: pd.DataFrame, new: bool = False) -> Ranked | None:
        """What somebody with these purchases may want next; None without a purchase of a known product.

        Args:
            events: of one shopper (`catalog.contract.EVENT_COLUMNS`); other kinds are not read.
        """
        bought = read_purchases(events, self._ids)
        if not len(bought):
            return None
        of = histories(bought, self._known.moment)
        return self._new(of, np.array([-1])) if new else self._ranked(of, None)

    def _new(self, of: Histories, own: np.ndarray) -> Ranked:
        """Newcomers, by what was learned of newcomers, else by how many bought them, then by likeness."""
        known, ranker = self._known, self._kept.newcomers
        products = new_products(known)
        cosine = known.vectors[products] @ known.vectors[of.product].T
        if ranker is not None and len(products):
            ((_, seen),) = evidence(of, known, own)
            score, by = 1 / (1 + np.exp(-ranker.score(seen[0]))), LEARNED
        else:
            raw = known.month[products] + cosine.max(axis=1, initial=0) / 2
            score, by = raw / (1 + raw), POPULARITY
        order = np.argsort(-score, kind="stable")

        def reason(place: int) -> Reason:
            near = cosine[order[place]]
            nearest = int(near.argmax())
            alike = near[nearest] >= LEAST_COSINE
            return Reason("like", int(of.product[nearest])) if alike else Reason("new")

        return Ranked(products[order], score[order], reason, by)

    def leaning(self, pseudonym: str, events: pd.DataFrame | None) -> np.ndarray | None:
        """(n,) how much somebody leans towards each product, 0 to 1: the habits of the 200 likest shoppers.

        Args:
            pseudonym: of a shopper; "" for somebody whose events are given.
            events: of that somebody; the most telling kind counts: purchases, else carts, else views.

        Returns:
            None where nothing is known of them.
        """
        if pseudonym:
            row = self._kept.shoppers.get(pseudonym)
            if row is None:
                return None
            here = np.array([row])
            of = self._known.histories.take(here)
        else:
            kinds = () if events is None else (read_purchases(events, self._ids, kind) for kind in KINDS)
            told = next((one for one in kinds if len(one)), None)
            if told is None:
                return None
            here, of = np.array([-1]), histories(told, self._known.moment)
        habits = way_scores(of, self._known, here)["habits"][0]
        most = habits.max(initial=0)
        return habits / most if most > 0 else None

    def _ranked(self, of: Histories, own: np.ndarray | None) -> Ranked:
        known, ranker = self._known, self._kept.ranker
        found = candidates(of, known, own)
        if ranker is not None:
            score = 1 / (1 + np.exp(-ranker.score(features(found, of, known))))
        else:
            raw = frequency(found, of, known) if self.winner == FREQUENCY else popularity(found, known)
            score = raw / (1 + raw)
        order, _ = found.best(score, len(found))
        reason = reason_of(found, of, known)
        return Ranked(
            found.product[order], score[order], lambda place: reason(int(order[place])), self.winner
        )

    def for_products(self, products: Sequence[str], vectors: np.ndarray, goes_with: bool) -> Ranked:
        """What goes with a cart, or a product; after it what is like it.

        Args:
            products: in it; one that is not known counts by its vector.
            vectors: (len(products), d).
            goes_with: leave out what is alike.
        """
        known = self._known
        rows = [self.rows.get(product, -1) for product in products]
        found = beside(known, rows, vectors)
        together = found.scores / (found.scores.max(initial=0) or 1)
        alike = np.where((found.likeness >= LEAST_COSINE) & ~found.given, found.likeness, 0)
        # Anything that orders speak for stands before what merely looks alike.
        score = np.where(together > 0, 0.5 + 0.5 * together, 0.5 * alike * (not goes_with))
        order = np.argsort(-score, kind="stable")
        order = order[score[order] > 0]
        to = {row: place for place, row in enumerate(rows) if row >= 0}
        nearest = (known.vectors @ vectors.T).argmax(axis=1)

        def reason(place: int) -> Reason:
            product = int(order[place])
            if together[product] > 0:
                source = found.source_of(known, product)
                return Reason("together" if source in to else "beside", source)
            return Reason("like", rows[int(nearest[product])])

        return Ranked(order, score[order], reason, "co-purchases, then vectors")

    @cached_property
    def popular(self) -> Ranked:
        """What most shoppers bought lately, then all the rest."""
        known = self._known
        order = known.popular
        score = known.month[order] / (1 + known.month[order])
        return Ranked(
            order, score, lambda place: Reason("popular", number=int(known.month[order[place]])), "popularity"
        )

    @property
    def note(self) -> str:
        """What there was not enough evidence for; "" where a comparison decided who ranks."""
        return "" if self._kept.verdict.get("comparison") else f"not enough evidence: {self.why}"
