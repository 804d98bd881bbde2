"""The `videos` column of a catalogue: read as further photos and sounds of the product.

A file `clips/a.mp4` becomes the photos `clips/a.mp4#frame-1.jpg` ... and the sound
`clips/a.mp4#sound.wav`; from there on they are photos and sounds like any other. A video that is
refused stays in the photos under its own name, so that it lands in quarantine with its reason.
"""

import json
from functools import lru_cache
from pathlib import Path

import pandas as pd

from catalog.cells import media_cell, usable_key
from catalog.media.video import video_parts
from shelfspace.errors import MediaError
from shelfspace.settings import Media

__all__ = ["COLUMN", "MARK", "part_of_video", "with_videos"]

COLUMN = "videos"
MARK = "#"


def with_videos(table: pd.DataFrame, separator: str, root: Path | None, limits: Media) -> pd.DataFrame:
    """Raw product rows without `videos`, its files named among photos and sounds.

    Args:
        table: contract columns and `videos`, all str.
        separator: between several keys of a cell.
        root: the media root that keys are relative to.
        limits: allow-list and caps of what is opened.
    """
    photos, sounds = list(table["photos"]), list(table["sounds"])
    for row, cell in enumerate(table[COLUMN]):
        keys = media_cell(cell, separator)
        names = [name for key in keys for name in _names(key, root, limits)]
        heard = [name for name in names if name.endswith("#sound.wav")]
        seen = [name for name in names if name not in heard]
        if seen:
            photos[row] = json.dumps([*media_cell(photos[row], separator), *seen], ensure_ascii=False)
        if heard:
            sounds[row] = json.dumps([*media_cell(sounds[row], separator), *heard], ensure_ascii=False)
    return table.drop(columns=COLUMN).assign(photos=photos, sounds=sounds)


def _names(key: str, root: Path | None, limits: Media) -> list[str]:
    """Keys of a video's parts; its own key where it is missing, refused or out of bounds."""
    from catalog.sources.base import inside

    if root is None or not usable_key(key):
        return [key]
    path = inside(root, key, "media key")
    if not path.is_file():
        return [key]
    try:
        return [f"{key}{MARK}{part}" for part in video_parts(path.read_bytes(), limits)]
    except MediaError:
        return [key]


def part_of_video(video: Path, part: str, limits: Media) -> bytes | None:
    """One part of a video file; None where it has no such part or is refused."""
    state = video.stat()
    return _parts(video, (state.st_mtime_ns, state.st_size), limits.model_dump_json()).get(part)


@lru_cache(maxsize=1)
def _parts(video: Path, state: tuple[int, int], limits: str) -> dict[str, bytes]:
    """All parts of the file asked for last: keys are read in order, so its parts follow one another."""
    try:
        return video_parts(video.read_bytes(), Media.model_validate_json(limits))
    except MediaError:
        return {}
