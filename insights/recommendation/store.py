"""What is kept of an application's run, as files without anything executable.

    products.parquet     figures of the products, by product_id
    shoppers.parquet     shoppers' pseudonyms and orders
    pairs.npz            what each shopper bought: the arrays of `Histories`
    near.npz             co-purchases within orders and by shoppers
    ranker.txt           LightGBM's text; absent where nothing learned is used; newcomers.txt likewise
    verdict.json         who ranks, by what right, and the moment it is all of

Product vectors are not kept: they are those of the release, by product_id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from insights.recommendation.history import Histories
from insights.recommendation.knowledge import Knowledge
from insights.recommendation.newcomers import FEATURES as OF_NEWCOMERS
from insights.recommendation.ranker import Ranker
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet, reading, write_json, write_table, write_text

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["FORM", "Kept", "load", "save"]

FORM = 2
"""Of the files; another is refused."""
OF_PRODUCTS = (
    "interval", "repeat", "buyers", "lines", "age", "seen", "fresh", "week", "fortnight", "month", "quarter",
    "month_before", "log_price", "pieces",
)  # fmt: skip
OF_SHOPPERS = ("orders", "last_order", "first_order")
OF_PAIRS = (
    "indptr", "product", "count", "last", "first", "slow", "quick", "recent", "lately", "skipped", "since",
    "pieces", "pieces_last",
)  # fmt: skip
REMEDY = "run the insights job, and a new release after it"


@dataclass(frozen=True)
class Kept:
    """What a folder holds.

    Attributes:
        product_ids: (n,) in the order of the knowledge.
        shoppers: pseudonym to row in the histories.
        ranker, newcomers: None where nothing learned is used.
    """

    product_ids: np.ndarray
    shoppers: Mapping[str, int]
    known: Knowledge
    ranker: Ranker | None
    verdict: Mapping[str, Any]
    newcomers: Ranker | None = None


def save(
    folder: Path,
    product_ids: Sequence[str],
    shoppers: Sequence[str],
    known: Knowledge,
    ranker: Ranker | None,
    verdict: Mapping[str, Any],
    newcomers: Ranker | None = None,
) -> None:
    """Write the files into an empty folder."""
    of = known.histories
    products = {"product_id": list(product_ids), **{name: getattr(known, name) for name in OF_PRODUCTS}}
    write_table(folder / "products.parquet", pd.DataFrame(products))
    people = {"user_id": list(shoppers), **{name: getattr(of, name) for name in OF_SHOPPERS}}
    write_table(folder / "shoppers.parquet", pd.DataFrame(people))
    _write_npz(folder / "pairs.npz", {name: _narrow(getattr(of, name)) for name in OF_PAIRS})
    near = {name: _arrays(name, getattr(known, name)) for name in ("baskets", "shoppers")}
    _write_npz(folder / "near.npz", {**near["baskets"], **near["shoppers"]})
    if ranker is not None:
        write_text(folder / "ranker.txt", ranker.text())
    if newcomers is not None:
        write_text(folder / "newcomers.txt", newcomers.text())
    write_json(folder / "verdict.json", {"form": FORM, "moment": known.moment, **verdict})


def load(folder: Path, vectors: np.ndarray, rows: Mapping[str, int]) -> Kept:
    """Read a folder.

    Args:
        vectors: (m, d) float32 of a release.
        rows: product id to row of `vectors`; a product without a row has no vector.

    Raises:
        ArtifactError: a file is missing, damaged, or of another form.
    """
    verdict = read_json(folder / "verdict.json")
    if verdict.get("form") != FORM:
        raise ArtifactError(
            f"recommendations of form {verdict.get('form')} are not read by this code; {REMEDY}"
        )
    products = read_parquet(folder / "products.parquet")
    people = read_parquet(folder / "shoppers.parquet")
    pairs, near = _read_npz(folder / "pairs.npz"), _read_npz(folder / "near.npz")
    ids = products["product_id"].to_numpy(dtype=object)
    n = len(ids)
    with reading(folder / "pairs.npz", KeyError):
        values = {name: _wide(pairs[name]) for name in OF_PAIRS}
        of = Histories(n, **values, **{name: people[name].to_numpy() for name in OF_SHOPPERS})
    with reading(folder / "near.npz", KeyError):
        baskets, shoppers = (_matrix(name, near, n) for name in ("baskets", "shoppers"))
    own = np.zeros((n, vectors.shape[1]), np.float32)
    place = np.array([rows.get(product, -1) for product in ids], np.int64)
    own[place >= 0] = vectors[place[place >= 0]]
    figures = {name: products[name].to_numpy() for name in OF_PRODUCTS}
    text, new = folder / "ranker.txt", folder / "newcomers.txt"
    known = Knowledge(
        moment=verdict["moment"], histories=of, vectors=own, baskets=baskets, shoppers=shoppers, **figures
    )
    numbers = {str(shopper): row for row, shopper in enumerate(people["user_id"])}
    ranker = Ranker.read(text.read_text()) if text.is_file() else None
    newcomers = Ranker.read(new.read_text(), OF_NEWCOMERS) if new.is_file() else None
    return Kept(ids, numbers, known, ranker, verdict, newcomers)


def _narrow(values: np.ndarray) -> np.ndarray:
    """Half the bytes; what is counted stays exact below 2**24."""
    return values.astype(np.float32) if values.dtype.kind == "f" else values.astype(np.int32)


def _wide(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64) if values.dtype.kind == "f" else values.astype(np.int64)


def _arrays(name: str, of: "csr_matrix") -> dict[str, np.ndarray]:
    return {f"{name}_{part}": getattr(of, part) for part in ("data", "indices", "indptr")}


def _matrix(name: str, arrays: Mapping[str, np.ndarray], n: int) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    parts = tuple(arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
    return csr_matrix(parts, shape=(n, n))


def _write_npz(path: Path, arrays: dict[str, Any]) -> None:
    np.savez(path, **arrays)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    with reading(path, BadZipFile), np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
