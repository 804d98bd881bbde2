"""The record of a page of facts: asked by GET, with no body."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bentos.auth.keys import ScopeName
from bentos.serving.backend import Backend

__all__ = ["Facts"]


@dataclass(frozen=True)
class Facts:
    """One page.

    Attributes:
        path: it is asked by.
        read: gives the facts, JSON values; runs in a thread.
        scope: what a key must be allowed to do.
    """

    path: str
    read: Callable[[Backend], dict[str, Any]]
    scope: ScopeName = "read"
