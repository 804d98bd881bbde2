"""What was found of the listings of a release, less what was put right since."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bentos.serving.applications.opener import Opener
from insights.listing_health.sentences import COLUMNS, price_text
from releases.in_memory import InMemoryRelease
from retrieval.catalogue.view import CatalogueView
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet

__all__ = ["LISTING_HEALTH", "OpenedHealth"]


@dataclass(frozen=True)
class OpenedHealth:
    """The findings, the surest first, and what is said of all.

    Attributes:
        findings: `insights.listing_health.sentences.COLUMNS`.
        said: listing_health.json.
    """

    findings: pd.DataFrame
    said: dict[str, Any]

    def now(self, catalogue: CatalogueView) -> tuple[pd.DataFrame, int]:
        """The findings that still stand, and how many are gone: their product was deleted, or says something
        else by now."""
        kept = [
            _stands(catalogue, product, kind, stands)
            for product, kind, stands in self.findings[["product_id", "kind", "stands"]].itertuples(
                index=False, name=None
            )
        ]
        still = self.findings[np.array(kept, dtype=bool)].reset_index(drop=True)
        return still, len(self.findings) - len(still)


def _stands(catalogue: CatalogueView, product: str, kind: str, stands: str) -> bool:
    """Whether a product says now what was found wrong."""
    place = catalogue.position_of(product)
    if place is None:
        return False
    hit = catalogue.hit(place)
    if kind == "price":
        return hit["price"] is not None and price_text(hit["price"], hit["currency"]) == stands
    if kind == "category":
        return bool(hit["category"] == stands)
    if kind in ("text", "duplicate"):
        return bool(hit["title"] == stands)
    details = catalogue.details(place)
    if kind == "attribute":
        return stands not in details["attributes"]
    return bool(details[f"{kind}s"][:1] == [stands])


def open_health(folder: Path, release: InMemoryRelease) -> OpenedHealth:
    """The findings of a folder.

    Raises:
        ArtifactError: it is of another form.
    """
    del release
    table = folder / "listing_health.parquet"
    findings = read_parquet(table)
    if list(findings) != list(COLUMNS):
        raise ArtifactError(f"{table} has other columns than this version reads; make a new release")
    order = findings.sort_values("sure", ascending=False, kind="stable").reset_index(drop=True)
    return OpenedHealth(order, read_json(folder / "listing_health.json"))


LISTING_HEALTH = Opener("listing_health", open_health)
