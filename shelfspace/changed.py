"""How much of a catalogue has changed since something was made of it."""

from dataclasses import dataclass

import pandas as pd

__all__ = ["Changed", "changed_since"]


@dataclass(frozen=True)
class Changed:
    """Products that are new, gone or changed, out of those there are now."""

    products: int
    of: int

    def within(self, share: float) -> bool:
        """Whether they are fewer than that share of the products."""
        return self.products < share * self.of

    def sentence(self, share: float) -> str:
        """Both figures, for people."""
        part = self.products / max(self.of, 1)
        return f"{self.products:,} of {self.of:,} listings changed ({part:.1%} of {share:.0%} allowed)"


def changed_since(then: pd.DataFrame, now: pd.DataFrame) -> Changed:
    """Compare two tables with the columns product_id and hash."""
    before, after = (table.set_index("product_id")["hash"] for table in (then, now))
    every = before.index.union(after.index)
    differs = before.reindex(every, fill_value="") != after.reindex(every, fill_value="")
    return Changed(int(differs.sum()), len(after))
