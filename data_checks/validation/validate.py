"""Validate a table against its suite with Great Expectations.

With a folder for documents the run uses a file context in `<docs>/gx`, whose suites, checkpoints
and Data Docs anyone can open with Great Expectations; without one an ephemeral context, in memory.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import xxhash

from data_checks.suites import Suite, suite_named
from data_checks.suites.facts import Surroundings
from data_checks.validation.gx import run_expectations
from data_checks.validation.pages import publish
from data_checks.validation.report import FAILURE_COLUMNS, CheckReport, Finding
from shelfspace.settings import Settings

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

__all__ = ["MAX_EXAMPLES", "table_version", "validate"]

MAX_EXAMPLES = 200
"""Failing rows kept per expectation; all of them are counted."""


def table_version(table: pd.DataFrame) -> str:
    """xxh3-128 of the table's columns, types and values; the index does not count."""
    digest = xxhash.xxh3_128()
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata()
    digest.update(arrow.schema.serialize())
    for batch in arrow.to_batches(max_chunksize=1 << 16):
        digest.update(batch.serialize())
    return digest.hexdigest()


def validate(
    name: str,
    table: pd.DataFrame,
    settings: Settings,
    docs: Path | None = None,
    around: Surroundings | None = None,
    *,
    data_version: str | None = None,
) -> CheckReport:
    """Check one table; a critical expectation that fails gives `passed = False`.

    Args:
        name: a suite of `data_checks.suites.SUITES`.
        table: the rows; raw tables hold text only.
        settings: `validation` gives the fewest rows and the largest share of bad rows.
        docs: folder for the report page, the Data Docs and the suites; None writes nothing.
        around: what the table is compared with; rules without a counterpart are left out.
        data_version: hash of the table when the caller knows it; computed when None.

    Raises:
        InputError: there is no suite of that name.
    """
    suite = suite_named(name)
    surroundings = around or Surroundings()
    version = data_version or table_version(table)
    frame = suite.derive(table.reset_index(drop=True), surroundings)
    rules = [e for e in suite.build(settings, surroundings) if _applies(e, frame)]
    result = run_expectations(name, frame, rules, docs=docs, version=version, examples=MAX_EXAMPLES)
    findings = tuple(_finding(r) for r in result.results)
    failures = _failures(result.results, frame, suite)
    failed = [f for f in findings if not f.success]
    report = CheckReport(
        name=name,
        passed=not any(f.severity == "critical" for f in failed),
        statistics={
            "rows": len(table),
            "expectations": len(findings),
            "failed_critical": sum(f.severity == "critical" for f in failed),
            "failed_warnings": sum(f.severity == "warning" for f in failed),
            "failing_rows": _distinct_failing(result.results),
        },
        failures=failures,
        findings=findings,
        data_version=version,
    )
    return report if docs is None else publish(report, docs)


def _applies(rule: "Expectation", frame: pd.DataFrame) -> bool:
    """A rule about a column that is missing says nothing beyond `the table has a column`."""
    if rule.expectation_type in ("expect_column_to_exist", "expect_table_row_count_to_be_between"):
        return True
    return getattr(rule, "column", None) in frame.columns


def _config(result: "ExpectationValidationResult") -> "ExpectationConfiguration":
    if result.expectation_config is None:
        raise TypeError("Great Expectations returned a result without its expectation")
    return result.expectation_config


def _note(result: "ExpectationValidationResult", key: str) -> str:
    return str((_config(result).meta or {}).get(key, ""))


def _severity(result: "ExpectationValidationResult") -> str:
    severity = _config(result).severity
    return str(getattr(severity, "value", severity))


def _finding(result: "ExpectationValidationResult") -> Finding:
    config, seen = _config(result), result.result or {}
    failing = int(seen.get("unexpected_count") or 0)
    checked = int(seen.get("element_count") or 0)
    error = _exception(result)
    if error:
        observed = f"could not be checked: {error}"
    elif "observed_value" in seen:
        observed = f"{seen['observed_value']:,}"
    elif config.type == "expect_column_to_exist":
        observed = "there" if result.success else "missing"
    elif failing:
        observed = f"{failing:,} of {checked:,} rows fail ({failing / checked:.2%})"
    else:
        observed = f"holds for all {checked:,} rows"
    return Finding(
        expectation=str(config.description or config.type),
        column=_note(result, "column"),
        reason=_note(result, "reason"),
        severity=_severity(result),
        success=bool(result.success),
        observed=observed,
        failing=failing,
        checked=checked,
        kind=config.type,
        rule=_note(result, "rule"),
    )


def _exception(result: "ExpectationValidationResult") -> str:
    info = result.exception_info or {}
    for part in (info, *(v for v in info.values() if isinstance(v, dict))):
        if part.get("raised_exception"):
            return str(part.get("exception_message"))
    return ""


def _distinct_failing(results: "list[ExpectationValidationResult]") -> int:
    """Failures over all rules, where a rule stated as a warning and as a limit counts once."""
    by_rule: dict[str, int] = {}
    for result in results:
        rule = _note(result, "rule")
        by_rule[rule] = max(by_rule.get(rule, 0), int((result.result or {}).get("unexpected_count") or 0))
    return sum(by_rule.values())


def _failures(
    results: "list[ExpectationValidationResult]", frame: pd.DataFrame, suite: Suite
) -> pd.DataFrame:
    """Failing rows, at most MAX_EXAMPLES a rule: the id, the cell as it stands and what it breaks."""
    parts = []
    # Critical first, so that of a rule stated twice the graver form is kept.
    for result in sorted(results, key=lambda r: _severity(r) != "critical"):
        if result.success:
            continue
        rows = [int(i) for i in (result.result or {}).get("partial_unexpected_index_list") or []]
        if not rows:
            continue
        column = _note(result, "column")
        ids = frame[suite.id_column].iloc[rows] if suite.id_column else _row_names(frame, rows)
        parts.append(
            pd.DataFrame(
                {
                    "id": [str(i) for i in ids],
                    "column": column,
                    "value": [str(v) for v in frame[column].iloc[rows]],
                    "expectation": _note(result, "rule"),
                    "severity": _severity(result),
                    "row": rows,
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=list(FAILURE_COLUMNS), dtype=str)
    joined = pd.concat(parts, ignore_index=True).drop_duplicates(["expectation", "row"])
    return joined[list(FAILURE_COLUMNS)].reset_index(drop=True)


def _row_names(frame: pd.DataFrame, rows: list[int]) -> list[str]:
    """Events have no id of their own: the source row where it is known, else the position."""
    numbers = frame["source_row"].iloc[rows] if "source_row" in frame.columns else rows
    return [f"row {number}" for number in numbers]
