"""The look at new data (`releases.look`) as collection takes it: raw rows of a delivery, before they are
written, against the champion of the workspace."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from catalog.cells import category_path, stripped
from catalog.cleaning import clean_products
from catalog.media import probe_catalogue
from catalog.snapshot.coming_media import ComingMedia
from catalog.snapshot.media_store import MediaStore
from catalog.sources.base import CatalogSource
from releases.champion import champion, champion_model
from releases.look import Looked, changed_rows, look
from releases.look.evidence import Evidence, evidence_of, keep_evidence, kept_evidence
from releases.look.looked import LEAST
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet, write_json
from shelfspace.hashing import lowest_hashes
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

if TYPE_CHECKING:
    from models.features.catalogue import Catalogue
    from models.inference.product_encoder import ProductEncoder

__all__ = ["READ", "DeliveryLook", "last_looks", "said"]

READ = ["title", "description", "brand", "attributes", "category", "photos"]
"""What the look is about; a price may change without one."""
MOST = 400
"""Products of one delivery that are looked at, those with the lowest hashes of their ids."""


class DeliveryLook:
    """Says of a delivery why it is to be held; see `catalog.snapshot.write.Look`.

    The champion's judgement of its holdout is kept the first time it is asked for, before anything new is
    written: what later deliveries make of those products does not change it.

    Attributes:
        workspace, source, settings: as they are given.
        looks: what was looked at so far.
    """

    def __init__(self, workspace: Workspace, source: CatalogSource, settings: Settings) -> None:
        self.workspace, self.source, self.settings = workspace, source, settings
        self.looks: list[Looked] = []

    def __call__(self, name: str, before: pd.DataFrame, after: pd.DataFrame, media: ComingMedia) -> str:
        """Why it is held; "" where nothing speaks against it."""
        # Under rows that stay as they are it is their photos that come anew.
        new = after if before is after else after[~said(after).isin(said(before))]
        if new.empty or not self.settings.collection.look:
            return ""
        looked = self._looked(name, before, after, new, media)
        self.looks.append(looked)
        return looked.sentence

    def save(self) -> None:
        """Write what was looked at where `last_looks` finds it."""
        write_json(_file(self.workspace), [looked.to_dict() for looked in self.looks])

    def _looked(
        self, name: str, before: pd.DataFrame, after: pd.DataFrame, new: pd.DataFrame, media: ComingMedia
    ) -> Looked:
        if champion(self.workspace) is None:
            return Looked(name, len(new), notes=["nothing is judged: there is no champion yet"])
        if len(new) < LEAST:
            return Looked(name, len(new), notes=[_too_few(len(new))])
        try:
            reference = self.reference(media.stored)
        except ArtifactError as error:
            return Looked(name, len(new), notes=[f"nothing is judged: {error}"])
        ids = lowest_hashes(stripped(new["product_id"]), MOST)
        coming = self.cleaned(new[stripped(new["product_id"]).isin(ids)], media)
        there = self.cleaned(before[stripped(before["product_id"]).isin(ids)], media.stored)
        was = self.contents(there).set_index("product_id")
        coming = coming.take(changed_rows(self.contents(coming), was).nonzero()[0])
        if len(coming.products) < LEAST:
            return Looked(name, len(coming.products), notes=[_too_few(len(coming.products))])
        return look(name, self.evidence(coming), reference, was, self._labels_left(after))

    def cleaned(self, raw: pd.DataFrame, media: MediaStore) -> "Catalogue":
        """Raw rows as the chain cleans them."""
        from models.features.catalogue import Catalogue

        separator, settings = self.source.photo_separator, self.settings
        findings = probe_catalogue(media, raw, separator, settings.media)
        products = clean_products(raw, self.source, settings, findings).clean.reset_index(drop=True)
        return Catalogue.read(products, media, self.workspace.state, settings)

    def evidence(self, catalogue: "Catalogue") -> Evidence:
        """The champion's evidence of products."""
        return evidence_of(self.encoder, catalogue, self.source.label_level)

    def contents(self, catalogue: "Catalogue") -> pd.DataFrame:
        """product_id, label, text_hash and image_hash of products."""
        from models.features.catalogue import label_names_of

        labels = label_names_of(catalogue.products, self.source.label_level)
        return catalogue.texts[["product_id", "text_hash", "image_hash"]].assign(label=labels)

    def labels(self, raw: pd.DataFrame, cleaned: Iterable[Sequence[str]] = ()) -> set[str]:
        """Labels of raw rows, and of paths as they are cleaned."""
        from models.features.catalogue import label_names_of

        paths = [category_path(cell, self.source.category_separator) for cell in raw["category"].unique()]
        both = pd.DataFrame({"category": [*cleaned, *paths]})
        return set(label_names_of(both, self.source.label_level))

    def _labels_left(self, after: pd.DataFrame) -> set[str]:
        """Labels that products have that the delivery does not touch, or has after it."""
        products = self._products
        others = products[~products["product_id"].isin(stripped(after["product_id"]))]
        return self.labels(after, others["category"])

    @cached_property
    def encoder(self) -> "ProductEncoder":
        """The champion."""
        from models.inference.product_encoder import ProductEncoder

        return ProductEncoder.load(champion_model(self.workspace), self.settings.features.device)

    @cached_property
    def _products(self) -> pd.DataFrame:
        return read_parquet(self.workspace.prepared / "catalogue" / "products.parquet")

    def reference(self, media: MediaStore) -> Evidence:
        """The champion's evidence of its holdout, as it was when it was first asked for.

        Raises:
            ArtifactError: what it is made of is not there or damaged.
        """
        from models.features.catalogue import Catalogue

        folder = kept_evidence(self.workspace, champion_model(self.workspace).name)
        if folder.is_dir():
            return Evidence.load(folder)
        sides = read_parquet(self.workspace.state / "splits.parquet").set_index("product_id")["split"]
        ids = self._products["product_id"]
        products = self._products[ids.map(sides).to_numpy() == "test"].reset_index(drop=True)
        catalogue = Catalogue.read(products, media, self.workspace.state, self.settings)
        return keep_evidence(folder, self.encoder, catalogue, sides, self.source.label_level)


def last_looks(workspace: Workspace) -> list[Looked]:
    """What the last collection looked at; nothing where none has."""
    path = _file(workspace)
    return [Looked(**kept) for kept in read_json(path)] if path.exists() else []


def _too_few(products: int) -> str:
    return f"nothing is judged: {products} new or changed products, {LEAST} are needed"


def _file(workspace: Workspace) -> Path:
    return workspace.state / "look" / "last.json"


def said(rows: pd.DataFrame) -> pd.Series:
    """(n,) uint64 hash of what a row says of a product's looks and category."""
    return pd.util.hash_pandas_object(rows[["product_id", *READ]], index=False)
