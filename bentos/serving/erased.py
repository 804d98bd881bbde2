"""What was erased, as the service knows it: it takes no change and no event of it any more."""

from pathlib import Path

from bentos.errors import RequestError
from catalog.erasure.tombstones import FILE, FOLDER, NOTHING_ERASED, Kind, Tombstones
from shelfspace.clock import minute
from shelfspace.watched_file import WatchedFile

__all__ = ["Erased"]


class Erased:
    """The tombstones of a workspace, looked at whenever the rules are.

    Args:
        workspace: its folder; without one nothing is erased.
    """

    def __init__(self, workspace: Path | None) -> None:
        path = None if workspace is None else workspace / "state" / FOLDER / FILE
        self._file = WatchedFile(path, _read, NOTHING_ERASED, "tombstones")

    def refresh(self) -> None:
        """Read them again where they are others than last time."""
        self._file.refresh()

    def refuse(self, kind: Kind, one: str, field: str) -> None:
        """Refuse what is of an erased product or shopper.

        Args:
            one: the product's id, or the shopper's pseudonym.
            field: that names it, for the answer, which does not repeat it.

        Raises:
            RequestError: 410 where it was erased, 503 where the tombstones cannot be read.
        """
        if self._file.problem:
            remedy = f"{self._file.problem}; until then nothing is taken that might be of what was erased"
            raise RequestError(503, "service", "tombstones", remedy, retry_after=60)
        stone = self._file.content.of(kind, one) if one else None
        if stone is not None:
            again = f"a person may allow it again with: shelfspace forget --allow-again --{kind} ID"
            raise RequestError(410, field, f"a {kind}", f"it was erased on {minute(stone.when)} UTC; {again}")


def _read(path: Path) -> Tombstones:
    return Tombstones.open(path.parent.parent)
