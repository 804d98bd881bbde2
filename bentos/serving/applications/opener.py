"""How the folder of an application becomes what its routes ask."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from releases.in_memory import InMemoryRelease

__all__ = ["Opener"]


@dataclass(frozen=True)
class Opener:
    """The record of one application that is more than rows by product.

    Attributes:
        name: of the application: its asset.
        open: from its folder and the release that it is of to an object; reads all it needs now, so that no
            answer waits, and what costs much to import only where the folder needs it. It raises an error
            of `shelfspace.errors` for a folder of another form; such an application is not served, and
            /release says why.
    """

    name: str
    open: Callable[[Path, InMemoryRelease], Any]
