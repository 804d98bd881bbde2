"""What may happen to the products in one run without somebody being asked.

A change that would take away too many products, or move too many prices too far (a decimal mark lost, a
price list in another currency), is held until a person approves it; so is one that a look at its content
(`write_snapshot`) objects to. Removals count together over a run: the source's, and those of all deliveries.
"""

from collections.abc import Callable

import pandas as pd

from catalog.cells import Reading, filled, numbers, stripped
from shelfspace.settings import Collection

__all__ = ["Guards", "Objection"]

Objection = Callable[[str, pd.DataFrame, pd.DataFrame], str]
"""Who delivers, and present product rows before and after, to why it has to be approved; "" for nothing."""

FEW = 2
"""As many products may always be removed or priced anew by a delivery: somebody meant them one by one."""


class Guards:
    """The guards of one run.

    Args:
        before: present product rows before the run.
        reading: how the catalogue writes numbers.
        settings: shares and factor.
        look: judges the content of what the other guards let through.
    """

    def __init__(
        self,
        before: pd.DataFrame,
        reading: Reading,
        settings: Collection,
        look: Objection = lambda name, before, after: "",
    ) -> None:
        self._look = look
        self._there = len(_described(before))
        self._gone: set[str] = set()
        self._prices_before, self._reading, self._settings = before["price"], reading.of("price"), settings

    def objection(self, name: str, before: pd.DataFrame, after: pd.DataFrame, *, source: bool = False) -> str:
        """Why a change has to be approved; "" where nothing speaks against it.

        Args:
            name: of the delivery.
            before, after: present product rows of the products that the change touches.
            source: it is the source's own change, not a delivery's.
        """
        return (
            self._removal(before, after, source)
            or self._prices(before, after)
            or self._look(name, before, after)
        )

    def let_through(self, before: pd.DataFrame, after: pd.DataFrame) -> None:
        """Count what a change removes; what is judged later adds to it."""
        self._gone = (self._gone | (_described(before) - _described(after))) - _described(after)

    def _removal(self, before: pd.DataFrame, after: pd.DataFrame, source: bool) -> str:
        gone = _described(before) - _described(after)
        total, limit = len(self._gone | gone), self._settings.max_delete_share
        if not gone or (not source and len(gone) <= FEW) or total <= limit * self._there:
            return ""
        with_others = (
            f" (with {total - len(gone)} that others of this run remove)" if total > len(gone) else ""
        )
        return (
            f"{len(gone)} of {self._there} products gone{with_others}: "
            f"more than collection.max_delete_share ({limit:.0%}) would go"
        )

    def _prices(self, before: pd.DataFrame, after: pd.DataFrame) -> str:
        factor, limit = self._settings.max_price_factor, self._settings.max_price_share
        old, new = self._priced(before), self._priced(after)
        old = old[old.index.isin(_described(after)) & old["amount"].gt(0)]
        new = new.reindex(old.index)
        ratio = new["amount"] / old["amount"]
        moved = ratio.isna() | ratio.gt(factor) | ratio.lt(1 / factor)
        if moved.sum() <= FEW or moved.mean() <= limit:
            return ""
        first = moved.index[moved][0]
        was, now = old.at[first, "price"], new.at[first, "price"] or "nothing"
        return (
            f"{moved.sum()} of {len(old)} prices move by more than {factor:g} times "
            f"({first}: {was!s} to {now!s}): more than collection.max_price_share ({limit:.0%})"
        )

    def _priced(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The price of each product as written and as a number, by id; of repeated ids the last."""
        # What a few cells leave open the whole column decides.
        column = pd.concat([self._prices_before, rows["price"]], ignore_index=True)
        amounts = numbers(column, self._reading).iloc[len(self._prices_before) :]
        prices = pd.DataFrame({"price": stripped(rows["price"]).array, "amount": amounts.array})
        return prices.set_axis(stripped(rows["product_id"])).groupby(level=0).last()


def _described(rows: pd.DataFrame) -> set[str]:
    """Ids of the products of which something can be shown."""
    there = pd.Series(False, index=rows.index)
    for column in ("title", "description", "photos", "sounds"):
        there |= filled(rows[column])
    return set(stripped(rows["product_id"])[there])
