"""A rule: what must be true of a table, said once as a sentence, a function and the reason.

Great Expectations' suites are made of rules (`data_checks.validation.gx`), and reports show their
sentences.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import pandas as pd

from catalog.cells import AS_FOUND, Reading
from catalog.contract import QUARANTINE_COLUMNS, raw_columns

__all__ = ["Rule", "Surroundings", "has_columns", "has_rows"]


@dataclass(frozen=True)
class Surroundings:
    """What a table is compared with; a rule whose counterpart is missing is not asked.

    Attributes:
        currency: the catalogue's one currency; "" where the rows tell it.
        label_level: category nodes a label needs; 0 for none.
        product_ids: known products, for events and stock.
        media_keys: photos and sounds in the snapshot.
        as_of: no time may be later; the present when None.
        reading: how the table writes numbers and dates, where catalog.yaml tells it.
    """

    currency: str = ""
    label_level: int = 0
    product_ids: Collection[str] | None = None
    media_keys: Collection[str] | None = None
    as_of: pd.Timestamp | None = None
    reading: Reading = AS_FOUND

    @property
    def latest(self) -> pd.Timestamp:
        return self.as_of if self.as_of is not None else pd.Timestamp.now(tz="UTC")


@dataclass(frozen=True)
class Rule:
    """One thing that must be true of a table.

    Attributes:
        name: stable and unique in its suite: letters, digits and underscores.
        sentence: what must hold, as people read it.
        reason: why it matters.
        columns: what it reads; the first is the one it is about. It says nothing of a table that lacks
            one, since the missing column is reported by itself.
        holds: (n,) bool of those columns, in order: True where a row keeps the rule. None: the table has
            the column, or enough rows.
        severity: `critical` stops the chain, `warning` is shown.
        bad_share: a breach is a warning, and stops the chain only beyond this share of the rows.
        min_rows: rows that the table must have; 0 where the rule is not about their number.
        asked: False where the catalogue has nothing to compare with.
        remedy: what to do about a breach, where the sentence does not say it.
    """

    name: str
    sentence: str
    reason: str
    columns: tuple[str, ...] = ()
    holds: Callable[..., pd.Series] | None = None
    severity: str = "critical"
    bad_share: float | None = None
    min_rows: int = 0
    asked: bool = True
    remedy: str = ""

    @property
    def column(self) -> str:
        """The column it is about; "" for the whole table."""
        return self.columns[0] if self.columns else ""

    def applies(self, table: pd.DataFrame) -> bool:
        """Whether it is asked of this table."""
        return self.asked and (self.holds is None or set(self.columns) <= set(table.columns))

    def mask(self, table: pd.DataFrame) -> pd.Series:
        """(n,) bool: the rows that keep it.

        Raises:
            TypeError: the rule is about the whole table.
        """
        if self.holds is None:
            raise TypeError(f"the rule {self.name} is not about rows")
        return self.holds(*(table[column] for column in self.columns)).astype(bool)


def has_columns(table: str) -> list[Rule]:
    """The table has each column of its contract."""
    names = QUARANTINE_COLUMNS if table == "quarantine" else raw_columns(table)
    reason = "Every later stage reads it by this name."
    return [Rule(f"has_{name}", f"the table has a column {name}", reason, (name,)) for name in names]


def has_rows(minimum: int, what: str) -> Rule:
    """The table has at least `minimum` rows, called `what` in the sentence."""
    reason = f"Fewer than {minimum:,} {what} cannot train or judge a model."
    remedy = "deliver more, or set validation.min_rows lower under params in catalog.yaml"
    return Rule("enough_rows", f"at least {minimum:,} {what}", reason, min_rows=minimum, remedy=remedy)
