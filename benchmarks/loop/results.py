"""The rows of loop.json: one figure each, replaced by its id, and their section of docs/RESULTS.md."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.quality.__main__ import PAGE, PROJECT, commit
from benchmarks.sections import put_section

__all__ = ["Figure", "write_rows"]

RESULT = PROJECT / "benchmarks" / "results" / "loop.json"
TITLE = "Whether the loop decides rightly"
BESIDE = {"loop": " and `make loop`"}


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        id: of its row; a row of that id is replaced.
        metric: what is measured, in a few words.
        value: the figure itself; None where nothing could be measured, for the reason.
        aim: the value to reach.
        catalogue: what it was measured on, with its size.
        trials: how many decisions, trainings or builds it counts.
        least: whether a smaller value is the better one.
        seeds: of the trials.
        interval: 95% bounds of the value; None of a figure that has none.
        baseline: the rival's, by the same run; None without one.
        baseline_name: what the rival is.
        parts: what it is made of: one line each, name to figure or words.
        reason: what a reader must know of the figure; required without a value.
        seconds: that it took.
    """

    id: str
    metric: str
    value: float | None
    aim: float
    catalogue: str
    trials: int
    least: bool = False
    seeds: Sequence[int] = ()
    interval: tuple[float, float] | None = None
    baseline: float | None = None
    baseline_name: str = ""
    parts: Sequence[Mapping[str, Any]] = field(default_factory=list)
    reason: str = ""
    seconds: float | None = None

    def row(self, commit: str) -> dict[str, Any]:
        """One JSON-able row.

        Args:
            commit: of the code that measured it.

        Raises:
            ValueError: neither a value nor a reason.
        """
        if self.value is None and not self.reason:
            raise ValueError(f"{self.id} has neither a value nor a reason")
        met = self.value is not None and (self.value <= self.aim if self.least else self.value >= self.aim)
        return {**asdict(self), "seeds": list(self.seeds), "reached": met, "commit": commit}


def write_rows(
    figures: Sequence[Figure], result: Path = RESULT, page: Path = PAGE, title: str = TITLE
) -> list[dict[str, Any]]:
    """Put figures into the file and the page; rows of other ids stay as they are.

    Args:
        result: the file.
        page: whose section, named as the file, is written; made where it has none.
        title: of the section.

    Returns:
        all rows of the file, by id.
    """
    from filelock import FileLock

    from shelfspace.files import read_json, write_json

    with FileLock(result.with_name(f".{result.name}.lock")):
        before = read_json(result)["rows"] if result.is_file() else []
        found = {row["id"]: row for row in (*before, *(figure.row(commit()) for figure in figures))}
        rows = [found[name] for name in sorted(found)]
        machine = {"machine": platform.machine(), "cores": os.cpu_count()}
        write_json(result, {"machine": machine, "rows": rows})
        put_section(page, result.stem, section(rows, result.stem, title))
    return rows


def section(rows: Sequence[Mapping[str, Any]], name: str = RESULT.stem, title: str = TITLE) -> str:
    """The section: every row, then what each is made of."""
    lines = [
        "| row | what | value | beside it, same run | aim | reached | measured on | commit |",
        "|---|---|---|---|---|---|---|---|",
        *(_line(row) for row in rows),
    ]
    said = [f"- `{row['id']}`: {row['reason']}" for row in rows if row["reason"]]
    made_of = [_parts(row) for row in rows if row["parts"]]
    return "\n\n".join(
        [
            f"## {title}",
            f"Written by `make benchmark-{name}`{BESIDE.get(name, '')}; a row that was not run keeps "
            "its former value, and the commit that measured it.",
            "\n".join(lines),
            *(["\n".join(said)] if said else []),
            *made_of,
        ]
    )


def _line(row: Mapping[str, Any]) -> str:
    value = "none" if row["value"] is None else f"{row['value']:.3f}"
    if row["interval"] is not None:
        value += " ({:.3f} to {:.3f})".format(*row["interval"])
    beside = "" if row["baseline"] is None else f"{row['baseline']:.3f} ({row['baseline_name']})"
    aim = f"{'at most' if row['least'] else 'at least'} {row['aim']:g}"
    on = f"{row['catalogue']}; {row['trials']:,} trials"
    cells = [f"`{row['id']}`", row["metric"], value, beside, aim, "yes" if row["reached"] else "no", on]
    return "| " + " | ".join([*cells, f"`{row['commit']}`"]) + " |"


def _parts(row: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(name for part in row["parts"] for name in part))
    head = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    lines = ["| " + " | ".join(_cell(part.get(name)) for name in names) + " |" for part in row["parts"]]
    return "\n".join([f"`{row['id']}`", "", *head, *lines])


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
