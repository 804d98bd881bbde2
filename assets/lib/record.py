"""What each asset last produced: one record beside its bytes, and the rule that skips unchanged work.

A record holds the fingerprint of everything an asset was computed from (data versions of its
inputs, its code version, its settings) and the data version of what came out. It lies inside the
asset's folder: when DVC or a person removes the folder, the record goes with it. Who made the asset, when
and with how many threads lies outside, in a note: equal work leaves equal bytes, which DVC identifies.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shelfspace.errors import ArtifactError
from shelfspace.files import atomic_directory, read_json, reading, write_sealed_json
from shelfspace.hashing import fingerprint, tree_hashes
from shelfspace.way_back import way_back

__all__ = ["NOT_CONTENT", "OF_A_RUN", "RECORD", "Facts", "Record", "build", "check_bytes", "read_record"]

RECORD = "record.json"
NOT_CONTENT = frozenset({RECORD, "timing.json"})
"""Files that say when and how fast, not what: they make no other data version."""

Facts = dict[str, Any]
"""Metadata of an asset as plain JSON: numbers, texts, and tagged values {"table": columns and rows},
{"md": markdown}, {"json": object}, {"png": picture in the folder}, {"page": HTML in the folder},
{"path": path}, {"url": address}."""

OF_A_RUN = frozenset(
    {"computed_rows", "reused_rows", "kept_from_before", "training_seconds", "resumed_from_epoch", "deleted"}
)
"""Facts of one run's work: shown but not recorded, since how often a stage ran makes no other asset."""


@dataclass(frozen=True)
class Record:
    """One finished computation of an asset.

    Attributes:
        folder: where its bytes lie.
        fingerprint: hash of all it was computed from.
        data_version: hash of what came out.
        facts: metadata to show.
        unchanged: whether this call found it done already.
        seconds: wall time of this call.
        made_by: code, settings, threads and run that computed it (`shelfspace.provenance`); {} where an
            earlier version did.
        files: path in the folder to the hash of each file that counts as content; {} where an earlier
            version made it.
    """

    folder: Path
    fingerprint: str
    data_version: str
    facts: Facts = field(default_factory=dict)
    unchanged: bool = False
    seconds: float = 0.0
    made_by: Facts = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def read_record(folder: Path, note: Path | None = None) -> Record | None:
    """The record in a folder, or None where there is none.

    Args:
        note: where `build` noted who made it; a note of another computation says nothing.

    Raises:
        ArtifactError: the record is there but cannot be read.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    noted = read_json(note) if note is not None and note.exists() else {}
    with reading(path, KeyError, TypeError, AttributeError):
        kept = read_json(path)
        by = noted["made_by"] if noted.get("fingerprint") == kept["fingerprint"] else {}
        files = kept.get("files", {})
        return Record(
            folder, kept["fingerprint"], kept["data_version"], kept["facts"], made_by=by, files=files
        )


def check_bytes(folder: Path) -> None:
    """Compare an asset's files with its record; a folder without a record has nothing to compare with.

    Raises:
        ArtifactError: a file is not what was written, is missing or was added; names it.
    """
    kept = read_record(folder)
    if kept is None:
        return
    there = tree_hashes(folder, skip=NOT_CONTENT)
    if fingerprint(list(there.items())) == kept.data_version:
        return
    wrong = sorted(
        name for name in there.keys() | kept.files.keys() if there.get(name) != kept.files.get(name)
    )
    what = ", ".join(str(folder / name) for name in wrong[:5]) if kept.files else str(folder)
    raise ArtifactError(f"{what}: damaged, not what was written; {way_back(folder / RECORD)}")


def build(
    folder: Path,
    *,
    inputs: Mapping[str, str],
    code_version: str,
    settings: Sequence[Any],
    compute: Callable[[Path], Facts],
    made_by: Callable[[], Facts] = dict,
    note: Path | None = None,
    there: Callable[[Facts], bool] = lambda _facts: True,
) -> Record:
    """Compute an asset's folder unless it was computed from exactly this before.

    Args:
        folder: the asset's own folder; replaced as a whole, atomically.
        inputs: input name to its data version.
        code_version: changes when the computation's meaning does.
        settings: JSON-able values the computation depends on (often `section.model_dump()`).
        compute: fills an empty folder and returns the facts to show.
        made_by: what is noted of this computation, asked once it is done; no part of the fingerprint.
        note: where that is written; None: nowhere.
        there: whether what lies outside the folder, and which the recorded facts name, is still there.
    """
    started = time.monotonic()
    wanted = fingerprint({"inputs": dict(inputs), "code": code_version, "settings": list(settings)})
    kept = read_record(folder, note)
    if kept is not None and kept.fingerprint == wanted and there(kept.facts):
        return replace(kept, unchanged=True, seconds=time.monotonic() - started)
    with atomic_directory(folder) as temporary:
        facts = compute(temporary)
        files = tree_hashes(temporary, skip=NOT_CONTENT)
        version = fingerprint(list(files.items()))
        kept_facts = {name: fact for name, fact in facts.items() if name not in OF_A_RUN}
        said = {"fingerprint": wanted, "data_version": version, "files": files, "facts": kept_facts}
        write_sealed_json(temporary / RECORD, said)
        by = made_by()
        if note is not None:
            # Before the folder takes its place: killed between the two, the asset is made and noted again.
            for leftover in note.parent.glob(f".{note.name}.*.tmp"):
                leftover.unlink()
            write_sealed_json(note, {"fingerprint": wanted, "made_by": by})
    return Record(folder, wanted, version, facts, seconds=time.monotonic() - started, made_by=by, files=files)
