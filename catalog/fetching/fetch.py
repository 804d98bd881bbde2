"""All addresses of a catalogue, fetched at a bounded rate; what is there already is not asked for again."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from catalog.cells import media_cell
from catalog.fetching.download import Downloader
from catalog.fetching.hosts import AwayError, Hosts
from catalog.media import probe_photo, probe_sound
from catalog.media.addresses import FETCHED, LEDGER, fetched_name, is_address
from catalog.sources.base import CatalogSource
from shelfspace.errors import BusyError, CatalogError, InputError
from shelfspace.files import write_bytes
from shelfspace.progress import progress_bar
from shelfspace.settings import Fetch, Media

__all__ = ["Fetched", "addresses_of", "fetch_media"]


@dataclass
class Fetched:
    """What one call did.

    Attributes:
        fetched, megabytes: files that came, and their size.
        there: addresses whose file was there before.
        left: addresses that were not asked, since the call's count was used up.
        failed: address to why it has no file.
        refused_before: how many of those were refused by an earlier call and not asked again.
    """

    fetched: int = 0
    megabytes: float = 0.0
    there: int = 0
    left: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    refused_before: int = 0

    @property
    def reasons(self) -> list[tuple[str, int, str]]:
        """Why addresses have no file: reason, how many, and the first of them; the most frequent first."""
        counted = Counter(self.failed.values())
        first = {why: address for address, why in reversed(self.failed.items())}
        return [(why, count, first[why]) for why, count in counted.most_common()]


def addresses_of(source: CatalogSource) -> dict[str, str]:
    """Address to `photos` or `sounds`, of all that the products' table names by address."""
    products = source.products()
    return {
        key: kind
        for kind in ("photos", "sounds")
        for cell in products[kind].unique()
        for key in media_cell(cell, source.photo_separator)
        if is_address(key)
    }


def fetch_media(
    source: CatalogSource, settings: Fetch, media: Media, hosts: Hosts, *, limit: int, again: bool = False
) -> Fetched:
    """Fetch what a catalogue names by address, into `fetched/` of its media root.

    Each file is written whole or not at all, and only if it opens and keeps the limits of `media`. A call
    that is stopped goes on where it was.

    Args:
        hosts: that may be asked.
        limit: addresses asked at most.
        again: ask also for those that an earlier call found refused.

    Raises:
        CatalogError: the catalogue has no folder for media.
        BusyError: another call fetches into the same folder.
    """
    folder = _folder(source)
    wanted, found = addresses_of(source), Fetched()
    try:
        with FileLock(folder / ".lock", timeout=0):
            refused = {} if again else _refused(folder)
            missing = [a for a in wanted if not (folder.parent / fetched_name(a)).is_file()]
            found.there = len(wanted) - len(missing)
            found.failed = {a: refused[a] for a in missing if a in refused}
            found.refused_before = len(found.failed)
            asked = [a for a in missing if a not in refused]
            found.left = max(len(asked) - limit, 0)
            _fetch_all({a: wanted[a] for a in asked[:limit]}, folder, settings, media, hosts, found)
    except Timeout:
        raise BusyError(f"another fetch-media works in {folder}; wait for it") from None
    return found


def _folder(source: CatalogSource) -> Path:
    if source.media_root is None:
        raise CatalogError(
            "media_root", "", f"make a folder media in {source.folder}, or name one in catalog.yaml"
        )
    folder = source.media_root / FETCHED
    folder.mkdir(exist_ok=True)
    for leftover in folder.glob(".*.tmp"):
        leftover.unlink()
    return folder


def _fetch_all(
    wanted: Mapping[str, str], folder: Path, settings: Fetch, media: Media, hosts: Hosts, found: Fetched
) -> None:
    probes: dict[str, tuple[Callable[[bytes, Media], Any], int]] = {
        "photos": (probe_photo, media.max_photo_bytes),
        "sounds": (probe_sound, media.max_sound_bytes),
    }
    downloader, pause = Downloader(hosts, settings.seconds), 1 / settings.per_second
    try:
        for address, kind in progress_bar(wanted.items(), "fetch", total=len(wanted), unit="file"):
            started = time.monotonic()
            probe, most = probes[kind]
            try:
                data = downloader.fetch(address, most)
                probe(data, media)
            except AwayError as error:
                found.failed[address] = f"{error}; run the same again later"
            except InputError as error:
                found.failed[address] = error.remedy
                _note(folder, {"address": address, "refused": error.remedy})
            else:
                write_bytes(folder.parent / fetched_name(address), data)
                _note(folder, {"address": address, "file": fetched_name(address), "bytes": len(data)})
                found.fetched += 1
                found.megabytes += len(data) / 1e6
            time.sleep(max(pause - (time.monotonic() - started), 0.0))
    finally:
        downloader.close()


def _note(folder: Path, line: dict[str, Any]) -> None:
    with (folder / LEDGER).open("ab") as ledger:
        ledger.write(orjson.dumps(line) + b"\n")


def _refused(folder: Path) -> dict[str, str]:
    """Address to why an earlier call found it refused; a line that a killed call left half is passed over."""
    path = folder / LEDGER
    refused: dict[str, str] = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            said = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(said, dict) and "refused" in said:
            refused[str(said["address"])] = str(said["refused"])
    return refused
