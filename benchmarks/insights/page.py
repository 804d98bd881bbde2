"""The section of docs/RESULTS.md that says what the applications reach."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.insights.rows import ROWS

__all__ = ["reached", "section"]


def section(rows: Sequence[Mapping[str, Any]]) -> str:
    """The section: every row, then what each is made of."""
    head = ("row", "what", "value", "beside it, same run", "aim", "reached", "commit")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    found = {row["id"]: row for row in rows}
    for name, asked in ROWS.items():
        row = found.get(name)
        cells = [f"`{name}`", asked.metric, *(measured(row) if row else ("not measured", "")), aim(name)]
        cells += [reached(row), f"`{row['commit']}`"] if row else ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    made_of = [of_parts(found[name]) for name in ROWS if found.get(name, {}).get("parts")]
    said = [f"- `{name}`: {found[name]['reason']}" for name in ROWS if found.get(name, {}).get("reason")]
    parts = [
        "## What a shop does with its vectors",
        "Written by `make benchmark-insights`; a row that was not run keeps its former value, and the commit "
        "that measured it.",
        "\n".join(lines),
        *(["\n".join(said)] if said else []),
        *made_of,
    ]
    return "\n\n".join(parts)


def measured(row: Mapping[str, Any]) -> tuple[str, str]:
    """The value with its spread, and the baseline."""
    if row["value"] is None:
        return "none", ""
    spread = "" if row["spread"] is None else f" ± {row['spread']:.3f}"
    beside = "" if row["baseline"] is None else f"{row['baseline']:.3f} ({row['baseline_name']})"
    return f"{row['value']:.3f}{spread}", beside


def aim(name: str) -> str:
    """What a row is to reach, in words."""
    row = ROWS[name]
    if row.aim is None:
        return ""
    if isinstance(row.aim, tuple):
        return f"{row.aim[0]:g} to {row.aim[1]:g}"
    if row.strictly:
        return f"{'below' if row.least else 'above'} {row.aim:g}"
    return f"at most {row.aim:g}" if row.least else f"{row.aim:g}"


def reached(row: Mapping[str, Any]) -> str:
    """Whether it does, and which conditions do not hold."""
    if row["reached"] is None:
        return ""
    broken = [said for said, holds in row["conditions"].items() if not holds]
    return "yes" if row["reached"] else "; ".join(["no", *(f"not so: {said}" for said in broken)])


def of_parts(row: Mapping[str, Any]) -> str:
    """What a figure is made of, as a table."""
    lines = [f"`{row['id']}`", "", "| part | value | beside it |", "|---|---|---|"]
    for part in row["parts"]:
        beside = "" if part["baseline"] is None else f"{part['baseline']:.3f}"
        lines.append(f"| {part['name']} | {part['value']:.3f} | {beside} |")
    lines += [f"| {name} | {value:.3f} | |" for name, value in row["beside"].items()]
    return "\n".join(lines)
