"""The scrub: read all that a workspace keeps, and name what is not as it was written, with the way back.

What a run reads, it compares anyway. A scrub reads the rest as well: the older releases, what no stage
has asked for in weeks, the logs.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from tabulate import tabulate

from assets.lib.dvc import kept_md5
from assets.lib.record import RECORD, check_bytes
from catalog.interactions.reading import check_interactions
from catalog.interactions.table import INTERACTIONS
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_events, read_raw_products, read_raw_stock
from catalog.snapshot.user_key import user_key
from models.features.store import FeatureStore
from releases.bars import read_bars
from releases.champion import check_papers
from releases.pairs import check_pair, pair_folders
from releases.pins import pinned
from releases.pointer import current_id, history
from releases.release import Release, list_releases
from releases.waiting import waiting
from shelfspace.approvals import APPROVALS, approvals
from shelfspace.durable_log import DurableLog
from shelfspace.errors import ArtifactError
from shelfspace.files import check_sealed_folder, read_json, read_parquet
from shelfspace.way_back import way_back
from shelfspace.workspace import REQUEST_LOG, Workspace

__all__ = ["Damage", "Scrubbed", "scrub", "told"]


@dataclass(frozen=True)
class Damage:
    """A kind of bytes that is not whole, and the sentence that names the file and the way back."""

    kind: str
    said: str


@dataclass(frozen=True)
class Scrubbed:
    """What a scrub read.

    Attributes:
        bytes: kind to the bytes of its files.
        damages: in the order they were found.
        seconds: wall time.
    """

    bytes: dict[str, int]
    damages: list[Damage]
    seconds: float

    @property
    def megabytes_per_second(self) -> float:
        return sum(self.bytes.values()) / 1e6 / max(self.seconds, 1e-9)


@dataclass(frozen=True)
class Part:
    """Bytes that are verified together: of which kind, where, and how."""

    kind: str
    place: Path
    verify: Callable[[], object]


def scrub(workspace: Workspace, bentos: Mapping[Path, Callable[[], object]] | None = None) -> Scrubbed:
    """Verify all that a workspace keeps, and change nothing; the caller holds its lock.

    Args:
        bentos: folder of each Bento to what verifies it, which this room does not know.
    """
    started = time.monotonic()
    sizes: dict[str, int] = {}
    damages = []
    packed = (Part("Bentos", folder, verify) for folder, verify in (bentos or {}).items())
    for part in chain(parts(workspace), packed):
        files = part.place.rglob("*") if part.place.is_dir() else [part.place]
        sizes[part.kind] = sizes.get(part.kind, 0) + sum(f.stat().st_size for f in files if f.is_file())
        try:
            part.verify()
        except ArtifactError as error:
            damages.append(Damage(part.kind, str(error)))
        except OSError as error:
            damages.append(
                Damage(part.kind, f"{part.place} cannot be read ({error}); {way_back(part.place)}")
            )
    return Scrubbed(sizes, damages, time.monotonic() - started)


def told(found: Scrubbed) -> str:
    """What a scrub came to, as a table and a sentence a damage."""
    bad = {damage.kind: sum(d.kind == damage.kind for d in found.damages) for damage in found.damages}
    rows = [
        (kind, f"{size / 1e6:,.1f}", f"{bad[kind]} damaged" if kind in bad else "whole")
        for kind, size in found.bytes.items()
    ]
    total = f"{sum(found.bytes.values()) / 1e6:,.1f} MB read in {found.seconds:.1f} s"
    lines = [tabulate(rows, headers=("kept", "MB", ""), colalign=("left", "right", "left")), "", total]
    return "\n".join([*lines, *(f"damaged: {damage.said}" for damage in found.damages)])


def parts(workspace: Workspace) -> Iterator[Part]:
    """All that is verified, in the order of the chain."""
    root, state = workspace.root, workspace.state
    if workspace.snapshot.is_dir():
        yield Part("snapshot", workspace.snapshot, partial(check_snapshot, workspace))
    yield Part("key of shopper ids", state / "user.key", partial(user_key, state))
    if (frozen := state / "splits.parquet").exists():
        yield Part("frozen split", frozen, partial(read_parquet, frozen))
    for record in sorted(root.rglob(RECORD)):
        if workspace.releases not in record.parents and state / "bentoml" not in record.parents:
            yield Part("assets", record.parent, partial(check_bytes, record.parent))
    for name in ("features", "embeddings"):
        for ledger in sorted((state / name).glob("*/*/ledger.sqlite")):
            store = ledger.parent
            yield Part("stored vectors", store, partial(check_store, store))
    for note in sorted([*state.glob("checks/*.json"), *state.glob("made_by/*.json")]):
        yield Part("verdicts and notes", note, partial(read_json, note))
    yield Part("champion", root / "champion.json", partial(check_papers, workspace))
    for model in sorted(path for path in (state / "champions").glob("*") if path.is_dir()):
        yield Part("champion", model, partial(check_model, model))
    kept = [path for path in (state / "drift").glob("*/*") if path.is_dir()]
    for folder in sorted([*(state / "reference").glob("*"), *kept]):
        yield Part("drift reference", folder, partial(check_sealed_folder, folder))
    yield Part("releases", workspace.releases / "current", partial(current_id, root))
    yield Part("releases", workspace.releases / "promotions.jsonl", partial(history, root))
    yield Part("releases", workspace.releases / "bars.json", partial(read_bars, root))
    yield Part("releases", workspace.releases / "pins.json", partial(pinned, root))
    yield Part("releases", workspace.releases / "waiting.json", partial(waiting, root))
    yield Part("releases", root / APPROVALS, partial(approvals, root))
    for folder in list_releases(workspace.releases):
        yield Part("releases", folder, partial(Release.load, folder))
    for folder in pair_folders(root):
        yield Part("insights", folder, partial(check_pair, folder))
    logs = sorted([*workspace.live.glob(REQUEST_LOG), *(root / "delta").glob("*.log")])
    yield from (Part("logs", log, partial(check_log, log)) for log in logs)
    for table in workspace.live.glob(INTERACTIONS):
        yield Part("logs", table, partial(check_interactions, workspace.live))


def check_snapshot(workspace: Workspace) -> None:
    """Compare the snapshot with what DVC was told of it, and each file's content with the checksums inside.

    Raises:
        ArtifactError: a file is damaged.
    """
    for name, wanted in kept_md5(workspace.snapshot).items():
        file = workspace.snapshot / name
        if not file.is_file() or md5(file) != wanted:
            said = "damaged, not what DVC was told of" if file.is_file() else "missing"
            raise ArtifactError(f"{file} is {said}; {way_back(file)}")
    for read in (read_raw_products, read_raw_events, read_raw_stock):
        read(workspace.snapshot)
    media = MediaStore.open(workspace.snapshot)
    for key in media.keys():  # noqa: SIM118 - it is no mapping
        media.read(key)


def md5(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def check_store(folder: Path) -> None:
    """Compare the shards of one store with its ledger; when it was used last stays as it is."""
    before = folder.stat()
    FeatureStore(folder.parent.parent, folder.parent.name, folder.name).check()
    os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))


def check_model(folder: Path) -> None:
    """Compare a champion with its fingerprint."""
    from models.inference.folder import read_folder

    read_folder(folder)


def check_log(path: Path) -> None:
    """Read every entry of a log, with what belongs to it."""
    with closing(DurableLog(path)) as log:
        log.read(files=True)
