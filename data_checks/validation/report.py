"""The outcome of one suite of checks, in a form that a page, a log or a Dagster check can show."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from shelfspace.files import json_bytes, reading
from shelfspace.hashing import fingerprint

__all__ = ["FAILURE_COLUMNS", "CheckReport", "Finding", "RuleResult"]

FAILURE_COLUMNS = ("id", "column", "value", "expectation", "severity", "rule")
FORMAT = 2
"""Changes with what a report holds; what is kept in an older one is asked again."""
SAMPLE = 10
"""Failing values that `RuleResult` shows."""
LONGEST = 60
"""Characters of a failing value that a sentence shows."""


@dataclass(frozen=True)
class Finding:
    """One expectation and what was found.

    Attributes:
        expectation: what must hold, as a sentence.
        column: the column it is about; "" for the whole table.
        reason: why it matters.
        severity: `critical` stops the chain, `warning` is shown.
        success: whether it holds.
        observed: what was seen, in words.
        failing: rows that break it; 0 where it is not about rows.
        checked: rows it looked at.
        kind: the Great Expectations type, or the name of our own check.
        rule: name of the rule, which a warning and a limit on the same rows share.
        remedy: what to do where it does not hold and the sentence does not say it.
    """

    expectation: str
    column: str
    reason: str
    severity: str
    success: bool
    observed: str
    failing: int
    checked: int
    kind: str
    rule: str
    remedy: str = ""


@dataclass(frozen=True)
class RuleResult:
    """What one rule came to: its warning and its limit together.

    Attributes:
        name: of the rule, unique in its suite.
        sentence: what must hold.
        reason: why it matters.
        passed: it holds for every row.
        severity: `critical` when it stops the chain, or would; else `warning`.
        observed: what was seen, in words.
        failing, checked: rows that break it, and rows it looked at.
        sample: at most SAMPLE failing rows, as (id, value).
    """

    name: str
    sentence: str
    reason: str
    passed: bool
    severity: str
    observed: str
    failing: int
    checked: int
    sample: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CheckReport:
    """The outcome of one suite on one table.

    Attributes:
        name: the suite.
        passed: no critical expectation failed.
        statistics: counts: rows, expectations, failed_critical, failed_warnings, failing_rows.
        failures: failing rows, at most a fixed number per rule, with the FAILURE_COLUMNS (all str).
        findings: every expectation with what was observed.
        docs_index: the page that shows it; None when none was written.
        data_version: content hash of the table that was checked.
    """

    name: str
    passed: bool
    statistics: dict[str, int]
    failures: pd.DataFrame
    findings: tuple[Finding, ...] = ()
    docs_index: Path | None = None
    data_version: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        name: str,
        findings: Sequence[Finding],
        failures: pd.DataFrame | None = None,
        *,
        rows: int | None = None,
        data_version: str = "",
        extra: dict[str, Any] | None = None,
    ) -> "CheckReport":
        """The report on some findings: it passes when no critical one failed.

        Args:
            failures: failing rows, with the FAILURE_COLUMNS.
            rows: of the table; the most that a finding looked at when None.
            data_version: hash of what was observed when "".
        """
        failed = [f for f in findings if not f.success]
        # A rule stated as a warning and as a limit counts its rows once.
        failing = {
            rule: max(f.failing for f in failed if f.rule == rule) for rule in {f.rule for f in failed}
        }
        shown = pd.DataFrame(columns=list(FAILURE_COLUMNS)) if failures is None else failures
        return cls(
            name=name,
            passed=not any(f.severity == "critical" for f in failed),
            statistics={
                "rows": max((f.checked for f in findings), default=0) if rows is None else rows,
                "expectations": len(findings),
                "failed_critical": sum(f.severity == "critical" for f in failed),
                "failed_warnings": sum(f.severity == "warning" for f in failed),
                "failing_rows": sum(failing.values()),
            },
            failures=shown[list(FAILURE_COLUMNS)].astype(str),
            findings=tuple(findings),
            data_version=data_version or fingerprint([f.observed for f in findings]),
            extra=extra or {},
        )

    def results(self) -> list[RuleResult]:
        """One result a rule, in the order of the suite."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings:
            found.setdefault(finding.rule, []).append(finding)
        return [self._result(name, stated) for name, stated in found.items()]

    def _result(self, name: str, stated: list[Finding]) -> RuleResult:
        failed = [f for f in stated if not f.success]
        rows = self.failures[self.failures["rule"].eq(name)].head(SAMPLE)
        return RuleResult(
            name=name,
            sentence=stated[0].expectation,
            reason=stated[0].reason,
            passed=not failed,
            severity="critical" if any(f.severity == "critical" for f in failed or stated) else "warning",
            observed=stated[0].observed,
            failing=max(f.failing for f in stated),
            checked=max(f.checked for f in stated),
            sample=tuple(zip(rows["id"], rows["value"], strict=True)),
        )

    @property
    def failed(self) -> tuple[Finding, ...]:
        """What does not hold, critical first; of a rule stated twice only the graver form."""
        order = sorted((f for f in self.findings if not f.success), key=lambda f: f.severity != "critical")
        told = {f.rule for f in order if f.severity == "critical"}
        return tuple(f for f in order if f.severity == "critical" or f.rule not in told)

    @property
    def cause(self) -> str:
        """One sentence: which expectations failed, critical ones first, with a value that fails; "" when all
        hold."""
        return "; ".join(
            f"{f.severity}: {f.expectation} ({f.observed}{self._instance(f)})"
            + (f": {f.remedy}" if f.remedy else "")
            for f in self.failed
        )

    def _instance(self, finding: Finding) -> str:
        """The first value that fails, with the id of its row; "" where it says no more than is observed."""
        rows = self.failures[self.failures["rule"].eq(finding.rule)]
        if not finding.failing or rows.empty:
            return ""
        name, value = rows.iloc[0][["id", "value"]]
        shown = value if len(value) <= LONGEST else f"{value[: LONGEST - 3]}..."
        return f"; for instance {shown!r}" + (f" of {name}" if name not in ("", value) else "")

    def metadata(self) -> dict[str, Any]:
        """Plain JSON-able facts for a log or an asset check."""
        facts: dict[str, Any] = {
            "suite": self.name,
            "passed": self.passed,
            **self.statistics,
            "failed": [f.expectation for f in self.failed],
            "data_version": self.data_version,
            **self.extra,
        }
        if self.cause:
            facts["cause"] = self.cause
        if self.docs_index:
            facts["docs"] = str(self.docs_index)
        return facts

    def with_docs(self, index: Path) -> "CheckReport":
        """The same report with the page that shows it."""
        return replace(self, docs_index=index)

    def to_json(self) -> str:
        """All fields as one JSON object; `from_json` reads it back."""
        value = {
            "format": FORMAT,
            "name": self.name,
            "passed": self.passed,
            "statistics": self.statistics,
            "failures": self.failures.to_dict("records"),
            "findings": self.findings,
            "docs_index": str(self.docs_index) if self.docs_index else None,
            "data_version": self.data_version,
            "extra": self.extra,
        }
        return json_bytes(value).decode()

    @classmethod
    def from_json(cls, text: str | bytes, path: Path = Path("a check report")) -> "CheckReport | None":
        """Read what `to_json` gave; None for a report that another version of it wrote.

        Args:
            path: where the text stood, for the message.

        Raises:
            ArtifactError: the text is no such report.
        """
        with reading(path, AttributeError, KeyError, TypeError):
            value = orjson.loads(text)
            if value.get("format") != FORMAT:
                return None
            return cls(
                value["name"],
                value["passed"],
                value["statistics"],
                pd.DataFrame(value["failures"], columns=list(FAILURE_COLUMNS)).astype(str),
                tuple(Finding(**f) for f in value["findings"]),
                Path(value["docs_index"]) if value["docs_index"] else None,
                value["data_version"],
                value["extra"],
            )
