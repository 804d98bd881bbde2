"""The rows of the result: what each asks for, what it is of each catalogue, and whether it is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ROWS", "Row", "figure", "kinds_table", "table"]


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        metric: what is counted, in a few words.
        aim: to reach; None where the figure is told without one.
        least: whether a smaller figure is the better one.
    """

    id: str
    metric: str
    aim: float | None
    least: bool = False

    def worse(self, values: Sequence[float]) -> float:
        """The worst of some figures."""
        return max(values) if self.least else min(values)

    def reached(self, value: float) -> bool | None:
        """Whether a figure is as good as the aim; None without one."""
        if self.aim is None:
            return None
        return value <= self.aim if self.least else value >= self.aim


ROWS = {
    row.id: row
    for row in (
        Row("own_photo_first", "the photo's own product is the first hit", 0.99),
        Row("retaken_photo_top10", "the retaken photo's product is in the first ten", 0.95),
        Row("own_sound_first", "the sound's own product is the first hit", 0.99),
        Row("rerecorded_sound_top10", "the re-recorded sound's product is in the first ten", 0.90),
        Row("same_colour_top10", "share of a retaken photo's first ten that have its colour", 0.70),
        Row(
            "other_colour_top10", "share of the first ten of the colour asked for and the photo's kind", 0.80
        ),
        Row("typo_ratio", "nDCG@10 of a misspelt query over that of the right spelling", 0.95),
        Row("nothing_when_nothing", "nonsense and things not sold that have no hits", 0.95),
        Row("wrongly_empty", "real queries that have no hits", 0.01, least=True),
        Row(
            "cross_language_top10", "share of the first ten of the category named in the other language", 0.95
        ),
        Row("title_words_first", "titles with every word that stand before all that lack one", 1.0),
        Row("price_words", "price words obeyed, and said", 1.0),
        Row("why_true", "lines that say why a hit was found and are true", 1.0),
        Row("judged_plain", "nDCG@10 of people's judgements, none of them learned from", 0.815),
        Row("judged_learned", "the same, half of the queries learned from and the other half asked", 0.840),
        Row(
            "suggest_p99_ms", "milliseconds of a suggestion over loopback, 99th percentile", 50.0, least=True
        ),
        Row("nothing_alike", "photos and sounds of noise and of things not sold that have no hits", None),
        Row("synonyms_top10", "share of the first ten of the category that an unlisted synonym means", None),
        Row("facets_true", "answers whose facets count exactly what can be paged to", None),
    )
}


def figure(row: Row, values: Mapping[str, Mapping[str, float]], reason: str = "") -> dict[str, Any]:
    """One JSON-able row.

    Args:
        values: catalogue to `value` and `queries`; empty where nothing could be measured.
        reason: why, then.
    """
    made: dict[str, Any] = {"id": row.id, "metric": row.metric, "aim": row.aim, "catalogues": dict(values)}
    if values:
        value = row.worse([one["value"] for one in values.values()])
        made |= {"value": value, "reached": row.reached(value)}
    else:
        made |= {"value": None, "reached": None if row.aim is None else False}
    return made | ({"reason": reason} if reason else {})


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as Markdown."""
    names = sorted({name for row in rows for name in row["catalogues"]})
    head = ["row", "what", *names, "aim", "reached"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [
            f"{told(own['value'])} ({own['queries']})" if (own := row["catalogues"].get(name)) else ""
            for name in names
        ]
        bound = "at most " if ROWS[row["id"]].least else ""
        aim = "" if row["aim"] is None else f"{bound}{row['aim']:g}"
        reached = row.get("reason") or {True: "yes", False: "no", None: ""}[row["reached"]]
        lines.append("| " + " | ".join([row["id"], row["metric"], *cells, aim, reached]) + " |")
    return "\n".join(lines)


def kinds_table(kinds: Sequence[Mapping[str, Any]]) -> str:
    """Figures by kind of question as Markdown."""
    lines = ["| question | catalogue | language | asked | score | row |", "|---" * 6 + "|"]
    lines += [
        f"| {one['kind']} | {one['catalogue']} | {one['language']} | {one['queries']} | {told(one['value'])} "
        f"| {one['row']} |"
        for one in kinds
    ]
    return "\n".join(lines)


def told(value: float) -> str:
    """A figure with three digits, never rounded up to what it is not."""
    return f"{int(value * 1000) / 1000:.3f}"
