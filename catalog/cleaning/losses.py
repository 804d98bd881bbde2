"""What cleaning lost of each table: rows read, kept and refused, and why, in a form that people read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from catalog.contract import TABLES
from shelfspace.files import read_artifact, write_json

__all__ = ["LOSSES", "Reason", "TableLoss", "count_losses", "losses_table", "read_losses", "write_losses"]

LOSSES = "losses.json"
"""File of the cleaned tables' folder."""

MEDIA = ("photos", "sounds")
BAR = {"github": "\\|", "html": "|"}
"""How a bar stands inside a cell."""
SHOWN_REASONS = 3
"""Reasons of a table that are told where there is little room; the quarantine page has them all."""


@dataclass(frozen=True)
class Reason:
    """Why rows or fields of a table were refused.

    Attributes:
        field: that was refused.
        reason: in words, with the remedy.
        rows: refused for it, or emptied in that field.
        id, value: of the first of them.
    """

    field: str
    reason: str
    rows: int
    id: str
    value: str

    @property
    def sentence(self) -> str:
        """For people: how many, what stood in which field, and what is wrong with it."""
        stood = repr(self.value) if len(self.value) <= 40 else repr(self.value[:37] + "...")
        where = f" of {self.id}" if self.id not in ("", self.value) else ""
        return f"{self.rows:,} {self.field}: {self.reason}; for instance {stood}{where}"


@dataclass(frozen=True)
class TableLoss:
    """What became of one table's rows, or of the files of one kind.

    Attributes:
        table: products, events, stock, photos or sounds.
        read, kept: rows as they came, and clean ones; of media distinct files.
        refused: rows in quarantine.
        reasons: of rows and fields, the most frequent first.
        emptied: fields in quarantine whose rows went on without them.
        joined: rows that completed another row of their product.
    """

    table: str
    read: int
    kept: int
    refused: int
    reasons: tuple[Reason, ...] = ()
    emptied: int = 0
    joined: int = 0

    @property
    def lost(self) -> int:
        """Rows that are neither clean nor in quarantine; negative where rows were counted twice."""
        return self.read - self.kept - self.refused - self.joined

    @property
    def share(self) -> float:
        """Refused rows among those read."""
        return self.refused / self.read if self.read else 0.0

    @property
    def told(self) -> str:
        """What was refused, for people: rows and their share, and fields."""
        rows = f"{self.refused:,} ({self.share:.1%})" if self.refused else "0"
        fields = f"{self.emptied:,} field{'s' if self.emptied > 1 else ''}"
        return f"{rows} and {fields}" if self.emptied else rows

    @property
    def stayed(self) -> str:
        """What was kept, for people: rows, and those that were joined with them."""
        return f"{self.kept:,} ({self.joined:,} rows joined)" if self.joined else f"{self.kept:,}"

    @property
    def why(self) -> str:
        """The most frequent reasons as sentences, and how many more there are."""
        more = len(self.reasons) - SHOWN_REASONS
        told = [reason.sentence for reason in self.reasons[:SHOWN_REASONS]]
        return "\n".join([*told, *([f"and {more} reasons more"] if more > 0 else [])])


def count_losses(
    collected: Mapping[str, int],
    clean: Mapping[str, int],
    quarantine: pd.DataFrame,
    findings: pd.DataFrame,
    joined: Mapping[str, int] | None = None,
) -> list[TableLoss]:
    """What each table lost, and of photos and sounds each file once.

    Args:
        collected: table to its raw rows.
        clean: table to its clean rows.
        quarantine: QUARANTINE_COLUMNS.
        findings: of the media probe (`catalog.media.probe_catalogue`).
        joined: table to its rows that completed another one.
    """
    found = []
    for table in TABLES:
        told = quarantine[quarantine["table"].eq(table)]
        rows = int(told["scope"].eq("row").sum())
        counts = collected.get(table, 0), clean.get(table, 0), rows
        found.append(
            TableLoss(
                table, *counts, _reasons(told), emptied=len(told) - rows, joined=(joined or {}).get(table, 0)
            )
        )
    for kind in MEDIA:
        files = findings[findings["kind"].eq(kind)]
        bad = files[~files["ok"].astype(bool)].rename(columns={"key": "id"})
        found.append(TableLoss(kind, len(files), len(files) - len(bad), len(bad), _reasons(bad)))
    return found


def _reasons(refused: pd.DataFrame) -> tuple[Reason, ...]:
    grouped = refused.groupby(["field", "reason"], sort=False).agg(
        rows=("id", "size"), id=("id", "first"), value=("value", "first")
    )
    ordered = grouped.sort_values("rows", ascending=False, kind="stable").reset_index()
    return tuple(
        Reason(str(field), str(reason), int(rows), str(name), str(value))
        for field, reason, rows, name, value in ordered.itertuples(index=False)
    )


def losses_table(losses: Sequence[TableLoss], style: str = "simple") -> str:
    """One row a table: read, kept, refused and why.

    Args:
        losses: tables that had no rows are left out.
        style: of `tabulate`: `simple` for a console, `github` for Markdown, `html` for a page.
    """
    markdown = style != "simple"
    rows = [
        [
            loss.table,
            f"{loss.read:,}",
            loss.stayed,
            loss.told,
            loss.why.replace("\n", "; ").replace("|", BAR[style]) if markdown else loss.why,
        ]
        for loss in losses
        if loss.read
    ]
    return tabulate(
        rows,
        headers=["table", "read", "kept", "refused", "why"],
        tablefmt=style,
        disable_numparse=True,
        maxcolwidths=None if markdown else [None, None, None, None, 78],
        colalign=("left", "right", "right", "right", "left"),
    )


def write_losses(folder: Path, losses: Sequence[TableLoss]) -> None:
    """Write LOSSES in a folder."""
    write_json(folder / LOSSES, [asdict(loss) for loss in losses])


def read_losses(folder: Path) -> list[TableLoss]:
    """What `write_losses` wrote.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    return read_artifact(folder / LOSSES, "the rows lost in cleaning", _losses)


def _losses(kept: Any) -> list[TableLoss]:
    return [
        TableLoss(**{**loss, "reasons": tuple(Reason(**reason) for reason in loss["reasons"])})
        for loss in kept
    ]
