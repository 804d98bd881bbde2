"""The price suggestions of a release: rows by product, and what prices a further listing."""

from pathlib import Path
from typing import TYPE_CHECKING

from bentos.serving.applications.opener import Opener
from releases.in_memory import InMemoryRelease

if TYPE_CHECKING:
    from insights.price.kept import KeptPrices

__all__ = ["PRICE_SUGGESTIONS"]


def open_prices(folder: Path, release: InMemoryRelease) -> "KeptPrices":
    """What a folder holds.

    Raises:
        ArtifactError: it is damaged, or of another form.
    """
    from insights.price.kept import kept_prices

    del release
    return kept_prices(folder)


PRICE_SUGGESTIONS = Opener("price_suggestions", open_prices)
