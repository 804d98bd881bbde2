"""The look at new data (`releases.look`) as collection takes it: raw rows of a delivery, before they are
written, against the champion of the workspace."""

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

__all__ = ["DeliveryLook", "last_looks"]

READ = ["title", "description", "brand", "attributes", "category", "photos"]
"""What the look is about; a price may change without one."""
MOST = 400
"""Products of one delivery that are looked at, those with the lowest hashes of their ids."""


class DeliveryLook:
    """Says of a delivery why it is to be held; see `catalog.snapshot.write.Look`.

    The champion's judgement of its holdout is kept the first time it is asked for, before anything new is
    written: what later deliveries make of those products does not change it.

    Attributes:
        looks: what was looked at so far.
    """

    def __init__(self, workspace: Workspace, source: CatalogSource, settings: Settings) -> None:
        self._workspace, self._source, self._settings = workspace, source, settings
        self.looks: list[Looked] = []

    def __call__(self, name: str, before: pd.DataFrame, after: pd.DataFrame, media: ComingMedia) -> str:
        """Why it is held; "" where nothing speaks against it."""
        # Under rows that stay as they are it is their photos that come anew.
        new = after if before is after else after[~_said(after).isin(_said(before))]
        if new.empty or not self._settings.collection.look:
            return ""
        looked = self._looked(name, before, after, new, media)
        self.looks.append(looked)
        return looked.sentence

    def save(self) -> None:
        """Write what was looked at where `last_looks` finds it."""
        write_json(_file(self._workspace), [looked.to_dict() for looked in self.looks])

    def _looked(
        self, name: str, before: pd.DataFrame, after: pd.DataFrame, new: pd.DataFrame, media: ComingMedia
    ) -> Looked:
        if champion(self._workspace) is None:
            return Looked(name, len(new), notes=["nothing is judged: there is no champion yet"])
        if len(new) < LEAST:
            said = f"nothing is judged: {len(new)} new or changed products, {LEAST} are needed"
            return Looked(name, len(new), notes=[said])
        try:
            reference = self._reference(media.stored)
        except ArtifactError as error:
            return Looked(name, len(new), notes=[f"nothing is judged: {error}"])
        ids = lowest_hashes(stripped(new["product_id"]), MOST)
        coming = self._clean(new[stripped(new["product_id"]).isin(ids)], media)
        there = self._clean(before[stripped(before["product_id"]).isin(ids)], media.stored)
        was = self._contents(there).set_index("product_id")
        coming = coming.take(changed_rows(self._contents(coming), was).nonzero()[0])
        if len(coming.products) < LEAST:
            said = f"nothing is judged: {len(coming.products)} new or changed products, {LEAST} are needed"
            return Looked(name, len(coming.products), notes=[said])
        fresh = evidence_of(self._encoder, coming, self._source.label_level)
        return look(name, fresh, reference, was, self._labels_left(after))

    def _clean(self, raw: pd.DataFrame, media: MediaStore) -> "Catalogue":
        from models.features.catalogue import Catalogue

        separator, settings = self._source.photo_separator, self._settings
        findings = probe_catalogue(media, raw, separator, settings.media)
        products = clean_products(raw, self._source, settings, findings).clean.reset_index(drop=True)
        return Catalogue.read(products, media, self._workspace.state, settings)

    def _contents(self, catalogue: "Catalogue") -> pd.DataFrame:
        from models.features.catalogue import label_names_of

        labels = label_names_of(catalogue.products, self._source.label_level)
        return catalogue.texts[["product_id", "text_hash", "image_hash"]].assign(label=labels)

    def _labels_left(self, after: pd.DataFrame) -> set[str]:
        """Labels that products have that the delivery does not touch, or has after it."""
        from models.features.catalogue import label_names_of

        products = self._products
        others = products[~products["product_id"].isin(stripped(after["product_id"]))]
        paths = [category_path(cell, self._source.category_separator) for cell in after["category"].unique()]
        both = pd.DataFrame({"category": [*others["category"], *paths]})
        return set(label_names_of(both, self._source.label_level))

    @cached_property
    def _encoder(self) -> "ProductEncoder":
        from models.inference.product_encoder import ProductEncoder

        return ProductEncoder.load(champion_model(self._workspace), self._settings.features.device)

    @cached_property
    def _products(self) -> pd.DataFrame:
        return read_parquet(self._workspace.prepared / "catalogue" / "products.parquet")

    def _reference(self, media: MediaStore) -> Evidence:
        """The champion's evidence of its holdout, as it was when it was first asked for.

        Raises:
            ArtifactError: what it is made of is not there or damaged.
        """
        from models.features.catalogue import Catalogue

        folder = kept_evidence(self._workspace, champion_model(self._workspace).name)
        if folder.is_dir():
            return Evidence.load(folder)
        sides = read_parquet(self._workspace.state / "splits.parquet").set_index("product_id")["split"]
        ids = self._products["product_id"]
        products = self._products[ids.map(sides).to_numpy() == "test"].reset_index(drop=True)
        catalogue = Catalogue.read(products, media, self._workspace.state, self._settings)
        return keep_evidence(folder, self._encoder, catalogue, sides, self._source.label_level)


def last_looks(workspace: Workspace) -> list[Looked]:
    """What the last collection looked at; nothing where none has."""
    path = _file(workspace)
    return [Looked(**kept) for kept in read_json(path)] if path.exists() else []


def _file(workspace: Workspace) -> Path:
    return workspace.state / "look" / "last.json"


def _said(rows: pd.DataFrame) -> pd.Series:
    """uint64 hash of what a row says of a product's looks and category."""
    return pd.util.hash_pandas_object(rows[["product_id", *READ]], index=False)
