"""One check: every question judged against its own limits, and what follows from all of them."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from data_checks.drift.decision import Decision
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
    if question.reference is None or not question.windows:
        rows = {"current": 0, "reference": 0 if question.reference is None else question.reference.rows}
        quiet = "not enough evidence: " + "; ".join(question.notes or ["no window is complete since then"])
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
    kinds = sorted({f"{verdict.question}: {verdict.kind}" for verdict in verdicts if verdict.kind})
    return {
        "champion": champion,
        "drifted": bool(moved),
        "cause": "; ".join(f"{verdict.question}: {verdict.cause}" for verdict in moved),
        "decision": asdict(decision),
        "key": fingerprint([champion, decision.action, data, kinds]),
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


def verdict_rows(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """One row a verdict, for people."""
    return pd.DataFrame(
        [
            {
                "question": v.question,
                "verdict": said(v),
                "since": v.since[:10],
                "what": v.cause,
                "rows": v.rows["current"],
                "reference rows": v.rows["reference"],
                "windows": v.windows,
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
