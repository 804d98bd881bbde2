"""One release, loaded whole: encoder, index and the product facts that hits show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catalog.settings import Media
from models.index import DeltaLimits, Header, LayeredIndex, LayeredView, RowIndex
from models.index.carry import Carried, Target, carry_over, log_path
from models.index.delta import DeltaView
from models.inputs.item import ProductInput
from models.product_encoder import ProductEncoder
from models.release import Release

__all__ = ["LoadedRelease", "ProductFacts"]


class ProductFacts:
    """The fields hits show, by row; columns that a release lacks are empty."""

    def __init__(self, products: pd.DataFrame) -> None:
        n = len(products)
        self.product_id = _texts(products, "product_id")
        self.title = _texts(products, "title")
        self.category = _texts(products, "category")
        self.currency = _texts(products, "currency")
        self.price = _numbers(products, "price")
        self.on_hand = _numbers(products, "on_hand")
        photos: list[Any] = products["photos"].tolist() if "photos" in products else [None] * n
        self.photo = [str(p[0]) if p is not None and len(p) else "" for p in photos]

    def hit(self, row: int, score: float) -> dict[str, Any]:
        """One hit of a release's row, as answers.Hit."""
        return {
            "product_id": self.product_id[row],
            "score": score,
            "title": self.title[row],
            "category": self.category[row],
            "price": self.price[row],
            "currency": self.currency[row],
            "photo": self.photo[row],
            "on_hand": self.on_hand[row],
        }


BLANK: dict[str, Any] = {
    "title": "", "category": "", "price": None, "currency": "", "photo": "", "on_hand": None,
}  # fmt: skip
"""What a hit shows of a product that came after the release, where nothing was said of it."""


def _numbers(products: pd.DataFrame, column: str) -> list[float | None]:
    if column not in products:
        return [None] * len(products)
    values = products[column].to_numpy(dtype=np.float64, na_value=np.nan)
    return [float(value) if np.isfinite(value) else None for value in values]


def _texts(products: pd.DataFrame, column: str) -> list[str]:
    if column not in products:
        return [""] * len(products)
    return products[column].fillna("").astype(str).tolist()


@dataclass(frozen=True, eq=False)
class LoadedRelease:
    """What one release needs in memory to answer; replaced whole, never changed.

    Attributes:
        id: release identifier, in every answer.
        vectors: (n, d) float32, memory-mapped.
        rows: product id to row.
        media: caps that photos and sounds of a request are opened under.
        similar_index, similar_vectors: what /similar searches: refined by co-purchases where the
            release holds such vectors, else the same as above.
        live: the index with what changed since the release; None where changes are not taken.
    """

    id: str
    manifest: dict[str, Any]
    encoder: ProductEncoder
    index: RowIndex
    vectors: np.ndarray
    rows: dict[str, int]
    facts: ProductFacts
    media: Media
    similar_index: RowIndex
    similar_vectors: np.ndarray
    release: Release
    live: LayeredIndex | None = None

    @classmethod
    def load(cls, release: Release, media: Media) -> "LoadedRelease":
        """Read every part now, so that no answer waits for a file or finds it pruned.

        Raises:
            ArtifactError: a part is missing or damaged.
        """
        refined, refined_index = release.graph_embeddings, release.graph_index
        return cls(
            id=release.id,
            manifest=release.manifest,
            encoder=ProductEncoder.load(release.model_folder),
            index=release.index,
            vectors=release.embeddings,
            rows=release.rows,
            facts=ProductFacts(release.products),
            media=media,
            similar_index=release.index if refined_index is None else refined_index,
            similar_vectors=release.embeddings if refined is None else refined,
            release=release,
        )

    def with_changes(self, folder: Path, limits: DeltaLimits) -> tuple["LoadedRelease", Carried]:
        """The same release with the changes since, those made on other releases taken over.

        Args:
            folder: of all delta logs.

        Raises:
            ArtifactError: a log is damaged.
        """
        header = Header(self.id, self.encoder.fingerprint, self.vectors.shape[1])
        carried = carry_over(
            folder, Target(header, self.number, self.rows, self.base, self.updated, self.encode)
        )
        path = log_path(folder, self.id)
        live = LayeredIndex(path, header, self.index, self.release.product_ids, limits)
        return replace(self, live=live), carried

    @property
    def number(self) -> int:
        """Place in the order of releases."""
        return int(self.id.split("-")[0])

    @cached_property
    def _still(self) -> LayeredView:
        ids, dim = self.release.product_ids, self.vectors.shape[1]
        return LayeredView(self.index, ids, self.rows, DeltaView(), dim)

    def view(self) -> LayeredView:
        """What answers at this moment: the release and the changes since."""
        return self._still if self.live is None else self.live.view()

    def similar_view(self, view: LayeredView) -> LayeredView:
        """The same state as /similar searches it.

        A product that came or changed since has no co-purchases yet: its own vector stands, as that
        of a product without neighbours does.
        """
        if self.similar_index is self.index:
            return view
        dim = self.similar_vectors.shape[1]
        return LayeredView(self.similar_index, self.release.product_ids, self.rows, view.delta, dim)

    @cached_property
    def _bases(self) -> np.ndarray:
        products = self.release.products
        texts = products.astype({name: str for name in products if products[name].dtype == object})
        return pd.util.hash_pandas_object(texts, index=False).to_numpy()

    def base(self, row: int) -> str:
        """Fingerprint of what the release says of a product."""
        return f"{self._bases[row]:016x}"

    def updated(self, row: int) -> str:
        """When the catalogue last changed a product, ISO 8601 in UTC; "" where it does not say."""
        products = self.release.products
        time = products["updated_at"].iloc[row] if "updated_at" in products else None
        return "" if time is None or pd.isna(time) else pd.to_datetime(time, utc=True).isoformat()

    def encode(self, inputs: Sequence[ProductInput]) -> np.ndarray:
        """Vectors (n, dim) of products that were added between releases."""
        return self.encoder.encode_features(self.encoder.featurize(inputs, limits=self.media)).vectors

    def hits(
        self, scores: np.ndarray, rows: np.ndarray, k: int, without: int = -1, view: LayeredView | None = None
    ) -> list[dict[str, Any]]:
        """Hits of one query: (m,) scores and rows, best first; row -1 is padding.

        Args:
            without: a row to leave out (a product is no hit of itself).
            view: the state that was searched; default the release alone.
        """
        state = view or self._still
        found: list[dict[str, Any]] = []
        for score, row in zip(scores.tolist(), rows.tolist(), strict=True):
            if row < 0 or row == without:
                continue
            if len(found) == k:
                break
            found.append(self._hit(row, round(score, 6), state))
        return found

    def _hit(self, row: int, score: float, view: LayeredView) -> dict[str, Any]:
        if not view.delta.entries:
            return self.facts.hit(row, score)
        product = view.id_of(row)
        entry = view.delta.entries.get(product)
        if entry is None:
            return self.facts.hit(row, score)
        if entry.vector is None:
            return {**self.facts.hit(row, score), **entry.facts}
        return {"product_id": product, "score": score, **BLANK, **entry.facts}
