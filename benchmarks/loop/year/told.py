"""The worst half year in words, for people: what was planted, what the platform did about it, and why."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["told"]

MOST = 220
"""Characters of a reason."""


def told(found: Mapping[str, Any]) -> str:
    """Markdown of the steps in which anything was planted or decided.

    Args:
        found: as `benchmarks.loop.year.measure.measure` gives it.
    """
    lines = ["| day | planted | what the platform did, unasked, and why |", "|---|---|---|"]
    before = 0
    for step in found["timeline"]["steps"]:
        did = list(_did(step, int(step["trainings"]) - before))
        before = int(step["trainings"])
        if did or step["planted"]:
            cells = [str(step["day"]), "; ".join(step["planted"]), "<br>".join(did) or "refreshed"]
            lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines)


def _did(step: Mapping[str, Any], trained: int) -> Iterator[str]:
    for held in step["held"]:
        yield _short(f"{held['state']}: {held['delivery']}: {held['why']}")
    seen = set()
    for drift in step["drift"]:
        if drift["action"] != "none" and drift["reason"] not in seen:
            seen.add(drift["reason"])
            yield _short(f"{drift['action']}: {drift['reason']}")
    if trained:
        said = [f"gate: {'promoted' if one['promoted'] else 'refused'}" for one in step["gate"]]
        yield f"trained {trained} time{'s' if trained > 1 else ''}; {'; '.join(said)}"
    yield from (_short(f"a person: {act}") for act in step["acts"])


def _short(said: str) -> str:
    # Where the half year lay while it was measured is of no interest to a reader.
    said = " ".join(re.sub(r"\s(CATALOG=|--catalog\s)\S+", "", said).split())
    return said if len(said) <= MOST else said[: MOST - 1] + "…"
