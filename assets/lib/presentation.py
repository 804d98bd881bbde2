"""How records look in Dagster: plain facts become metadata, pictures inline."""

import base64
import sys
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pandas as pd
from tqdm import tqdm

from assets.lib.stage import Facts, Record

__all__ = ["markdown_table", "result", "say", "to_metadata"]


def markdown_table(table: pd.DataFrame, rows: int = 10) -> dict[str, str]:
    """The first rows of a table as a Markdown fact; long cells are shortened."""
    shown = table.head(rows).map(lambda v: text if len(text := str(v)) <= 60 else text[:57] + "...")
    shown = shown.map(lambda v: v.replace("|", "/").replace("\n", " "))
    return {"md": shown.to_markdown(index=False)}


def _value(fact: Any, record: Record) -> Any:
    if not isinstance(fact, Mapping):
        return fact
    kind, content = next(iter(fact.items()))
    if kind == "md":
        return dg.MetadataValue.md(content)
    if kind == "png":
        picture = base64.b64encode((record.folder / content).read_bytes()).decode()
        return dg.MetadataValue.md(f"![{content}](data:image/png;base64,{picture})")
    if kind == "path":
        return dg.MetadataValue.path(content)
    if kind == "url":
        return dg.MetadataValue.url(content)
    return dg.MetadataValue.json(content)


def to_metadata(facts: Facts, record: Record) -> dict[str, Any]:
    """Facts as Dagster metadata values."""
    return {name.replace(" ", "_"): _value(fact, record) for name, fact in facts.items()}


def say(name: str, record: Record) -> None:
    """One line a person reads while the chain runs."""
    what = "unchanged, 0 rows" if record.unchanged else f"done in {record.seconds:.1f} s"
    rows = record.facts.get("dagster/row_count")
    detail = f"  ({rows:,} rows)" if isinstance(rows, int) and not record.unchanged else ""
    tqdm.write(f"  {name:<22} {what}{detail}", file=sys.stderr)


def result(
    name: str, record: Record, facts: Facts | None = None, version: str | None = None
) -> dg.MaterializeResult:
    """A materialisation of `name` from its record, with its data version and status."""
    say(name, record)
    metadata = to_metadata(record.facts if facts is None else facts, record)
    metadata["status"] = "unchanged, 0 rows" if record.unchanged else "computed"
    metadata["seconds"] = round(record.seconds, 2)
    metadata["folder"] = dg.MetadataValue.path(str(record.folder))
    return dg.MaterializeResult(
        asset_key=name, metadata=metadata, data_version=dg.DataVersion(version or record.data_version)
    )
