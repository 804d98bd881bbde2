"""How a catalogue writes numbers and dates, where that is told rather than found in a column."""

from dataclasses import dataclass

__all__ = ["AS_FOUND", "Reading"]


@dataclass(frozen=True)
class Reading:
    """What catalog.yaml says of numbers and dates; "" leaves it to the column.

    Attributes:
        decimal: the mark before the decimals, `.` or `,`.
        thousands: the mark between groups of digits: `.`, `,`, a space or an apostrophe.
        dates: `day-first` (31/12/2026) or `month-first` (12/31/2026).
    """

    decimal: str = ""
    thousands: str = ""
    dates: str = ""


AS_FOUND = Reading()
"""Nothing is told: each column decides."""
