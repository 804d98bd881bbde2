"""Categories that the champion never learned: counted, not estimated.

Whether a share has moved is a question of chance; whether thirty products carry a label that no product
carried when the champion learned is none. So this question needs no second window, no complete one and no
windows of the shop's own.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from data_checks.drift.questions import Question
from data_checks.drift.verdict import Move, Verdict
from shelfspace.page import table, write_page
from shelfspace.settings import Monitoring

__all__ = ["CATEGORIES", "categories_question", "new_categories", "write_categories_page"]

CATEGORIES = "categories"
TITLE = "Are there categories that the champion never learned?"
FEW = 3
"""A category that the champion learned from fewer products is as good as unknown to it."""
SHOWN = 20
"""Unknown categories that are followed from check to check, the largest; a catalogue may be full of typos."""


def categories_question(now: pd.DataFrame, then: pd.DataFrame, settings: Monitoring) -> Question | None:
    """The question with its verdict; None where nothing is known of what the champion learned, or no label.

    A category is new when the champion learned from fewer than `FEW` of its products and more carry it now
    than `monitoring.new_category_rows` and `monitoring.new_category_share` ask for. One that had as many when
    the champion learned had its chance: it asks for nothing again.

    Args:
        now, then: `described` of the present catalogue, and as it was kept; what is held by the look at the
            data is in neither.
    """
    if "learned" not in then or not now["label"].ne("").any():
        return None
    counts, enough = _unlearned(now, then, settings)
    new = {name: count for name, count in counts.items() if count > enough}
    learned = int((then["learned"].astype(bool) & then["label"].ne("")).sum())
    moves = tuple(
        Move(name, float(count), float(enough), "", True, f"'{name}' with {count:,} products")
        for name, count in new.items()
    )
    shown = dict(list(counts.items())[: max(SHOWN, len(new))])
    verdict = Verdict(
        question=CATEGORIES,
        drifted=bool(new),
        provisional=False,
        judged=True,
        moves=moves,
        kind="new_category" if new else "",
        cause=_sentence(moves, counts, enough),
        since="",
        gradual=False,
        distances={name: float(count) for name, count in shown.items()},
        limits=dict.fromkeys(shown, float(enough)),
        rows={"current": int(now["label"].ne("").sum()), "reference": learned},
        windows=1,
    )
    return Question(CATEGORIES, TITLE, None, [], [], certain=verdict)


def new_categories(question: Question | None) -> set[str]:
    """Names of the categories that the question found new."""
    if question is None or question.certain is None:
        return set()
    return {move.monitor for move in question.certain.moves}


def write_categories_page(path: Path, verdict: Verdict) -> None:
    """The question's own page: the verdict, and every unknown category that is followed."""
    rows = [
        {"category": name, "products": f"{count:g}", "too few": f"{verdict.limits[name]:g}"}
        for name, count in verdict.distances.items()
    ]
    write_page(path, TITLE, f"{verdict.cause[:1].upper()}{verdict.cause[1:]}.", table(rows) if rows else "")


def _unlearned(now: pd.DataFrame, then: pd.DataFrame, settings: Monitoring) -> tuple[dict[str, int], int]:
    """Unknown category to its products now, the largest first; and how many are too few."""
    carried = then.loc[then["label"].ne(""), "label"].value_counts()
    learned = then.loc[then["learned"].astype(bool), "label"].value_counts()
    present = now.loc[now["label"].ne(""), "label"]
    enough = max(settings.new_category_rows, int(settings.new_category_share * len(present)))
    counts = {
        str(name): int(count)
        for name, count in present.value_counts().items()
        if learned.get(name, 0) < FEW and carried.get(name, 0) <= enough
    }
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))), enough


def _sentence(moves: tuple[Move, ...], counts: Mapping[str, int], enough: int) -> str:
    takes = f"more than {enough:,} products of one are enough to learn it"
    if moves:
        more = f" and {len(moves) - 3} more" if len(moves) > 3 else ""
        return f"new category: {', '.join(move.said for move in moves[:3])}{more}, never learned; {takes}"
    if counts:
        name, count = next(iter(counts.items()))
        return f"no new category yet: '{name}' has {count:,} products; {takes}"
    return "no new category: the champion learned every one that there is"
