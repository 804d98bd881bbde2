"""What is fixed of a question once, and kept while the same champion serves: its reference and its limits."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from data_checks.drift.limits import Limits, fit_limits
from data_checks.drift.windows import Window
from shelfspace.errors import ArtifactError
from shelfspace.files import (
    atomic_directory,
    check_sealed_folder,
    read_array,
    read_json,
    read_parquet,
    reading,
    seal_folder,
    write_json,
    write_table,
    write_text,
)

__all__ = ["folder_of", "keep_window", "kept_limits", "kept_window"]


def folder_of(kept: Path, question: str) -> Path:
    """Where a question's reference and limits lie."""
    return kept / question.replace(" ", "-")


def keep_window(folder: Path, window: Window) -> None:
    """Write a reference, whole or not at all; one that is there stays as it is."""
    if folder.exists():
        return
    with atomic_directory(folder) as temporary:
        # Which order or visit it was is nobody's business here: rows of one block share a number.
        blocks = {} if window.blocks is None else {"__block": pd.factorize(window.blocks)[0]}
        write_table(temporary / "rows.parquet", window.columns.assign(**blocks))
        for name, table in window.vectors.items():
            np.save(temporary / f"{name}.npy", table)
        ends = {"start": str(window.start or ""), "end": str(window.end or ""), "counts": dict(window.counts)}
        write_json(temporary / "window.json", {**ends, "vectors": sorted(window.vectors)})
        seal_folder(temporary)


def kept_window(folder: Path, question: str) -> Window | None:
    """What `keep_window` wrote; None where nothing is kept yet.

    Raises:
        ArtifactError: a file of it is damaged.
    """
    if not folder.exists():
        return None
    check_sealed_folder(folder)
    said = read_json(folder / "window.json")
    rows = read_parquet(folder / "rows.parquet")
    blocks = rows.pop("__block") if "__block" in rows else None
    vectors = {name: read_array(folder / f"{name}.npy") for name in said["vectors"]}
    start, end = (pd.Timestamp(said[name]) if said[name] else None for name in ("start", "end"))
    return Window(question, rows, vectors, blocks, said["counts"], start, end)


def kept_limits(folder: Path, reference: Window, past: Sequence[Window]) -> Limits:
    """The limits of a question, fitted once the reference is fixed; before that anew each time.

    Args:
        folder: of the question; its limits lie beside it.
        past: windows before those that are judged; none: the reference alone gives default limits.

    Raises:
        ArtifactError: limits that are kept are damaged.
    """
    path = folder.with_name(f"{folder.name}.limits.json")
    if path.exists():
        with reading(path, ArtifactError):
            return Limits.from_json(path.read_bytes())
    limits = fit_limits(list(past) or [reference])
    if not limits.provisional:
        write_text(path, limits.to_json())
    return limits
