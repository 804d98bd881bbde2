"""The page of all that was refused: rows of the catalogue, and events of the shop's page."""

import pandas as pd

from assets.lib.kept_rows import kept_rows
from assets.lib.record import read_record
from assets.lib.shop import FOLDERS, Shop
from catalog.cleaning.losses import read_losses

__all__ = ["show_refused"]

EVENTS = "interactions_quarantine"


def show_refused(shop: Shop) -> None:
    """Write the quarantine page anew, with what is known by now of the splits and of the page's events."""
    from data_checks.validation.quarantine_page import write_quarantine_page

    losses, refused = read_losses(shop.folder("quarantine")), shop.table("quarantine")
    if read_record(shop.workspace.root / FOLDERS.get(EVENTS, "")) is not None:
        told = shop.table(EVENTS).assign(table="shopper events")
        refused = pd.concat([part for part in (refused, told) if len(part)] or [refused], ignore_index=True)
    write_quarantine_page(shop.workspace.validation, losses, refused, kept_rows(shop.workspace.prepared))
