"""What the steps of an erasure are given, and what each says of what it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from assets.lib.erasure.search import Needles
from assets.lib.erasure.traces import Traces
from catalog.erasure.tombstones import Tombstones
from catalog.sources.base import CatalogSource
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

__all__ = ["Done", "Remains", "Step", "Work"]


@dataclass(frozen=True)
class Remains:
    """Bytes that an erasure leaves.

    Attributes:
        where: the place, in a workspace relative to its folder.
        why: they stay, as a clause.
        until: what makes them go, as a clause.
    """

    where: str
    why: str
    until: str


@dataclass(frozen=True)
class Done:
    """What a step did.

    Attributes:
        removed: place to how many rows or files, 0 where it found none.
        remains: what it could not remove.
        said: what else is to be known, a sentence each.
    """

    removed: Mapping[str, int] = field(default_factory=dict)
    remains: tuple[Remains, ...] = ()
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Work:
    """One erasure.

    Attributes:
        stones: all tombstones, those of this erasure among them.
        traces: what this erasure looks for.
        user_key: secret of the pseudonyms.
        rebuild: runs the job that makes everything anew from what is left; says what came of it.
        drop_bentos: deletes the Bentos of releases that are gone; their tags.
    """

    workspace: Workspace
    source: CatalogSource
    settings: Settings
    stones: Tombstones
    traces: Traces
    user_key: bytes
    rebuild: Callable[[], Done]
    drop_bentos: Callable[[], list[str]]

    @cached_property
    def everything(self) -> Needles:
        """What shows that a file holds it."""
        return Needles.of(self.traces.words, self.traces.pieces, self.traces.beginnings)

    @cached_property
    def needles(self) -> Needles:
        """What may be blotted out of texts."""
        return Needles.of(self.traces.words, beginnings=self.traces.beginnings)


@dataclass(frozen=True)
class Step:
    """A part of an erasure, which may be killed anywhere and done again.

    Attributes:
        name: in the record.
        said: what it does, for people.
        run: does it.
        alone: it needs the workspace for itself; a step that starts a run must not hold it.
    """

    name: str
    said: str
    run: Callable[[Work], Done]
    alone: bool = True
