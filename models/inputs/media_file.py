"""One photo or sound on its way into arrays: opened once, whoever asks; a refusal names it."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from shelfspace.errors import MediaError
from shelfspace.settings import Media, Preprocessing

__all__ = ["MediaFile", "in_threads"]

S = TypeVar("S")
T = TypeVar("T")


class MediaFile:
    """A file's bytes and what may be decoded of it.

    Args:
        data: the bytes.
        preprocessing: the size, or rate and length, that it is decoded to.
        limits: refuses what is too large.
        key: its name in the catalogue, for a refusal; "" for a file of a request.
    """

    def __init__(self, data: bytes, preprocessing: Preprocessing, limits: Media, key: str = "") -> None:
        self.data, self.preprocessing, self.limits, self.key = data, preprocessing, limits, key

    def opened(self, decode: Callable[[bytes], T]) -> T:
        """What a decoder makes of the bytes.

        Raises:
            MediaError: the file is refused; the message begins with its key.
        """
        try:
            return decode(self.data)
        except MediaError as error:
            if not self.key:
                raise
            raise MediaError(f"{self.key}: {error.field}", error.value, error.remedy) from error


def in_threads(function: Callable[[S], T], values: Sequence[S]) -> list[T]:
    """Results in order, over as many threads as this process has cores; decoders release the GIL."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or len(values) < 2:
        return [function(value) for value in values]
    with ThreadPoolExecutor(min(cores, 16)) as pool:
        return list(pool.map(function, values))
