"""What recommends: opened with the release's vectors."""

from pathlib import Path
from typing import Any

from bentos.serving.applications.opener import Opener
from releases.in_memory import InMemoryRelease

__all__ = ["RECOMMENDATION"]


def opened(folder: Path, release: InMemoryRelease) -> Any:
    """A `Recommender`; LightGBM is imported only where something learned is used."""
    from insights.recommendation.serve import Recommender

    return Recommender.open(folder, release.vectors, release.rows)


RECOMMENDATION = Opener("recommendation", opened)
