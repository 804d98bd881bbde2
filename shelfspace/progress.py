"""Whether progress bars are shown: on a terminal, or where whoever owns the terminal says so."""

import os

__all__ = ["hide_bar"]


def hide_bar(progress: bool = True) -> bool | None:
    """The `disable` argument of tqdm: True hides the bar, None shows it on a terminal alone.

    Dagster captures what a step writes and passes it on, so a step never sees the terminal; the
    launcher, which does, sets SHELFSPACE_PROGRESS.
    """
    if not progress:
        return True
    return False if os.environ.get("SHELFSPACE_PROGRESS") == "1" else None
