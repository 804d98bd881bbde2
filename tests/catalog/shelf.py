"""Small catalogues for the tests of this room."""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from PIL import Image

from catalog.contract import EVENT_COLUMNS, PRODUCT_COLUMNS
from catalog.deliveries.collect import Collected, collect, note_taken
from catalog.deliveries.ledger import State, read_ledger
from catalog.snapshot.write import Look
from catalog.sources.base import CatalogSource
from catalog.sources.open import open_catalog
from shelfspace.hashing import tree_hash
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

NO_FINDINGS = pd.DataFrame(columns=["key", "kind", "ok", "field", "value", "reason"])

DEFAULT = Settings()


def photo(colour: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "PNG")
    return stream.getvalue()


def product(number: int, **changes: str) -> dict[str, str]:
    row = dict.fromkeys(PRODUCT_COLUMNS, "")
    row |= {
        "product_id": f"p{number}",
        "title": f"product {number}",
        "price": f"{number + 1}.50",
        "currency": "EUR",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    return row | changes


def event(number: int, **changes: str) -> dict[str, str]:
    row = dict.fromkeys(EVENT_COLUMNS, "")
    row |= {
        "user_id": f"u{number % 3}",
        "product_id": f"p{number}",
        "event": "view",
        "quantity": "1",
        "time": f"2026-01-02T00:00:{number:02d}Z",
    }
    return row | changes


def write_catalogue(
    folder: Path,
    products: list[dict[str, str]],
    events: list[dict[str, str]] | None = None,
    photos: dict[str, bytes] | None = None,
    **description: Any,
) -> CatalogSource:
    """Write (again) a catalogue of CSV tables and open it."""
    (folder / "media").mkdir(parents=True, exist_ok=True)
    pd.DataFrame(products, columns=list(PRODUCT_COLUMNS)).to_csv(folder / "products.csv", index=False)
    tables: dict[str, Any] = {"products": {"path": "products.csv"}}
    if events is not None:
        pd.DataFrame(events, columns=list(EVENT_COLUMNS)).to_csv(folder / "events.csv", index=False)
        tables["events"] = {"path": "events.csv"}
    for key, data in (photos or {}).items():
        (folder / "media" / key).write_bytes(data)
    text = yaml.safe_dump({**tables, "currency": "EUR", "media_root": "media", **description})
    (folder / "catalog.yaml").write_text(text)
    return open_catalog(str(folder))


def collected(
    workspace: Workspace,
    source: CatalogSource,
    settings: Settings = DEFAULT,
    kept: bool = True,
    look: Look = lambda name, before, after, media: "",
) -> Collected:
    """One collection with nothing to wait for; `kept`: DVC has identified and kept the snapshot."""
    at_once = settings.collection.model_copy(update={"quiet_seconds": 0})
    settings = settings.model_copy(update={"collection": at_once})
    found = collect(workspace, source, settings, user_key=b"k", progress=False, look=look)
    if kept:
        note_taken(workspace, found, tree_hash(workspace.snapshot))
    return found


def deliver(inbox: Path, name: str, rows: list[dict[str, Any]]) -> None:
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def raw(rows: list[dict[str, str]]) -> pd.DataFrame:
    """Rows as `read_raw_products` or `read_raw_events` gives them."""
    return pd.DataFrame(rows, dtype=object).assign(source_row=range(len(rows)))


def kinds(workspace: Workspace) -> dict[str, tuple[str, State]]:
    """File to its kind of delivery and what has become of it."""
    return {e.name: (e.kind, e.state) for e in read_ledger(workspace.state).entries.values()}
