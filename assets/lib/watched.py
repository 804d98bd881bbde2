"""The catalogue as drift sees it, gathered from what the assets have left; at promotion and at each check."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from assets.lib.record import read_record
from assets.lib.shop import FOLDERS, Shop
from shelfspace.files import check_sealed_folder, read_array, read_parquet

__all__ = ["Watched", "described_catalogue", "kept_catalogue", "learned_ids", "own_vectors", "there"]


@dataclass(frozen=True, eq=False)
class Watched:
    """A catalogue as drift sees it: `described` rows and, of the same rows, name to (n, d) vectors of what
    modalities say before any training, and of what the champion says."""

    described: pd.DataFrame
    own: Mapping[str, np.ndarray]
    fused: Mapping[str, np.ndarray]


def there(shop: Shop, assets: Iterable[str]) -> list[str]:
    """Those assets that were ever computed: an older workspace lacks some until its next run."""
    return [asset for asset in assets if read_record(shop.workspace.root / FOLDERS[asset]) is not None]


def described_catalogue(shop: Shop, learned: set[str]) -> pd.DataFrame:
    """`data_checks.drift.described.described` of the products that have a vector, in the vectors' order.

    Args:
        learned: products that the champion learned from.
    """
    from data_checks.drift.described import described

    return described(
        shop.embedded_products(),
        read_parquet(shop.folder("media_findings") / "findings.parquet"),
        shop.table("quarantine"),
        read_parquet(shop.folder("product_embeddings") / "embedded.parquet"),
        learned,
        shop.source.label_level,
    )


def learned_ids(shop: Shop) -> set[str]:
    """Products that a training under the present split learns from, or is steered by."""
    sides = shop.split()["split"]
    return set(sides.index[sides.ne("test")])


def own_vectors(shop: Shop) -> dict[str, np.ndarray]:
    """Name to (n, d) of what modalities say before any training, projected; the rows of the embeddings."""
    from data_checks.drift.described import projected

    if not there(shop, ["modality_vectors"]):
        return {}
    folder = shop.folder("modality_vectors") / "own"
    return projected({path.stem: read_array(path) for path in sorted(folder.glob("*.npy"))})


def kept_catalogue(folder: Path, level: int) -> Watched:
    """The catalogue as it was kept when the champion's first release was written.

    One that an earlier version kept says nothing of media, nor of what the champion named.

    Args:
        folder: the champion's reference.
        level: category nodes of a label.

    Raises:
        ArtifactError: a file in it is damaged or missing.
    """
    from data_checks.drift.described import described, projected

    check_sealed_folder(folder)
    fused = projected({"fused": read_array(folder / "embeddings.npy")})
    if (folder / "described.parquet").exists():
        own = {path.stem.removeprefix("own-"): read_array(path) for path in sorted(folder.glob("own-*.npy"))}
        return Watched(read_parquet(folder / "described.parquet"), own, fused)
    products = read_parquet(folder / "products.parquet")
    nothing = pd.DataFrame(
        {name: pd.Series(dtype=object) for name in ("key", "ok", "look", "table", "scope")}
    )
    nothing = nothing.assign(id="", width=0, height=0, seconds=0.0)
    made = described(products, nothing, nothing, nothing, set(), level)
    return Watched(made.drop(columns=["files", "learned"]), {}, fused)
