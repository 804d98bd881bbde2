"""The way in for a notebook: a release opened once, asked in Python.

    from releases.opened import open_release

    shop = open_release("sample")
    shop.search("blue cup", k=5)

All answers are tables or arrays. What is held is memory and read-only memory maps: there is nothing to
close. The service loads a release through the same `InMemoryRelease`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catalog.product import ProductInput
from catalog.snapshot.media_store import MediaStore
from models.features.table import FeatureTable
from models.inference.product_encoder import Encoded
from releases.in_memory import InMemoryRelease
from releases.items import Products, items_of, media_files
from releases.pointer import current_id
from releases.release import Release
from retrieval.catalogue.view import CatalogueView
from retrieval.engine import answers, blended, browse, own_evidence
from retrieval.filters.columns import Filters
from retrieval.filters.rules import Rules
from retrieval.lexical.tokens import query_terms
from retrieval.query import NO_FILTERS, EncodedQuery, SearchOptions, SearchQuery, mixture, narrowed
from retrieval.reading import read_query
from retrieval.similar import similar_by_modality
from shelfspace.errors import ArtifactError, InputError
from shelfspace.settings import Media
from shelfspace.workspace import Workspace

__all__ = ["OpenedRelease", "open_release"]

HIT = ("product_id", "score", "title", "brand", "category", "price", "currency", "why")
NONE = np.empty(0, np.int64)


def open_release(workspace: Workspace | Path | str = "sample", release: str = "") -> "OpenedRelease":
    """A release of a workspace, in memory.

    Args:
        workspace: an open one, its folder, or the name of its catalogue.
        release: its id; default the live one.

    Raises:
        ArtifactError: there is no such release, or it is damaged.
    """
    if isinstance(workspace, str) and not (Path(workspace) / "releases").is_dir():
        workspace = Workspace.open(workspace)
    root = workspace.root if isinstance(workspace, Workspace) else Path(workspace)
    name = release or current_id(root)
    if name is None:
        raise ArtifactError(f"{root} has no release yet; run the chain, or name another workspace")
    loaded = InMemoryRelease.load(Release.load(root / "releases" / name), Media())
    snapshot = root / "snapshot"
    return OpenedRelease(loaded, MediaStore.open(snapshot) if snapshot.is_dir() else None)


class OpenedRelease:
    """One release, to embed, search, classify with and to look around in.

    Args:
        loaded: its encoder, index and parts.
        media: the snapshot's photos and sounds, whose keys products name; None for none.
    """

    def __init__(self, loaded: InMemoryRelease, media: MediaStore | None = None) -> None:
        self.loaded = loaded
        self.media = media

    def __repr__(self) -> str:
        return f"OpenedRelease({self.id}, {len(self.products)} products)"

    @property
    def id(self) -> str:
        """Of the release."""
        return self.loaded.id

    @property
    def products(self) -> pd.DataFrame:
        """The release's products, in the order of `vectors`."""
        return self.loaded.release.products

    @property
    def vectors(self) -> np.ndarray:
        """(n, dim) float32 of unit length: the release's products as the encoder sees them."""
        return self.loaded.vectors

    def embed(self, products: Products) -> np.ndarray:
        """(m, dim) float32 vectors of unit length, of any m products; see `items_of`.

        Raises:
            InputError: a column, value or file that cannot be used, or a product with nothing to read.
        """
        return self._encoded(items_of(products, self.media)).vectors

    def classify(self, products: Products, top: int = 3) -> pd.DataFrame:
        """The likeliest categories of any products, the best first.

        Returns:
            `top` rows a product: row (its place among `products`), label, probability.

        Raises:
            InputError: as `embed`; or the release knows no categories.
        """
        labels = np.array(self.loaded.encoder.labels, object)
        if not len(labels):
            raise InputError("release", self.id, "open one that was trained on products with categories")
        encoder = self.loaded.encoder
        table = encoder.featurize(items_of(products, self.media), limits=self.loaded.media)
        found = encoder.labelled(table, encoder.encode_features(table).probabilities)
        order = np.argsort(-found, axis=1, kind="stable")[:, :top]
        return pd.DataFrame({
            "row": np.repeat(np.arange(len(found)), order.shape[1]),
            "label": labels[order].ravel(),
            "probability": np.take_along_axis(found, order, axis=1).ravel(),
        })  # fmt: skip

    def search(
        self,
        text: str = "",
        *,
        photo: Any = None,
        sound: Any = None,
        product_id: str = "",
        k: int = 10,
        filters: Filters | Mapping[str, Any] | None = None,
        literal: bool = False,
        ignore: Sequence[str] = (),
    ) -> pd.DataFrame:
        """The k best products for words, a photo, a sound, a product, or several of them together.

        Without any of them the catalogue is browsed. Rules of the workspace do not count.

        Args:
            photo, sound: a path, the bytes of a file, a PIL image or a media key of the snapshot.
            filters: as /search has them: category, brand, language, price_from, price_to, in_stock,
                has_photo.
            literal: look for the words as they are; nothing in them is understood or corrected.
            ignore: what shall not be understood, each as `understood` has its text.

        Returns:
            k rows at most: product_id, score, title, brand, category, price, currency, and why: the
            words that match, or the modality that is nearest. Its `attrs` hold `understood`, what was made
            of the words, and `nearest`, hits that come nearest where nothing answers.

        Raises:
            InputError: names field, value and remedy.
        """
        options = SearchOptions(size=checked(k), filters=filters_of(filters))
        catalogue = self.loaded.catalogue()
        if product_id:
            self._place(catalogue, product_id)
        whole = ProductInput(
            title=text.strip(),
            photos=media_files(photo, "photo", self.media),
            sounds=media_files(sound, "sound", self.media),
        )
        if whole == ProductInput() and not product_id:
            return answer_table(browse(catalogue, Rules(), options))
        query = replace(query_of(whole, product_id), literal=literal, ignore=tuple(ignore))
        query = read_query(query, catalogue, options.filters)
        options, encoder = narrowed(options, query.filters), self.loaded.encoder
        features = self._features([item for item, _ in query.parts], queries=True)
        encoded = encoder.encode_features(features)
        vector, classes = blended(query, catalogue, encoded.vectors, encoded.probabilities)
        own = own_evidence(query, catalogue, encoder.own_evidence(features, encoded.vectors))
        terms = query_terms(query.text, query.also)
        asked = EncodedQuery(query, options, Rules(), vector, classes, terms, own)
        return answer_table(answers(catalogue, [asked])[0])

    def neighbours(self, product_id: str, k: int = 10, modality: str = "") -> pd.DataFrame:
        """The k products nearest to one of the release, itself left out.

        Args:
            modality: by its text, image or audio alone; default by all, and by what is bought together
                where the release was refined so.

        Returns:
            as `search`.

        Raises:
            InputError: no such product, or it lacks the modality.
        """
        loaded, catalogue = self.loaded, self.loaded.catalogue()
        place = self._place(catalogue, product_id)
        if not modality:
            view = loaded.similar_view(catalogue.view)
            own = view.vector_of(product_id)[None]
            scores, rows = loaded.neighbours(catalogue.view, [product_id], own, checked(k) + 1)
            kept = (rows[0] >= 0) & (rows[0] != view.row_of(product_id))
            places, cosine = catalogue.places.of_rows(rows[0][kept][:k]), scores[0][kept][:k]
        else:
            has = catalogue.modalities_of(place)
            if modality not in has:
                able = ", ".join(has) or "none; leave it out"
                raise InputError("modality", modality, f"go by what {product_id} has: {able}")
            places, cosine = similar_by_modality(catalogue, loaded.alone, modality, place, checked(k), NONE)
        hits = hits_table(catalogue.hits(places.tolist(), cosine.tolist()))
        return hits.assign(why=modality)

    def _place(self, catalogue: CatalogueView, product_id: str) -> int:
        place = catalogue.position_of(product_id)
        if place is None:
            raise InputError("product_id", product_id, f"name a product of release {self.id}")
        return place

    def _features(self, items: list[ProductInput], queries: bool = False) -> FeatureTable:
        return self.loaded.encoder.featurize(items, limits=self.loaded.media, queries=queries)

    def _encoded(self, items: list[ProductInput]) -> Encoded:
        return self.loaded.encoder.encode_features(self._features(items))


def query_of(whole: ProductInput, product_id: str) -> SearchQuery:
    """A query whose parts all weigh the same; the encoder reads a photo and a sound together."""
    parts = [
        part
        for part in (
            ProductInput(title=whole.title),
            ProductInput(photos=whole.photos),
            ProductInput(sounds=whole.sounds),
        )
        if part != ProductInput()
    ]
    weighed = tuple((part, 1.0) for part in (parts if product_id or whole.title else [whole]))
    weight, beside = mixture(whole.title, weighed, 1.0 if product_id else None)
    return SearchQuery(whole.title, whole, weighed, product_id, 1.0 if product_id else 0.0, weight, beside)


def filters_of(given: Filters | Mapping[str, Any] | None) -> Filters:
    """Filters by the names that /search has; a single value may stand for a list of one.

    Raises:
        InputError: an unknown name, or a value that cannot be filtered by.
    """
    if not given:
        return NO_FILTERS
    if isinstance(given, Filters):
        return given
    known = Filters.__dataclass_fields__
    said = dict(given)
    for name, value in said.items():
        if name not in known:
            raise InputError(f"filters.{name}", value, f"filter by {', '.join(known)}")
        if known[name].default == ():
            said[name] = (value,) if isinstance(value, str) else tuple(value)
    return Filters(**said)


def checked(k: int) -> int:
    """A number of results."""
    if k < 1:
        raise InputError("k", k, "ask for at least one result")
    return k


def answer_table(answer: Mapping[str, Any]) -> pd.DataFrame:
    """The hits of an answer, with what else it says as `attrs`."""
    table = hits_table(answer["hits"])
    table.attrs = {name: answer[name] for name in ("understood", "nearest")}
    return table


def hits_table(hits: list[dict[str, Any]]) -> pd.DataFrame:
    """Hits as a table, best first, with what made them hits in one text."""
    whys = [
        ", ".join(part for part in (*hit["why"]["words"], hit["why"]["modality"]) if part) for hit in hits
    ]
    return pd.DataFrame(hits, columns=list(HIT)).assign(why=whys)
