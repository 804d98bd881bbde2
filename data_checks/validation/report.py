"""The outcome of one suite of checks, in a form that a page, a log or a Dagster check can show."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from shelfspace.errors import ArtifactError

__all__ = ["FAILURE_COLUMNS", "CheckReport", "Finding"]

FAILURE_COLUMNS = ("id", "column", "value", "expectation", "severity")


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
        rule: what a warning and a limit on the same rows share; "" where there is no such pair.
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
    rule: str = ""


@dataclass(frozen=True)
class CheckReport:
    """The outcome of one suite on one table.

    Attributes:
        name: the suite.
        passed: no critical expectation failed.
        statistics: counts: rows, expectations, failed_critical, failed_warnings, failing_rows.
        failures: failing rows, at most a fixed number per expectation, with the columns
            id, column, value, expectation, severity (all str).
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

    @property
    def failed(self) -> tuple[Finding, ...]:
        """What does not hold, critical first; of a rule stated twice only the graver form."""
        order = sorted((f for f in self.findings if not f.success), key=lambda f: f.severity != "critical")
        told = {f.rule for f in order if f.rule and f.severity == "critical"}
        return tuple(f for f in order if f.severity == "critical" or f.rule not in told)

    @property
    def cause(self) -> str:
        """One sentence: which expectations failed, critical ones first; "" when all hold."""
        return "; ".join(f"{f.severity}: {f.expectation} ({f.observed})" for f in self.failed)

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

    def failing_markdown(self, limit: int = 20) -> str:
        """The first failing rows as a Markdown table, critical ones first; a sentence when none fail."""
        if self.failures.empty:
            return "No failing rows." if not self.cause else self.cause
        order = self.failures["severity"].ne("critical").to_numpy().argsort(kind="stable")
        shown = self.failures.iloc[order[:limit]][["id", "column", "value", "expectation"]]
        clean = shown.map(_cell)
        lines = ["| id | column | value | expectation |", "|---|---|---|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in clean.itertuples(index=False, name=None)]
        total = self.statistics.get("failing_rows", len(self.failures))
        if total > len(shown):
            lines.append(f"\n{len(shown):,} of {total:,} failures shown.")
        return "\n".join(lines)

    def with_docs(self, index: Path) -> "CheckReport":
        """The same report with the page that shows it."""
        return replace(self, docs_index=index)

    def to_json(self) -> str:
        """All fields as one JSON object; `from_json` reads it back."""
        value = {
            "name": self.name,
            "passed": self.passed,
            "statistics": self.statistics,
            "failures": self.failures.to_dict("records"),
            "findings": self.findings,
            "docs_index": str(self.docs_index) if self.docs_index else None,
            "data_version": self.data_version,
            "extra": self.extra,
        }
        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY
        return orjson.dumps(value, option=options).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "CheckReport":
        """Read what `to_json` gave.

        Raises:
            ArtifactError: the text is no such report.
        """
        try:
            value = orjson.loads(text)
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
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ArtifactError(f"a check report is damaged: {error}; run the check again") from error


def _cell(value: str) -> str:
    """A table cell: one line, at most 60 characters, pipes escaped; an empty value is named."""
    line = " ".join(str(value).split())
    short = line if len(line) <= 60 else line[:57] + "..."
    return short.replace("|", "\\|") or "(empty)"
