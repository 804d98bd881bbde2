"""Counts that must add up: rows read = rows kept + rows refused, for each table; and few enough refused."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from catalog.cleaning.losses import TableLoss
from catalog.contract import TABLES
from data_checks.validation.pages import publish
from data_checks.validation.report import FAILURE_COLUMNS, CheckReport, Finding
from shelfspace.hashing import fingerprint
from shelfspace.settings import Settings

__all__ = ["check_balance"]


def check_balance(losses: Sequence[TableLoss], settings: Settings, docs: Path | None = None) -> CheckReport:
    """Check that no row was dropped in silence and that not too many were refused.

    More refused products than `validation.max_bad_share` stop the chain. Of events and stock that is a
    warning, since returns and unknown products are a normal part of a sales log; more than
    `validation.max_refused_share` of either stops the chain too.

    Args:
        losses: of the tables; those of media have a check of their own.
        docs: folder of the report page; None writes nothing.
    """
    tables = [loss for loss in losses if loss.table in TABLES]
    found = [finding for loss in tables for finding in _findings(loss, settings)]
    bad = [
        {"id": f.column, "column": "rows", "value": f.observed, "expectation": f.expectation,
         "severity": f.severity, "rule": f.rule}
        for f in found if not f.success
    ]  # fmt: skip
    extra = {
        "tables": {loss.table: [loss.read, loss.kept, loss.refused] for loss in tables},
        "reasons": {f"{loss.table}: {r.reason}": r.rows for loss in tables for r in loss.reasons},
    }
    report = CheckReport.of(
        "balance",
        found,
        pd.DataFrame(bad, columns=list(FAILURE_COLUMNS)),
        rows=sum(loss.read for loss in tables),
        data_version=fingerprint(extra),
        extra=extra,
    )
    return report if docs is None else publish(report, docs)


def _findings(loss: TableLoss, settings: Settings) -> list[Finding]:
    """That a table's counts add up, and the shares of it that may be refused."""
    name, warned = loss.table, settings.validation.max_bad_share
    stopped = warned if name == "products" else max(warned, settings.validation.max_refused_share)
    setting = "max_bad_share" if name == "products" else "max_refused_share"
    counts = f"{loss.read:,} read, {loss.stayed} kept, {loss.refused:,} refused"
    if loss.lost:
        counts += f": {abs(loss.lost):,} {'lost' if loss.lost > 0 else 'too many'}"
    refused = f"{loss.refused:,} of {loss.read:,} refused ({loss.share:.1%})"
    if loss.reasons:
        refused += f": {loss.why.replace(chr(10), '; ')}"
    beyond = (
        f"{refused}. Mend the file, or how catalog.yaml describes it; where this share is right, raise "
        f"validation.{setting} under params in catalog.yaml"
    )
    reason = "Many refusals mean that the source or its mapping changed."
    few = f"{name}: at most {warned:.0%} of the rows are refused"
    fewer = f"{name}: at most {stopped:.0%} of the rows are refused"
    checked, rule = loss.read, f"{name}_refused"
    return [
        Finding(
            f"{name}: read = kept + refused", name, "No row is dropped in silence.", "critical",
            loss.lost == 0, counts, abs(loss.lost), checked, "balance", f"{name}_whole",
        ),
        *([] if name == "products" else [
            Finding(few, name, reason, "warning", loss.share <= warned, refused, loss.refused, checked,
                    "balance", rule)
        ]),
        Finding(fewer, name, reason, "critical", loss.share <= stopped,
                beyond if loss.share > stopped else refused, loss.refused, checked, "balance", rule),
    ]  # fmt: skip
