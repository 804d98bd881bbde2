"""How a catalogue writes numbers and dates, where that is told rather than found in a column."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["AS_FOUND", "Reading"]

WORDS = ("decimal", "thousands", "dates")


@dataclass(frozen=True)
class Reading:
    """What catalog.yaml says of numbers and dates; "" leaves it to the column.

    Attributes:
        decimal: the mark before the decimals, `.` or `,`.
        thousands: the mark between groups of digits: `.`, `,`, a space or an apostrophe.
        dates: `day-first` (31/12/2026) or `month-first` (12/31/2026).
        columns: the same of columns that are written otherwise.
    """

    decimal: str = ""
    thousands: str = ""
    dates: str = ""
    columns: "Mapping[str, Reading]" = field(default_factory=dict)

    def of(self, column: str) -> "Reading":
        """How a column is written."""
        return self.columns.get(column, self)

    def over(self, entry: Mapping[str, Any]) -> "Reading":
        """What an entry of catalog.yaml says, and of what it does not say what this does.

        Args:
            entry: each of decimal, thousands and dates is a word, or column to word.
        """
        named = {column for word in WORDS if isinstance(entry.get(word), Mapping) for column in entry[word]}
        columns = {
            column: self.of(column)._with(_said(entry, ""))._with(_said(entry, column))
            for column in sorted({*self.columns, *named} - {""})
        }
        return replace(self._with(_said(entry, "")), columns=columns)

    def _with(self, words: Mapping[str, Any]) -> "Reading":
        """The same with these words; a mark that now means something else is gone."""
        found = replace(self, columns={}, **words)
        if found.decimal and found.decimal == found.thousands:
            return replace(found, thousands="") if "decimal" in words else replace(found, decimal="")
        return found

    def key(self) -> list[Any]:
        """What tells two readings apart, as JSON has it."""
        columns = [[column, own.key()] for column, own in self.columns.items()]
        return [self.decimal, self.thousands, self.dates, *columns]


def _said(entry: Mapping[str, Any], column: str) -> dict[str, str]:
    """The words about one column; of "" those about all."""
    given = {word: entry.get(word) or "" for word in WORDS}
    words = {w: own if isinstance(own, Mapping) else {"": own} for w, own in given.items()}
    return {word: str(own[column]) for word, own in words.items() if own.get(column)}


AS_FOUND = Reading()
"""Nothing is told: each column decides."""
