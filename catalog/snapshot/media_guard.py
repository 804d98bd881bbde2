"""Photos and sounds that would take the place of others; what a look at them objects to stays out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from catalog.cells import media_cell
from catalog.snapshot.coming_media import ComingMedia
from shelfspace.hashing import fingerprint

__all__ = ["NO_MEDIA", "MediaVerdict", "judge_media"]


@dataclass(frozen=True)
class MediaVerdict:
    """What is to become of media that replace others.

    Attributes:
        replaced: their keys, sorted.
        digest: of the keys and the new bytes; "" without any.
        held: why they stay out; "" where they do not.
        delivered: whether any of them lies in the inbox, not all in the source's own folder.
    """

    replaced: tuple[str, ...] = ()
    digest: str = ""
    held: str = ""
    delivered: bool = False

    @property
    def name(self) -> str:
        """What they are called in the ledger."""
        whose = "" if self.delivered else " of the source"
        if len(self.replaced) == 1:
            return f"media/{self.replaced[0]}{whose}"
        return f"replaced media ({len(self.replaced)} files{whose})"

    def let_in(self, fresh: Sequence[str]) -> list[str]:
        """Keys of new and changed media without those that stay out."""
        return [key for key in fresh if not (self.held and key in self.replaced)]


NO_MEDIA = MediaVerdict()


def judge_media(
    rows: pd.DataFrame,
    fresh: Sequence[str],
    coming: ComingMedia,
    separator: str,
    objection: Callable[[str, pd.DataFrame, pd.DataFrame], str],
    approved: str,
) -> MediaVerdict:
    """Ask for an objection to media that replace others under rows that stay as they are.

    Args:
        rows: present product rows after the run.
        fresh: keys of media that are new or changed.
        separator: between the keys of a cell.
        objection: see `catalog.snapshot.guards`.
        approved: digest of those that a person has let through.
    """
    replaced = tuple(sorted(key for key in fresh if coming.replaces(key)))
    if not replaced:
        return NO_MEDIA
    found = MediaVerdict(
        replaced,
        fingerprint([[key, coming.digest(key)] for key in replaced]),
        delivered=any(coming.delivers(key) for key in replaced),
    )
    if found.digest == approved:
        return found
    keys = set(replaced)
    cells = pd.concat([rows["photos"], rows["sounds"]]).unique()
    named = {cell for cell in cells if keys.intersection(media_cell(cell, separator))}
    touched = rows[rows["photos"].isin(named) | rows["sounds"].isin(named)]
    held = objection(found.name, touched, touched)
    return MediaVerdict(found.replaced, found.digest, held, found.delivered)
