"""What people see of an asset in the Dagster UI: facts as metadata, column schemas, links to the code."""

import base64
import io
import warnings
from collections.abc import Callable, Mapping
from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager

from assets.lib.record import Facts
from catalog.contract import COLUMNS, REQUIRED
from shelfspace.files import write_bytes
from shelfspace.hashing import file_hash
from shelfspace.settings import Service

__all__ = ["code_reference", "column_schema", "service_page", "shown_table", "table_fact", "to_metadata"]

ORDER = ("number", "text", "json", "table", "md", "png", "url", "page", "path")
"""Kinds of facts from top to bottom: figures first, where the bytes lie last."""


SHOWN_WIDTH = 640
"""Pixels of a picture that stands whole beside its name on a screen 1,920 wide."""


def table_fact(table: pd.DataFrame, rows: int = 10, width: int = 60) -> Facts:
    """The first rows of a table as a fact; cells longer than `width` characters are shortened."""

    def cell(value: Any) -> int | float | str:
        if isinstance(value, Real) and not isinstance(value, bool) and isfinite(value):
            return int(value) if isinstance(value, Integral) else float(value)
        said = " ".join(str(value).split())
        return said if len(said) <= width else said[: width - 3] + "..."

    cells = table.head(rows).astype(object).map(cell)
    return {"table": {"columns": [str(name) for name in table.columns], "rows": cells.to_numpy().tolist()}}


def shown_table(columns: list[str], rows: list[list[Any]]) -> dg.TableMetadataValue:
    """A table that the UI shows at once; it keeps longer Markdown behind a click."""
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(zip(columns, row, strict=True))) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(name) for name in columns]),
    )


def to_metadata(facts: Facts, folder: Path, instance: dg.DagsterInstance) -> dict[str, Any]:
    """Facts as Dagster metadata, in ORDER.

    Args:
        facts: see `assets.lib.record.Facts`.
        folder: of the asset, which holds its pictures and pages.
        instance: whose UI shows them.
    """
    return {
        name.replace(" ", "_"): _value(fact, folder, instance)
        for name, fact in sorted(facts.items(), key=lambda item: ORDER.index(_kind(item[1])))
    }


def _kind(fact: Any) -> str:
    if isinstance(fact, Mapping):
        return str(next(iter(fact)))
    return "number" if isinstance(fact, Real) else "text"


def _value(fact: Any, folder: Path, instance: dg.DagsterInstance) -> Any:
    if not isinstance(fact, Mapping):
        return fact
    kind, content = next(iter(fact.items()))
    if kind == "table":
        return shown_table(content["columns"], content["rows"])
    if kind == "png":
        return dg.MetadataValue.md(_picture(folder / content, instance))
    if kind == "page":
        # A browser opens no file from a page that came over HTTP, so this is a path to copy.
        return dg.MetadataValue.path(str((folder / content).resolve()))
    return getattr(dg.MetadataValue, kind)(content)


def _picture(file: Path, instance: dg.DagsterInstance) -> str:
    """Markdown that shows a picture, no wider than the UI's column; a click on it fetches the whole.

    The UI shows Markdown at once if it is short. So the picture is laid among the captured logs, which
    the UI's own server gives out; where they lie elsewhere, the Markdown holds it and waits for a click.
    """
    logs = instance.compute_log_manager
    if not isinstance(logs, LocalComputeLogManager):
        content = base64.b64encode(file.read_bytes()).decode()
        return f"![{file.stem}](data:image/png;base64,{content})"
    name = file_hash(file)
    for kept, width in ((name, None), (f"{name}-small", SHOWN_WIDTH)):
        place = Path(logs.get_captured_local_path(["pictures", kept], "png"))
        if not place.exists():
            write_bytes(place, file.read_bytes() if width is None else _narrowed(file, width))
    return f"[![{file.stem}](/logs/pictures/{name}-small/png)](/logs/pictures/{name}/png)"


def _narrowed(file: Path, width: int) -> bytes:
    """A picture as PNG, at most `width` pixels wide."""
    from PIL import Image

    with Image.open(file) as picture:
        picture.thumbnail((width, 10 * width))
        narrowed = io.BytesIO()
        picture.save(narrowed, format="PNG")
    return narrowed.getvalue()


def service_page(settings: Service, page: str = "") -> Facts:
    """Where a page of the service is while `make serve` runs."""
    return {"url": f"http://{settings.host}:{settings.port}/{page}"}


def column_schema(asset: str) -> dict[str, Any]:
    """Spec metadata with the columns of a raw or clean table; empty for other assets."""
    table = asset.removeprefix("raw_")
    if table not in COLUMNS:
        return {}
    raw = asset != table
    required = () if raw else REQUIRED.get(table, ())
    columns = [
        dg.TableColumn(
            column.name,
            "string" if raw else column.type,
            column.description,
            dg.TableColumnConstraints(
                nullable=column.name not in required,
                unique=asset == "products" and column.name == "product_id",
            ),
        )
        for column in COLUMNS[table]
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def code_reference(function: Callable[..., Any]) -> dict[str, Any]:
    """Spec metadata that links an asset to the function that computes it."""
    code = function.__code__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        here = dg.LocalFileCodeReference(
            file_path=code.co_filename, line_number=code.co_firstlineno, label=function.__name__
        )
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[here])}
