"""Counts that must add up: collected rows = clean rows + quarantined rows, for each table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from data_checks.validation.pages import publish
from data_checks.validation.report import FAILURE_COLUMNS, CheckReport, Finding
from shelfspace.hashing import fingerprint
from shelfspace.settings import Settings

__all__ = ["TableCounts", "check_balance", "count_tables"]


@dataclass(frozen=True)
class TableCounts:
    """Rows of one table: as collected, after cleaning, and refused."""

    collected: int
    clean: int
    quarantined: int

    @property
    def lost(self) -> int:
        """Rows that are neither clean nor quarantined; negative when rows were counted twice."""
        return self.collected - self.clean - self.quarantined

    @property
    def refused_share(self) -> float:
        return self.quarantined / self.collected if self.collected else 0.0


def count_tables(
    collected: Mapping[str, int], clean: Mapping[str, int], quarantine: pd.DataFrame
) -> dict[str, TableCounts]:
    """Counts per table name (products, events, stock) from row counts and the quarantine table."""
    refused = quarantine.loc[quarantine["scope"].eq("row"), "table"].value_counts()
    return {
        name: TableCounts(rows, clean.get(name, 0), int(refused.get(name, 0)))
        for name, rows in collected.items()
    }


def check_balance(
    tables: Mapping[str, TableCounts],
    settings: Settings,
    docs: Path | None = None,
    quarantine: pd.DataFrame | None = None,
) -> CheckReport:
    """Check that no row was dropped in silence and that not too many products were refused.

    The share of refused rows stops the chain for products; for events and stock it is a warning,
    since returns and unknown products are a normal part of a sales log.

    Args:
        tables: counts per table name.
        docs: folder of the report page; None writes nothing.
        quarantine: the refused rows, to list how many were refused for which reason.
    """
    limit = settings.validation.max_bad_share
    found, bad = [], []
    for name, counts in tables.items():
        seen = (
            f"{counts.collected:,} collected, {counts.clean:,} clean, {counts.quarantined:,} quarantined"
            + (f": {abs(counts.lost):,} {'lost' if counts.lost > 0 else 'too many'}" if counts.lost else "")
        )
        whole = Finding(
            f"{name}: collected = clean + quarantined", name, "No row is dropped in silence.", "critical",
            counts.lost == 0, seen, abs(counts.lost), counts.collected, "balance", f"{name}_whole",
        )  # fmt: skip
        share = Finding(
            f"{name}: at most {limit:.0%} of the rows are refused", name,
            "Many refusals mean that the source or its mapping changed.",
            "critical" if name == "products" else "warning",
            counts.refused_share <= limit, f"{counts.refused_share:.1%} refused",
            counts.quarantined, counts.collected, "balance", f"{name}_refused",
        )  # fmt: skip
        found += [whole, share]
        bad += [
            {"id": name, "column": "rows", "value": f.observed, "expectation": f.expectation,
             "severity": f.severity, "rule": f.rule}
            for f in (whole, share) if not f.success
        ]  # fmt: skip
    extra: dict[str, Any] = {"tables": {n: [c.collected, c.clean, c.quarantined] for n, c in tables.items()}}
    if quarantine is not None and len(quarantine):
        counted = quarantine.groupby(["table", "reason"]).size().sort_values(ascending=False, kind="stable")
        extra["reasons"] = {
            ": ".join(map(str, key)): int(n) for key, n in zip(counted.index.to_list(), counted, strict=True)
        }
    report = CheckReport.of(
        "balance",
        found,
        pd.DataFrame(bad, columns=list(FAILURE_COLUMNS)),
        rows=sum(c.collected for c in tables.values()),
        data_version=fingerprint(extra),
        extra=extra,
    )
    return report if docs is None else publish(report, docs)
