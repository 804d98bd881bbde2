"""Which split stands: the frozen one with what is new, or, while no champion rests on it, one made anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from catalog.splits import Split, divide
from shelfspace.files import read_parquet, write_table
from shelfspace.settings import Settings

__all__ = ["Frozen", "freeze_split"]


@dataclass(frozen=True)
class Frozen:
    """A split as it stands.

    Attributes:
        split: every product's side, and how it came about.
        before: what it was made from; None where nothing was frozen, or that was given up.
        passed: whether it passed its check, and so is frozen.
        anew: whether a frozen one was given up for it, since that failed its check.
        lost: whether a champion was trained on one that is nowhere any more.
    """

    split: Split
    before: pd.DataFrame | None
    passed: bool
    anew: bool = False
    lost: bool = False

    @property
    def said(self) -> str:
        """Whether it is frozen, in words."""
        if not self.passed:
            return "no: it failed its check"
        if not self.anew:
            return "yes"
        return "yes, made anew: the one of before failed its check, and no champion was trained on it"

    def kept(self, products: pd.DataFrame) -> int:
        """How many products had a side before."""
        return 0 if self.before is None else int(products["product_id"].isin(self.before["product_id"]).sum())

    def unmoved(self, own: Mapping[str, str]) -> int:
        """How many products of the shop's own split stay where the champion knows them, on another side."""
        known = {} if self.before is None else self.before.set_index("product_id")["split"].to_dict()
        return sum(known.get(one, side) != side for one, side in own.items())


def freeze_split(
    products: pd.DataFrame,
    digests: Mapping[str, str],
    settings: Settings,
    level: int,
    own: Mapping[str, str],
    file: Path,
    crowned: bool,
    copy: Path,
) -> Frozen:
    """Divide the products, and freeze what passes its check; a split that fails it is never written.

    Args:
        products: clean products.
        digests: media key to digest of each photo.
        level: category nodes that make a class.
        own: product to side by the shop's own split.
        file: of the frozen split; product_id, group, split.
        crowned: whether a champion was trained on it: then no product ever moves.
        copy: of the split as it was prepared last, which stands in where a champion's frozen one is gone.
    """
    from data_checks.checks.splits import no_leak

    kept = copy if crowned and not file.exists() else file
    before = read_parquet(kept) if kept.exists() else None
    if before is not None and not crowned:
        # Before a first champion the shop's own split may still change.
        before = before[~before["product_id"].isin(own.keys())]
    split, anew = divide(products, digests, settings, before, level, own), False
    passed = no_leak(split.table, products).passed
    if not passed and before is not None and not crowned:
        # No model rests on it: nothing is lost where products change sides.
        before, anew = None, True
        split = divide(products, digests, settings, None, level, own)
        passed = no_leak(split.table, products).passed
    if passed:
        write_table(file, split.table)
    return Frozen(split, before, passed, anew, lost=crowned and before is None)
