"""Files that wait in an inbox."""

from pathlib import Path

from catalog.deliveries.settle import files_in

__all__ = ["waiting"]


def waiting(inbox: Path) -> list[Path]:
    """Files in the inbox that are not on their way by their name."""
    return [file.path for file in files_in(inbox)]
