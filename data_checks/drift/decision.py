"""What follows from the verdicts: it depends on what moved, and on what there is to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from data_checks.drift.judge import Verdict

__all__ = ["QUALITY", "Action", "Decision", "decide", "of_traffic"]

Action = Literal["retrain", "refresh_ranking", "alert", "none"]
QUALITY = ("labels", "quality")
"""Kinds that say that quality falls, of whatever question."""


@dataclass(frozen=True)
class Decision:
    """What is to be done, and why, in a sentence."""

    action: Action
    reason: str


def decide(verdicts: Sequence[Verdict], new_data: bool, new_labels: bool, clicks: bool) -> Decision:
    """What the verdicts of one check call for.

    Data moved and there are new data: retrain. Quality fell: retrain where there are new rows or labels to
    learn from. Traffic alone: an alert, and ranking and floors are learned anew where clicks or judgements
    came. With provisional limits: an alert and nothing else.

    Args:
        verdicts: one a question.
        new_data, new_labels: rows, labels that the champion has not learned from.
        clicks: clicks or judgements came since ranking was learned.
    """
    moved = [v for v in verdicts if v.drifted]
    hinted = [v for v in verdicts if v.provisional and v.kind]
    said = "; ".join(f"{v.question}: {v.cause}" for v in moved or hinted)
    if not moved:
        if hinted:
            return Decision("alert", f"{said}. An alert only, until the shop has windows of its own")
        return Decision("none", "nothing has moved that is known to matter")
    quality = [v for v in moved if v.kind in QUALITY]
    data = [v for v in moved if v not in quality and not of_traffic(v)]
    action: Action = "alert"
    if data and new_data:
        action, why = "retrain", "The data have moved and there are new data to learn from"
    elif quality and (new_data or new_labels):
        action, why = "retrain", "Quality falls and there are new rows or labels to learn from"
    elif data or quality:
        why = f"{'The data have moved' if data else 'Quality falls'}, but there is nothing new to learn from"
    elif clicks:
        action, why = "refresh_ranking", "Only the traffic has moved: ranking and floors are learned anew"
    else:
        why = "Only the traffic has moved: recorded, nothing is trained"
    return Decision(action, f"{said}. {why}")


def of_traffic(verdict: Verdict) -> bool:
    """Whether a verdict is of the traffic: the catalogue may be as it was."""
    return verdict.question.startswith("traffic")
