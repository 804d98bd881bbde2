"""The section of what an erasure makes of the past."""

from typing import Literal

from pydantic import Field

from shelfspace.settings.section import Section

__all__ = ["Erasure"]


class Erasure(Section):
    """What `shelfspace forget` does with what was made before."""

    releases: Literal["rebuild", "expire"] = Field(
        "rebuild",
        description="Earlier releases that hold what is erased: made again without its rows, under the same "
        "model, or deleted.",
    )
    dvc: Literal["rewrite", "expire"] = Field(
        "rewrite",
        description="Earlier snapshots that hold it, in DVC's cache and remote: kept without its rows, so "
        "that releases can still be reproduced, or deleted.",
    )
