"""Validate a table against its suite with Great Expectations.

With a folder for documents the run uses a file context in `<docs>/gx`, whose suites, checkpoints
and Data Docs anyone can open with Great Expectations; without one an ephemeral context, in memory.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import xxhash

from data_checks.suites import Rule, Surroundings, suite_named
from data_checks.validation.gx import expectations, run_expectations
from data_checks.validation.pages import publish
from data_checks.validation.report import FAILURE_COLUMNS, CheckReport, Finding
from shelfspace.settings import Settings

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

__all__ = ["MAX_EXAMPLES", "table_version", "validate"]

MAX_EXAMPLES = 200
"""Failing rows kept per rule; all of them are counted."""


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
    rules = [rule for rule in suite.rules(settings, surroundings) if rule.applies(table)]
    rows = table.reset_index(drop=True)
    masks = {rule.name: rule.mask(rows) for rule in rules if rule.holds is not None}
    stated = {rule.sentence: masks[rule.name] for rule in rules if rule.name in masks}
    wanted = [expectation for rule in rules for expectation in expectations(rule)]
    result = run_expectations(name, rows.assign(**stated), wanted, docs=docs, version=version)
    findings = [_finding(r) for r in result.results]
    report = CheckReport.of(
        name,
        findings,
        _failures(rules, masks, rows, findings, suite.id_column),
        rows=len(table),
        data_version=version,
    )
    return report if docs is None else publish(report, docs)


def _finding(result: "ExpectationValidationResult") -> Finding:
    config, seen = result.expectation_config, result.result or {}
    if config is None:
        raise TypeError("Great Expectations returned a result without its expectation")
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
    said = {key: str((config.meta or {}).get(key, "")) for key in ("column", "reason", "rule", "remedy")}
    return Finding(
        expectation=str(config.description or config.type),
        severity=str(getattr(config.severity, "value", config.severity)),
        success=bool(result.success),
        observed=observed,
        failing=failing,
        checked=checked,
        kind=config.type,
        **said,
    )


def _exception(result: "ExpectationValidationResult") -> str:
    info = result.exception_info or {}
    for part in (info, *(v for v in info.values() if isinstance(v, dict))):
        if part.get("raised_exception"):
            return str(part.get("exception_message"))
    return ""


def _failures(
    rules: list[Rule],
    masks: dict[str, pd.Series],
    rows: pd.DataFrame,
    findings: list[Finding],
    id_column: str,
) -> pd.DataFrame:
    """Failing rows, at most MAX_EXAMPLES a rule: the id, the cell as it stands and what it breaks."""
    critical = {f.rule for f in findings if not f.success and f.severity == "critical"}
    # Rules that stop the chain first.
    broken = [rule for rule in rules if rule.name in masks and not masks[rule.name].all()]
    parts = []
    for rule in sorted(broken, key=lambda rule: rule.name not in critical):
        examples = rows[~masks[rule.name]].head(MAX_EXAMPLES)
        parts.append(
            pd.DataFrame(
                {
                    "id": examples[id_column].astype(str) if id_column else _row_names(examples),
                    "column": rule.column,
                    "value": examples[rule.column].map(_shown),
                    "expectation": rule.sentence,
                    "severity": "critical" if rule.name in critical else "warning",
                    "rule": rule.name,
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(FAILURE_COLUMNS))


def _row_names(rows: pd.DataFrame) -> pd.Series:
    """Events have no id of their own: the source row where it is known, else the position."""
    numbers = rows.get("source_row", rows.index.to_series())
    return numbers.map(lambda number: f"row {number}")


def _shown(value: Any) -> str:
    """A cell as text; of media the keys."""
    return value if isinstance(value, str) else " ".join(value) if np.ndim(value) else str(value)
