"""Feature tables: per modality, arrays of equal length and a mask of which rows have it.

Presence is part of the type: a row whose modality is missing carries zeros and
`present = False`, and nothing downstream may read its values.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shelfspace.errors import ArtifactError
from shelfspace.files import atomic_directory, read_array, read_json, reading, write_json
from shelfspace.hashing import content_hash

__all__ = ["FeatureTable", "ModalityFeatures"]


@dataclass(frozen=True)
class ModalityFeatures:
    """One modality of n products.

    Attributes:
        values: name to array with n rows; the names an encoder reads, such as
            text: `tokens` (n, L) int32, 0 is padding; as the text encoder asks for them, `words`
                (n, W), `grams` (n, G) and `title` (n, 2) int32 (see `Featurizer.text_array`) and
                `sentence` (n, d) float32
            image: `pixels` (n, S, S, 3) uint8; optionally `frozen` (n, d) float32; with several
                photos a product (n, K, ...) each, and `photos` (n,) uint8, how many there are
            audio: `logmel` (n, T, M) float16 and `mfcc` (n, 6 * n_mfcc) float32; optionally `timbre`
                (n, k) float32 and `frozen` (n, d) float32
            tabular: `values` (n, k) float32; optionally `priced` (n, 1) float32, 1 with a price, and
                `details` (n, L) int32, hashed brand and attributes, 0 is padding
        present: (n,) bool.
    """

    values: dict[str, np.ndarray]
    present: np.ndarray

    def __len__(self) -> int:
        return len(self.present)

    def take(self, rows: np.ndarray) -> "ModalityFeatures":
        """The given rows, in the given order."""
        return ModalityFeatures({k: v[rows] for k, v in self.values.items()}, self.present[rows])

    def absent(self, rows: int) -> "ModalityFeatures":
        """So many rows of the same arrays, of products that lack the modality."""
        values = {
            name: np.zeros((rows, *array.shape[1:]), array.dtype) for name, array in self.values.items()
        }
        return ModalityFeatures(values, np.zeros(rows, dtype=bool))

    @classmethod
    def concatenate(cls, parts: Sequence["ModalityFeatures"]) -> "ModalityFeatures":
        """Parts of equal arrays, one after the other."""
        values = {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values}
        return cls(values, np.concatenate([part.present for part in parts]))

    def save(self, directory: Path) -> None:
        """Write `<name>.npy` per array, `present.npy` and `arrays.json`, atomically."""
        with atomic_directory(directory) as temporary:
            np.save(temporary / "present.npy", self.present)
            for name, array in self.values.items():
                np.save(temporary / f"{name}.npy", array)
            write_json(temporary / "arrays.json", {"arrays": sorted(self.values), "rows": len(self)})

    @classmethod
    def load(cls, directory: Path) -> "ModalityFeatures":
        """Memory-map what `save` wrote.

        Raises:
            ArtifactError: the folder is missing or its arrays disagree in length.
        """
        with reading(directory / "arrays.json", KeyError, TypeError):
            names = read_json(directory / "arrays.json")["arrays"]
        present = read_array(directory / "present.npy")
        values = {n: read_array(directory / f"{n}.npy", mmap_mode="r") for n in names}
        if any(len(v) != len(present) for v in values.values()):
            raise ArtifactError(f"features at {directory} have arrays of different lengths")
        return cls(values, present)


@dataclass(frozen=True)
class FeatureTable:
    """Aligned features of n products over any non-empty set of modalities.

    Attributes:
        product_ids: n identifiers, in row order.
        modalities: modality name to its features, each with n rows.
    """

    product_ids: tuple[str, ...]
    modalities: dict[str, ModalityFeatures]

    def __post_init__(self) -> None:
        for name, features in self.modalities.items():
            if len(features) != len(self.product_ids):
                raise ArtifactError(f"{name} has {len(features)} rows for {len(self.product_ids)} products")

    def __len__(self) -> int:
        return len(self.product_ids)

    def take(self, rows: Sequence[int] | np.ndarray) -> "FeatureTable":
        """The given rows, in the given order."""
        index = np.asarray(rows, dtype=np.int64)
        ids = tuple(self.product_ids[i] for i in index)
        return FeatureTable(ids, {k: v.take(index) for k, v in self.modalities.items()})

    def only(self, names: Sequence[str]) -> "FeatureTable":
        """The same products with every other modality marked absent."""
        hidden = {
            k: v if k in names else replace(v, present=np.zeros_like(v.present))
            for k, v in self.modalities.items()
        }
        return FeatureTable(self.product_ids, hidden)

    @classmethod
    def concatenate(cls, tables: Sequence["FeatureTable"]) -> "FeatureTable":
        """Tables one after the other; what one lacks is absent in its rows. A single one stays as it is."""
        if len(tables) == 1:
            return tables[0]
        like = {name: part for table in tables for name, part in table.modalities.items()}
        parts = {
            name: ModalityFeatures.concatenate(
                [t.modalities[name] if name in t.modalities else part.absent(len(t)) for t in tables]
            )
            for name, part in like.items()
        }
        return cls(tuple(i for t in tables for i in t.product_ids), parts)

    def content(self) -> str:
        """Hash of ids, presence and every array."""
        parts: list[str | bytes] = [*self.product_ids]
        for name, part in self.modalities.items():
            parts += [name, part.present.tobytes()]
            for key, array in part.values.items():
                parts += [key, str((array.dtype, array.shape))]
                # Block by block: a memory-mapped table is larger than memory.
                blocks = (array[i : i + 4096] for i in range(0, len(array), 4096))
                parts += [content_hash(np.ascontiguousarray(block).tobytes()) for block in blocks]
        return content_hash(*parts)

    def present(self) -> np.ndarray:
        """(n, m) bool, columns in the order of `modalities`."""
        return np.stack([v.present for v in self.modalities.values()], axis=1)
