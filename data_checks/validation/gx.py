"""Rules as a Great Expectations suite, run in memory or in a file context.

A rule about rows becomes a boolean column named by its sentence, of which the suite expects True.
"""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from filelock import FileLock

from data_checks.suites.rules import Rule
from data_checks.validation.pages import localise
from shelfspace.telemetry import quiet_telemetry

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.expectations.expectation import Expectation

__all__ = ["expectations", "run_expectations"]


def expectations(rule: Rule) -> "list[Expectation]":
    """What Great Expectations is asked of a rule: one expectation, or a warning and its limit.

    Each carries in `meta` the rule's name, so that a result finds its way back.
    """
    import great_expectations.expectations as gxe

    def stated(kind: type, sentence: str, severity: str, **kwargs: Any) -> "Expectation":
        notes = {"format": "markdown", "content": [rule.reason]}
        meta = {"rule": rule.name, "column": rule.column, "reason": rule.reason, "notes": notes}
        meta |= {"remedy": rule.remedy}
        made: Expectation = kind(description=sentence, severity=severity, meta=meta, **kwargs)
        return made

    if rule.min_rows:
        counted = gxe.ExpectTableRowCountToBeBetween
        return [stated(counted, rule.sentence, rule.severity, min_value=rule.min_rows)]
    if rule.holds is None:
        return [stated(gxe.ExpectColumnToExist, rule.sentence, rule.severity, column=rule.column)]
    every = {"column": rule.sentence, "value_set": [True]}
    kind = gxe.ExpectColumnValuesToBeInSet
    if rule.bad_share is None:
        return [stated(kind, rule.sentence, rule.severity, **every)]
    share = 1 - rule.bad_share
    return [
        stated(kind, rule.sentence, "warning", **every),
        stated(
            kind, f"{rule.sentence}, in at least {share:.0%} of the rows", "critical", mostly=share, **every
        ),
    ]


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Great Expectations logs each saved document; warnings and errors still pass."""
    logger = logging.getLogger("great_expectations")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def run_expectations(
    name: str,
    frame: pd.DataFrame,
    rules: "list[Expectation]",
    *,
    docs: Path | None,
    version: str,
) -> "ExpectationSuiteValidationResult":
    """The validation result of one table; with `docs` also suite, checkpoint and Data Docs on disk."""
    quiet_telemetry()
    import great_expectations as gx

    fmt = {"result_format": "SUMMARY"}
    with _quiet_logs():
        if docs is None:
            context = gx.get_context(mode="ephemeral")
            _hide_progress(context)
            batch = context.data_sources.pandas_default.read_dataframe(frame)
            return batch.validate(gx.ExpectationSuite(name=name, expectations=rules), result_format=fmt)
        docs.mkdir(parents=True, exist_ok=True)
        # Great Expectations rewrites its configuration in place, so one process at a time.
        with FileLock(docs / ".gx.lock"):
            return _run_on_disk(name, frame, rules, docs=docs, version=version, fmt=fmt)


def _hide_progress(context: Any) -> None:
    """Its bars count metrics, not rows, and flood a log."""
    context.variables.progress_bars = {"globally": False}


def _run_on_disk(
    name: str,
    frame: pd.DataFrame,
    rules: "list[Expectation]",
    *,
    docs: Path,
    version: str,
    fmt: dict[str, Any],
) -> "ExpectationSuiteValidationResult":
    import great_expectations as gx
    from great_expectations.checkpoint import Checkpoint, UpdateDataDocsAction
    from great_expectations.core.run_identifier import RunIdentifier

    context = gx.get_context(mode="file", project_root_dir=docs)
    _hide_progress(context)
    root = Path(context.root_directory) / "uncommitted"
    # One result a suite: the history of checks is Dagster's, and old pages would only pile up.
    for old in (root / "validations" / name, root / "data_docs" / "local_site" / "validations" / name):
        shutil.rmtree(old, ignore_errors=True)
    source = context.data_sources.add_or_update_pandas("tables")
    names = {asset.name for asset in source.assets}
    asset = source.get_asset(name) if name in names else source.add_dataframe_asset(name)
    whole = {d.name for d in asset.batch_definitions}
    batch = (
        asset.get_batch_definition("whole")
        if "whole" in whole
        else asset.add_batch_definition_whole_dataframe("whole")
    )
    suite = context.suites.add_or_update(gx.ExpectationSuite(name=name, expectations=rules))
    definition = context.validation_definitions.add_or_update(
        gx.ValidationDefinition(name=name, data=batch, suite=suite)
    )
    checkpoint = context.checkpoints.add_or_update(
        Checkpoint(
            name=name,
            validation_definitions=[definition],
            actions=[UpdateDataDocsAction(name="data_docs")],
            result_format=fmt,
        )
    )
    run = checkpoint.run(batch_parameters={"dataframe": frame}, run_id=RunIdentifier(run_name=version))
    localise(root / "data_docs" / "local_site")
    return next(iter(run.run_results.values()))
