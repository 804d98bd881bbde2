"""How far long work is: a bar on a terminal, and a line now and then where there is none (a log, a pipe).

Dagster captures what a step writes and passes it on, so a step never sees the terminal; the launcher,
which does, sets SHELFSPACE_PROGRESS to 1. Set to 0, it says nothing.
"""

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm

__all__ = ["progress_bar"]

EVERY = 20.0
"""Seconds between two lines, and before the first: what is done sooner needs none."""


def progress_bar(
    work: Iterable[Any] | None = None, what: str = "", *, progress: bool = True, **options: Any
) -> tqdm:
    """tqdm over `work`, or one that is updated by hand.

    Args:
        work: what is iterated; None with `total`, for `update`.
        what: is done.
        progress: False says nothing.
        options: of tqdm, such as total, initial, unit.
    """
    wished = os.environ.get("SHELFSPACE_PROGRESS", "")
    hidden = not progress or wished == "0"
    if not hidden and wished != "1" and not sys.stderr.isatty():
        return Lines(work, what, mininterval=EVERY, miniters=1, **options)
    return tqdm(work, what, mininterval=1, disable=hidden, **options)


class Lines(tqdm):
    """A tqdm that writes whole lines: done, of how many, how fast, and the time left."""

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Write a line, unless one was written a moment ago."""
        del msg, pos
        now = time.monotonic()
        if now - self.__dict__.setdefault("_said", now) >= 0.9 * EVERY:
            self._said = now
            print(f"  {self.sentence()}", file=sys.stderr, flush=True)
        return True

    def sentence(self) -> str:
        """How far it is, as one line."""
        seen = self.format_dict
        done, total, unit = seen["n"], seen["total"], seen["unit"]
        rate = seen["rate"] or (done - seen["initial"]) / max(seen["elapsed"], 1e-9)
        speed = f"{rate:,.1f} {unit}/s" if rate >= 1 or not rate else f"{1 / rate:,.1f} s/{unit}"
        said = f"{seen['prefix'] or 'work'}: {done:,}"
        if not total:
            return f"{said} {unit} done, {speed}"
        said += f" of {total:,} {unit} ({done / total:.0%}), {speed}"
        left = f", {tqdm.format_interval((total - done) / rate)} left" if rate else ""
        return said + left + (f", {seen['postfix']}" if seen["postfix"] else "")

    def close(self) -> None:
        """End it, without the empty line that ends a bar."""
        if not getattr(self, "disable", True):
            self.disable = True
            self._decr_instances(self)

    def clear(self, nolock: bool = False) -> None:
        """A line is written once and stays."""
        del nolock

    def moveto(self, n: int) -> None:
        """Lines have no place on a screen."""
        del n
