"""A check report from findings alone: for what no table suite can say."""

from collections.abc import Sequence

import pandas as pd

from data_checks.validation.report import FAILURE_COLUMNS, CheckReport, Finding
from shelfspace.hashing import fingerprint

__all__ = ["report_of"]


def report_of(name: str, findings: Sequence[Finding], failures: pd.DataFrame | None = None) -> CheckReport:
    """A report that passes when no critical finding failed.

    Args:
        failures: failing rows with the columns id, column, value, expectation, severity.
    """
    failed = [f for f in findings if not f.success]
    rows = failures if failures is not None else pd.DataFrame(columns=list(FAILURE_COLUMNS))
    return CheckReport(
        name=name,
        passed=not any(f.severity == "critical" for f in failed),
        statistics={
            "rows": max((f.checked for f in findings), default=0),
            "expectations": len(findings),
            "failed_critical": sum(f.severity == "critical" for f in failed),
            "failed_warnings": sum(f.severity == "warning" for f in failed),
            "failing_rows": sum(f.failing for f in failed),
        },
        failures=rows[list(FAILURE_COLUMNS)].astype(str),
        findings=tuple(findings),
        data_version=fingerprint([f.observed for f in findings]),
    )
