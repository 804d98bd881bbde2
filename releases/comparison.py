"""Whether a release that was built again is the one it was built after: file by file, vector by vector."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from releases.release import Release
from releases.write import NOT_CONTENT

__all__ = ["TOLERANCE", "Comparison", "compare_releases"]

TOLERANCE = 1e-4
"""How far a number of a vector of length one may be off where processor or threads differ: what the order of
additions makes of 32-bit numbers over one training."""
NEIGHBOURS = 10
ASKED = 2000
"""Products whose neighbours are compared, spread over the catalogue."""


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes:
        release, rebuilt: their ids.
        products: how many both have.
        erased: products that were erased since the release was first made: those that it was made again
            without, and those that are in no copy that can be had.
        missing, added: further products that only the release has, and only what was built again.
        same_content: whether both are the same release: equal content hashes.
        model_identical: whether all files of the model are equal bit by bit.
        embeddings_identical: whether the vectors of all products that both have are.
        largest_difference: between two numbers of a product's vectors; NaN where their lengths differ.
        least_cosine: between a product's vectors; NaN likewise.
        same_neighbours: share of the 10 nearest products that are the same.
        differing: names of the files that differ, those of one release alone included.
        files: how many files were compared.
    """

    release: str
    rebuilt: str
    products: int
    erased: int
    missing: int
    added: int
    same_content: bool
    model_identical: bool
    embeddings_identical: bool
    largest_difference: float
    least_cosine: float
    same_neighbours: float
    differing: tuple[str, ...]
    files: int

    @property
    def within_tolerance(self) -> bool:
        """Whether each vector is what it was, bit by bit or as closely as `TOLERANCE` says."""
        return self.missing == self.added == 0 and self.largest_difference <= TOLERANCE

    @property
    def verdict(self) -> str:
        """In one sentence."""
        rest = f"; it differs by {self.erased:,} erased rows" if self.erased else ""
        if self.missing or self.added:
            apart = (
                f"{self.missing:,} products are missing, and {self.added:,} are there that it did not have"
            )
            return f"not reproduced: {apart}{rest}"
        if self.embeddings_identical:
            return f"reproduced: the vectors of {self.products:,} products are equal bit by bit{rest}"
        if self.within_tolerance:
            return (
                f"reproduced within tolerance: no number of a vector is off by more than "
                f"{self.largest_difference:.1e} (allowed {TOLERANCE:g}){rest}"
            )
        return (
            f"not reproduced: a number of a vector is off by {self.largest_difference:.1e} "
            f"(allowed {TOLERANCE:g}); {self.same_neighbours:.1%} of the nearest products are the same{rest}"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; figures that could not be had are None."""
        said = {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(self).items()}
        return {**said, "differing": list(self.differing), "verdict": self.verdict}


def compare_releases(
    release: Release, rebuilt: Release, is_erased: Callable[[str], bool] = lambda _product: False
) -> Comparison:
    """Hold a release against one built again from the same bytes.

    Args:
        is_erased: whether a product was erased since the release was made: counted, and left out, also
            where a copy still had it.
    """
    ours, theirs = release.rows, rebuilt.rows
    erased = {product for product in release.product_ids if is_erased(product)}
    left = [product for product in release.product_ids if product not in erased]
    both = [product for product in left if product in theirs]
    missing = len(left) - len(both)
    before = release.embeddings[[ours[product] for product in both]]
    after = rebuilt.embeddings[[theirs[product] for product in both]]
    files, others = _content(release), _content(rebuilt)
    differing = sorted(name for name in files.keys() | others.keys() if files.get(name) != others.get(name))
    alike = before.shape == after.shape
    return Comparison(
        release.id,
        rebuilt.id,
        products=len(both),
        erased=len(erased) + release.provenance.get("erased_rows", 0),
        missing=missing,
        added=sum(product not in ours and not is_erased(product) for product in theirs),
        same_content=release.manifest["content"] == rebuilt.manifest["content"],
        model_identical=not any(name.startswith("model/") for name in differing),
        embeddings_identical=alike and before.tobytes() == after.tobytes(),
        largest_difference=float(np.abs(before - after).max(initial=0.0)) if alike else float("nan"),
        least_cosine=float((before * after).sum(axis=1).min(initial=1.0)) if alike else float("nan"),
        same_neighbours=_same_neighbours(before, after),
        differing=tuple(differing),
        files=len(files.keys() | others.keys()),
    )


def _content(release: Release) -> dict[str, str]:
    """Files that make a release what it is, and its card, without what times and manifests say."""
    without = NOT_CONTENT - {"model_card.md"}
    return {name: digest for name, digest in release.manifest["files"].items() if name not in without}


def _same_neighbours(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the nearest others that are the same, of up to `ASKED` products."""
    if len(before) < 2:
        return 1.0
    asked = np.unique(np.linspace(0, len(before) - 1, min(ASKED, len(before))).astype(int))
    k = min(NEIGHBOURS, len(before) - 1)
    found = []
    for vectors in (before, after):
        scores = vectors[asked] @ vectors.T
        scores[np.arange(len(asked)), asked] = -np.inf
        found.append(np.argpartition(-scores, k - 1, axis=1)[:, :k])
    same = [len(set(a) & set(b)) for a, b in zip(*found, strict=True)]
    return float(np.mean(same) / k)
