"""What was refused of the catalogue and of the shop's page stands on one page."""

from pathlib import Path

import pandas as pd

import assets.interactions
import assets.preprocessing  # noqa: F401 - says where the tables lie
from assets.lib.record import build
from assets.lib.refused_page import show_refused
from assets.lib.shop import FOLDERS, Shop
from catalog.cleaning.losses import TableLoss, write_losses
from catalog.contract import QUARANTINE_COLUMNS
from data_checks.validation.pages import QUARANTINE
from shelfspace.files import write_table
from shelfspace.workspace import Workspace


def refused(table: str, field: str, reason: str) -> pd.DataFrame:
    return pd.DataFrame(
        [(table, "row", "e1", field, "x", reason, -1, '{"kind": "click"}')], columns=list(QUARANTINE_COLUMNS)
    )


def test_events_are_on_it_once_they_are_collected(tmp_path: Path) -> None:
    shop = Shop()
    object.__setattr__(shop, "workspace", Workspace.open("tiny", tmp_path))

    def compute(asset: str, name: str, table: pd.DataFrame) -> None:
        def write(folder: Path) -> dict[str, object]:
            write_table(folder / f"{name}.parquet", table)
            write_losses(folder, [TableLoss("products", 2, 1, 1, ())])
            return {}

        root = shop.workspace.root / FOLDERS[asset]
        build(root, inputs={}, code_version="1", settings=[], compute=write)

    page = shop.workspace.validation / QUARANTINE
    compute("quarantine", "quarantine", refused("products", "price", "below zero"))
    show_refused(shop)
    assert "below zero" in page.read_text()
    assert "Shopper events" not in page.read_text()
    late = refused("interactions", "time", "in the future; mend the clock")
    compute("interactions_quarantine", "interactions_quarantine", late)
    show_refused(shop)
    assert "Shopper events" in page.read_text()
    assert "mend the clock" in page.read_text()
    assert "below zero" in page.read_text()
