"""What the service is asked, made of the released tables alone: the same release, the same questions."""

import random

from tests.comparison.asker import Asker, Question
from tests.comparison.catalogue import Catalogue

__all__ = ["PHASES", "Question", "questions"]

PHASES = ("before", "writes", "after")
"""Asked of the release as it is; the changes; asked again with all of them in force."""
SEARCHES, SEARCHES_AFTER = 220, 80
SIMILAR, SIMILAR_AFTER = 45, 15
ITEMS = 40
WRITES = 200


def questions(catalogue: Catalogue, seed: int = 0) -> dict[str, list[Question]]:
    """All questions by phase."""
    asker = Asker(catalogue, random.Random(seed))
    before = [
        *numbered("before", [asker.search(n) for n in range(SEARCHES)]),
        *numbered("before", [asker.similar(n) for n in range(SIMILAR)]),
        *numbered("before", [asker.item(path, n) for path in ("embed", "classify") for n in range(ITEMS)]),
        *numbered("before", [asker.get(n) for n in range(ITEMS)]),
    ]
    writes = numbered("writes", [asker.write(n) for n in range(WRITES)])
    after = [
        *numbered("after", [asker.search(n) for n in range(SEARCHES_AFTER - 20)]),
        *numbered("after", [asker.of_changes(n) for n in range(20)]),
        *numbered("after", [asker.similar(n) for n in range(SIMILAR_AFTER)]),
        *numbered("after", [asker.get(n, asker.touched) for n in range(ITEMS)]),
    ]
    return {"before": before, "writes": writes, "after": after}


def numbered(phase: str, asked: list[Question]) -> list[Question]:
    """Questions with unique names: phase, kind, number."""
    return [
        Question(f"{phase}/{question.name}/{n:03d}", question.path, question.body, question.fields)
        for n, question in enumerate(asked)
    ]
