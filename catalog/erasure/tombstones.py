"""Tombstones: what keeps an erased product or shopper from coming back, without saying who it was.

Each is a keyed hash of an id, in `state/erasure/tombstones.json`. The key lies apart in a private file:
without it nobody can try ids against the hashes. For a shopper what is hashed is the pseudonym that
tables hold, which is a keyed hash itself.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from catalog.cells import ids as composed
from shelfspace.errors import ArtifactError
from shelfspace.files import read_artifact, write_sealed_json
from shelfspace.secret_file import make_secret, read_secret

__all__ = ["FILE", "FOLDER", "KEY", "NOTHING_ERASED", "Kind", "Tombstone", "Tombstones"]

Kind = Literal["product", "shopper"]
FOLDER, FILE = "erasure", "tombstones.json"
KEY = "erasure.key"
"""Beside `user.key`, in the state folder; both are in a backup."""

PRODUCTS = ("product_id", "other_id", "through_id")
SHOPPERS = ("user_id",)
"""Columns of any table that name products, or hold the pseudonyms of shoppers."""


@dataclass(frozen=True)
class Tombstone:
    """That something was erased.

    Attributes:
        kind: product or shopper.
        mark: keyed hash of its id, 32 hexadecimal digits.
        when: ISO 8601 in UTC.
        why: as the person gave it; never the id.
    """

    kind: Kind
    mark: str
    when: str
    why: str = ""


class Tombstones:
    """All tombstones of a workspace, as they were when it was opened; what is added is on the disk at once.

    Attributes:
        state: the workspace's state folder.
        key: 32 random bytes; b"" before the first tombstone.
        stones: by kind and mark.
    """

    def __init__(self, state: Path, key: bytes, stones: Mapping[tuple[Kind, str], Tombstone]) -> None:
        self.state = state
        self.key = key
        self.stones = dict(stones)

    @classmethod
    def open(cls, state: Path) -> "Tombstones":
        """The tombstones in a workspace's state folder; none where nothing was ever erased.

        Raises:
            ArtifactError: the file is damaged, or its key is missing or damaged: what was erased could come
                back unseen.
        """
        path = state / FOLDER / FILE
        if not path.exists():
            return cls(state, _key(state) if (state / KEY).exists() else b"", {})
        kept = read_artifact(path, "the tombstones", _stones)
        return cls(state, _key(state), {(one.kind, one.mark): one for one in kept})

    def add(self, kind: Kind, one: str, when: str, why: str = "") -> Tombstone:
        """Put a tombstone up, on the disk when this returns; one that stands already stays as it is.

        Args:
            kind: product or shopper.
            one: the product's id, or the shopper's pseudonym.
            when: ISO 8601 in UTC.
            why: for the record.
        """
        if (stands := self.of(kind, one)) is not None:
            return stands
        self.key = self.key or make_secret(self.state / KEY)
        stone = Tombstone(kind, _mark(kind, _plain(one), self.key), when, why)
        self.stones[kind, stone.mark] = stone
        self._write()
        return stone

    def remove(self, kind: Kind, one: str) -> Tombstone | None:
        """Take a tombstone away, so that the product or shopper may come again; None where none stands."""
        stone = self.of(kind, one)
        if stone is not None:
            del self.stones[kind, stone.mark]
            self._write()
        return stone

    def of(self, kind: Kind, one: str) -> Tombstone | None:
        """The tombstone of a product's id or a shopper's pseudonym; None where none stands."""
        return self.stones.get((kind, _mark(kind, _plain(one), self.key))) if self.stones else None

    def erased_products(self, ids: pd.Series) -> np.ndarray:
        """(n,) bool: the product was erased. Each distinct id is hashed once."""
        return self._erased("product", ids)

    def erased_shoppers(self, pseudonyms: pd.Series) -> np.ndarray:
        """(n,) bool: the shopper was erased; an event without one never is."""
        return self._erased("shopper", pseudonyms)

    def rows(self, table: pd.DataFrame) -> np.ndarray:
        """(n,) bool: rows of any table that name an erased product or shopper."""
        gone = np.zeros(len(table), bool)
        for name in PRODUCTS:
            if name in table:
                gone |= self.erased_products(table[name])
        for name in SHOPPERS:
            if name in table:
                gone |= self.erased_shoppers(table[name])
        return gone

    def renamed(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table whose groups bear the name of no erased product: a keyed hash stands for it, which keeps
        together whoever is left of the group."""
        if "group_id" not in table:
            return table
        groups = table["group_id"]
        named = self.erased_products(groups)
        if not named.any():
            return table
        marks = groups[named].map(lambda one: f"group-{_mark('product', _plain(one), self.key)}")
        return table.assign(group_id=groups.where(~named, marks))

    def count(self, kind: Kind | None = None) -> int:
        """How many stand."""
        return sum(kind in (None, one) for one, _ in self.stones)

    def _erased(self, kind: Kind, values: pd.Series) -> np.ndarray:
        if not self.count(kind):
            return np.zeros(len(values), bool)
        texts = composed(values.fillna("").astype(str).astype(object))
        gone = {one for one in texts.unique() if one and (kind, _mark(kind, one, self.key)) in self.stones}
        return texts.isin(gone).to_numpy(bool)

    def _write(self) -> None:
        ordered = sorted(self.stones.values(), key=lambda stone: (stone.when, stone.kind, stone.mark))
        write_sealed_json(self.state / FOLDER / FILE, {"stones": [asdict(stone) for stone in ordered]})


NOTHING_ERASED = Tombstones(Path(), b"", {})


def _stones(stored: dict[str, Any]) -> list[Tombstone]:
    return [Tombstone(**one) for one in stored["stones"]]


def _plain(one: str) -> str:
    return str(composed(pd.Series([one], dtype=object))[0])


def _mark(kind: Kind, one: str, key: bytes) -> str:
    return hashlib.blake2b(one.encode(), key=key, person=kind.encode(), digest_size=16).hexdigest()


def _key(state: Path) -> bytes:
    key = read_secret(state / KEY)
    if key is None:
        raise ArtifactError(
            f"the key of the tombstones {state / KEY} is missing or damaged; restore it from a backup: "
            "without it what was erased would come back"
        )
    return key
