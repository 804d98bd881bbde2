"""Media findings as a check report: which photos and sounds cannot be used, and why."""

from pathlib import Path

import numpy as np
import pandas as pd

from catalog.media.addresses import NOT_FETCHED
from data_checks.validation.pages import publish
from data_checks.validation.report import CheckReport, Finding
from data_checks.validation.validate import MAX_EXAMPLES, table_version
from shelfspace.settings import Settings

__all__ = ["check_media"]

SHOWN_REASONS = 3
SENTENCES = {
    "photo": "photos open and keep their limits",
    "sound": "sounds open and keep their limits",
}


def check_media(findings: pd.DataFrame, settings: Settings, docs: Path | None = None) -> CheckReport:
    """Judge the media findings of a snapshot.

    A medium that fails is a warning, since its product goes on without it; more than
    `validation.max_bad_share` of the files of a kind is critical. Web addresses are no files.

    Args:
        findings: columns key, kind (photo|sound), ok, reason, field, value (`catalog.media.probe_media`).
        docs: folder of the report page; None writes nothing.
    """
    limit = settings.validation.max_bad_share
    found, parts = [], []
    for kind in ("photo", "sound"):
        rows = findings[findings["kind"].str.rstrip("s").eq(kind)]
        unfetched = rows["reason"].eq(NOT_FETCHED)
        found.append(_addresses(kind, int(unfetched.sum()), len(rows)))
        bad, files = rows[~rows["ok"].astype(bool)], len(rows) - int(unfetched.sum())
        failing = len(bad) - int(unfetched.sum())
        share = failing / files if files else 0.0
        seen = f"{failing:,} of {files:,} fail ({share:.1%})" if files else f"no {kind}s"
        sentence = SENTENCES[kind]
        reason = "A product goes on without a medium that cannot be decoded."
        beyond = f"{sentence}, at least {1 - limit:.0%} of them"
        why = _why(bad[bad["reason"].ne(NOT_FETCHED)])
        for severity, text, ok in (("warning", sentence, not failing), ("critical", beyond, share <= limit)):
            found.append(
                Finding(
                    text, f"{kind}s", reason, severity, ok, seen, failing, files, "media", f"{kind}s", why
                )
            )
        examples = bad.head(MAX_EXAMPLES)
        parts.append(
            pd.DataFrame(
                {
                    "id": examples["key"].astype(str),
                    "column": f"{kind}s",
                    "value": examples["value"].astype(str),
                    "expectation": examples["reason"].astype(str),
                    "severity": np.where(
                        (share <= limit) | examples["reason"].eq(NOT_FETCHED), "warning", "critical"
                    ),
                    "rule": np.where(examples["reason"].eq(NOT_FETCHED), f"{kind}_addresses", f"{kind}s"),
                }
            )
        )
    report = CheckReport.of(
        "media",
        found,
        pd.concat(parts, ignore_index=True),
        rows=len(findings),
        data_version=table_version(findings),
        extra={"reasons": bad_reasons(findings)},
    )
    return report if docs is None else publish(report, docs)


def _addresses(kind: str, count: int, rows: int) -> Finding:
    """That a table names files: what is a web address is left out, which stops nothing."""
    seen = f"{count:,} {kind}s are web addresses; none is fetched, and the products go on without them: run "
    seen += f"shelfspace fetch-media, or leave the {kind}s column out"
    return Finding(
        f"{kind}s are files below the media root", f"{kind}s", "No photo or sound is fetched by itself.",
        "warning", count == 0, seen if count else "holds for all", count, rows, "media", f"{kind}_addresses",
    )  # fmt: skip


def _why(bad: pd.DataFrame) -> str:
    """The most frequent reasons for which files are refused, in words."""
    counted = bad_reasons(bad).items()
    return "; ".join(f"{count:,}: {reason}" for reason, count in list(counted)[:SHOWN_REASONS])


def bad_reasons(findings: pd.DataFrame) -> dict[str, int]:
    """Reason to number of media refused for it, the most frequent first."""
    bad = findings.loc[~findings["ok"].astype(bool), "reason"].astype(str)
    return {str(reason): int(count) for reason, count in bad.value_counts().items()}
