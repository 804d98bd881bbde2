"""What the champion says of products, row by row: by it new data is looked at (`releases.look`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from releases.look.looked import LEAST
from shelfspace.files import (
    atomic_directory,
    check_sealed_folder,
    read_array,
    read_parquet,
    seal_folder,
    write_table,
)
from shelfspace.hashing import lowest_hashes
from shelfspace.workspace import Workspace

if TYPE_CHECKING:
    from models.features.catalogue import Catalogue
    from models.inference.product_encoder import ProductEncoder

__all__ = ["Evidence", "evidence_of", "keep_evidence", "kept_evidence", "reads"]

HOLDOUT = 500
"""Products of the holdout that are kept, those with the lowest hashes of their ids."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a model says of n products.

    Attributes:
        table: product_id, label ("" where unknown), named (the label that the model gives; "" where it knows
            none or the product has nothing that it reads), sure (its probability), text_hash and image_hash
            (content, "" where absent), language (of the text; not there where an earlier version kept it).
        photo, text: (n, d) float32 vectors of the product seen by its photo and by its text alone, zero
            where it has none.
        labels: categories that the model knows.
    """

    table: pd.DataFrame
    photo: np.ndarray
    text: np.ndarray
    labels: tuple[str, ...]

    @property
    def pairs(self) -> np.ndarray:
        """(n,) bool: products with a photo and a text."""
        return np.asarray(self.photo.any(axis=1) & self.text.any(axis=1))

    def take(self, rows: np.ndarray) -> Self:
        """Some rows."""
        table = self.table.iloc[rows].reset_index(drop=True)
        return type(self)(table, self.photo[rows], self.text[rows], self.labels)

    def save(self, folder: Path) -> None:
        """Write the folder, whole or not at all."""
        with atomic_directory(folder) as temporary:
            write_table(temporary / "products.parquet", self.table)
            write_table(
                temporary / "labels.parquet", pd.DataFrame({"label": list(self.labels)}, dtype=object)
            )
            np.save(temporary / "photo.npy", self.photo.astype(np.float16))
            np.save(temporary / "text.npy", self.text.astype(np.float16))
            seal_folder(temporary)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a folder that `save` wrote.

        Raises:
            ArtifactError: a file is missing or damaged.
        """
        check_sealed_folder(folder)
        photo, text = (read_array(folder / f"{name}.npy").astype(np.float32) for name in ("photo", "text"))
        labels = tuple(read_parquet(folder / "labels.parquet")["label"])
        return cls(read_parquet(folder / "products.parquet"), photo, text, labels)


def reads(table: pd.DataFrame, own: pd.DataFrame) -> np.ndarray:
    """(n,) bool: products of a delivery whose language is one that the holdout has; all where none is known.

    Args:
        table, own: of the delivery's evidence, and of the holdout's.
    """
    if "language" not in own or "language" not in table:
        return np.ones(len(table), bool)
    spoken = own["language"].value_counts()
    return np.asarray(table["language"].isin(spoken.index[spoken >= LEAST]))


def evidence_of(encoder: "ProductEncoder", catalogue: "Catalogue", level: int) -> Evidence:
    """What an encoder says of all products of a catalogue; features that are stored are not computed again.

    Args:
        level: category nodes that make a label; 0 for none.
    """
    from models.features.catalogue import features_for, label_names_of
    from models.inference.by_modality import vectors_alone

    features = features_for(encoder, catalogue)
    n, known = len(features), np.array(encoder.labels, dtype=object)
    named, sure = np.full(n, "", dtype=object), np.zeros(n)
    there = np.flatnonzero(features.present().any(axis=1))
    if len(there) and len(known) > 1:
        said = encoder.classify_features(features.take(there))
        named[there], sure[there] = known[said.argmax(axis=1)], said.max(axis=1)
    table = pd.DataFrame(
        {
            "product_id": list(features.product_ids),
            "label": label_names_of(catalogue.products, level),
            "named": named,
            "sure": sure,
            "text_hash": catalogue.texts["text_hash"].to_numpy(),
            "image_hash": catalogue.texts["image_hash"].to_numpy(),
            "language": catalogue.texts["language"].to_numpy(),
        }
    )
    alone = vectors_alone(encoder, features, ("text", "image"))
    none = np.zeros((n, encoder.dim), np.float32)
    photo, text = (alone.get(name, none).astype(np.float32) for name in ("image", "text"))
    return Evidence(table, photo, text, tuple(encoder.labels))


def kept_evidence(workspace: Workspace, champion: str) -> Path:
    """Where a champion's evidence of its holdout is kept.

    Args:
        champion: its fingerprint.
    """
    return workspace.state / "look" / champion


def keep_evidence(
    folder: Path, encoder: "ProductEncoder", catalogue: "Catalogue", sides: pd.Series, level: int
) -> Evidence:
    """A champion's evidence of its holdout as it was when it was first asked for; made then, and kept.

    Args:
        folder: `kept_evidence`.
        encoder: the champion.
        catalogue: all products as they are.
        sides: side by product id.
        level: see `evidence_of`.

    Raises:
        ArtifactError: what is kept is damaged.
    """
    if folder.is_dir():
        return Evidence.load(folder)
    ids = catalogue.products["product_id"]
    chosen = lowest_hashes(ids[ids.map(sides) == "test"], HOLDOUT)
    found = evidence_of(encoder, catalogue.take(np.flatnonzero(ids.isin(chosen))), level)
    found.save(folder)
    return found
