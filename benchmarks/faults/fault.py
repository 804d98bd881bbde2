"""One fault: what goes wrong, what is done about it, and the judgement on what is left."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.faults.world import Ended, World, content, differing
from shelfspace.errors import ArtifactError

__all__ = ["DELIVERED", "OUTCOMES", "REFUSED", "SAME", "Fault", "judge"]

DELIVERED = "delivered"
"""What the names of undisturbed worlds that have had a delivery begin with."""
SAME, REFUSED = "same as clean", "refused clearly"
OUTCOMES = frozenset({SAME, REFUSED})


@dataclass(frozen=True)
class Fault:
    """A fault and its recovery.

    Attributes:
        name, where: what goes wrong, and where.
        happen: does it to a world; returns how what was at work, or what met the damage, ended.
        recover: what a person would do next, by what was said; returns how that ended.
        ends: how what met the fault may end: a kill that kills nobody is none, and what has to be refused
            must not end well.
        leaves: the undisturbed world whose bytes it must have then.
    """

    name: str
    where: str
    happen: Callable[[World], Ended]
    recover: Callable[[World], Ended]
    ends: tuple[str, ...] = ("done",)
    leaves: str = "clean"


def tried(step: Callable[[World], Ended], world: World) -> Ended:
    """A step of a fault; one that stops short counts as a failure of the fault."""
    try:
        return step(world)
    except Exception:  # noqa: BLE001 - the row says it
        return Ended("crashed", traceback.format_exc())


def judge(fault: Fault, world: World, clean: dict[str, str]) -> dict[str, Any]:
    """Let a fault happen to a world, recover, and compare with the clean run.

    Returns:
        a row: fault, where, outcome, same_as_clean, said.
    """
    met, after = tried(fault.happen, world), tried(fault.recover, world)
    scrubbed = world.type("scrub")
    try:
        left = differing(clean, content(world.workspace, not fault.leaves.startswith(DELIVERED)))
    except ArtifactError as error:
        left = [str(error)]
    same = not left
    if met.how == "crashed":
        outcome = f"crashed: {met.said.strip().splitlines()[-1][:200]}"
    elif after.how != "done":
        outcome = f"recovery {after.how}: {' '.join(after.said.split())[-200:]}"
    elif scrubbed.how != "done":
        outcome = f"left damaged: {' '.join(scrubbed.said.split())[-300:]}"
    elif not same:
        outcome = f"other bytes: {', '.join(left[:4])}"
    elif met.how not in fault.ends:
        outcome = f"{met.how}, where it should have {' or '.join(fault.ends)}"
    else:
        outcome = REFUSED if met.how == "refused" else SAME
    said = " ".join(met.said.split())[:300] if met.how == "refused" else met.how
    return {
        "fault": fault.name,
        "where": fault.where,
        "outcome": outcome,
        "same_as_clean": same,
        "said": said,
    }
