"""One check: every question judged against its own limits, and what follows from all of them."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from data_checks.drift.categories import CATEGORIES
from data_checks.drift.decision import QUALITY, Action, Decision, of_traffic
from data_checks.drift.judge import judge
from data_checks.drift.kept import folder_of, kept_limits
from data_checks.drift.questions import Question
from data_checks.drift.verdict import Verdict
from shelfspace.hashing import fingerprint

__all__ = ["judge_questions", "summary", "verdict_rows"]


def judge_questions(questions: Sequence[Question], kept: Path) -> list[Verdict]:
    """One verdict a question; one without a complete window says so.

    Args:
        kept: folder of what is fixed while the champion serves.
    """
    return [_judged(question, kept) for question in questions]


def _judged(question: Question, kept: Path) -> Verdict:
    if question.certain is not None:
        return question.certain
    if question.reference is None or not question.windows:
        rows = {"current": 0, "reference": 0 if question.reference is None else question.reference.rows}
        quiet = "not enough evidence yet: " + (question.waits or "no window is complete")
        return Verdict(question.name, False, True, False, (), "", quiet, "", False, {}, {}, rows, 0)
    limits = kept_limits(folder_of(kept, question.name), question.reference, question.past)
    return judge(question.windows, question.reference, limits, question.season)


def summary(
    verdicts: Sequence[Verdict], questions: Sequence[Question], decision: Decision, champion: str, data: str
) -> dict[str, Any]:
    """All verdicts as one, JSON-able: champion, drifted, cause, what was compared, the decision, and its key.

    Args:
        data: what identifies the data that a retraining would learn from: of equal data and equal movers
            nothing is asked twice.
    """
    moved = [verdict for verdict in verdicts if verdict.drifted]
    return {
        "champion": champion,
        "drifted": bool(moved),
        "cause": "; ".join(f"{verdict.question}: {verdict.cause}" for verdict in moved),
        "decision": asdict(decision),
        "key": fingerprint([champion, decision.action, *_asked_for(verdicts, decision.action, data)]),
        "compared": {
            verdict.question: {
                "title": question.title,
                "drifted": verdict.drifted,
                "provisional": verdict.provisional and verdict.judged,
                "judged": verdict.judged,
                "cause": verdict.cause,
                "kind": verdict.kind,
                "since": verdict.since,
                "notes": list(question.notes),
            }
            for verdict, question in zip(verdicts, questions, strict=True)
        },
    }


def _asked_for(verdicts: Sequence[Verdict], action: Action, data: str) -> list[Any]:
    """What calls for the action, and the data that it is asked of anew when they change.

    A new category asks once. What the windows say of one is the same news, and what calls for no training
    does not ask for one again.
    """
    names = sorted(move.monitor for v in verdicts if v.question == CATEGORIES for move in v.moves)
    calling = [v for v in verdicts if v.kind]
    if action == "retrain":
        calling = [v for v in calling if v.drifted and (v.kind in QUALITY or not of_traffic(v))]
    if names:
        calling = [v for v in calling if v.kind != "new_category"]
    kinds = sorted({f"{v.question}: {v.kind}" for v in calling})
    return [data if kinds or not names else "", kinds, names]


def verdict_rows(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """One row a verdict, for people: two columns, since an asset's page of the Dagster UI is no wider."""
    return pd.DataFrame(
        [
            {
                "question": v.question,
                "verdict": f"{said(v)}{f' since {v.since[:10]}' if v.since else ''}: {v.cause}",
            }
            for v in verdicts
        ]
    )


def said(verdict: Verdict) -> str:
    """The verdict in a word or two."""
    if not verdict.judged:
        return "not judged"
    if verdict.drifted:
        return "moved, gradually" if verdict.gradual else "moved"
    if verdict.provisional:
        return "provisional: moved" if verdict.kind else "provisional: quiet"
    return "suspected" if verdict.moves else "quiet"
