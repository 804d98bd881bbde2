"""How the answers of two releases differ, over questions that both were asked: a difference, not a win."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from releases.release import Release
from releases.shadow.kept import Status, read_rows, read_status
from shelfspace.errors import ArtifactError

__all__ = ["LEAST", "Figure", "Kind", "Report", "make_report", "shadow_report"]

LEAST = 30
"""Different questions below which no figure is told apart from chance."""
DRAWS = 1000
CHANGED = 12
"""Questions whose answers changed most, that are shown."""
NAMES = {
    "overlap": "of ten hits the same",
    "rank": "rank agreement",
    "first": "first hit the same",
    "label": "category the same",
}
"""Figure to what people read; each is 0 to 1, and 1 says that nothing differs."""


@dataclass(frozen=True)
class Figure:
    """A mean over answers, with the 95% interval of a bootstrap over questions."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.1%} ({self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True)
class Kind:
    """One kind of question.

    Attributes:
        answers, questions: how many, and how many different ones.
        figures: by `NAMES`; none where there are fewer than `LEAST` questions.
        live_ms, shadow_ms: median and 99th percentile of milliseconds an answer.
    """

    answers: int
    questions: int
    figures: Mapping[str, Figure]
    live_ms: tuple[float, float]
    shadow_ms: tuple[float, float]


@dataclass(frozen=True)
class Report:
    """What is known of one release beside another.

    Attributes:
        live, shadow: their ids.
        first, last: when the first and the last answer was, ISO 8601 in UTC; "" without any.
        kinds: kind of question to its figures; `hits` and `categories` are all of those together.
        changed: rows of the questions whose hits changed most, the most changed first.
        moves: category of the live release, of the other, and how many answers.
        new_hits: of the hits that only the other release gave, the share that the live release does not hold.
        status: of the service; None where it never said.
    """

    live: str = ""
    shadow: str = ""
    first: str = ""
    last: str = ""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    changed: Sequence[Mapping[str, Any]] = ()
    moves: Sequence[tuple[str, str, int]] = ()
    new_hits: float | None = None
    status: Status | None = None

    @property
    def sentences(self) -> list[str]:
        """What there is to say, a sentence each."""
        status, said = self.status, []
        if status is not None and status.state in {"loading", "answering"}:
            of_them = (
                f"{status.share:.0%} of the searches, similar products and categories that are asked for"
            )
            said.append(f"Release {status.release} is {STATES[status.state]} {of_them}.")
        if status is not None and status.problem:
            said.append(f"Trouble: {status.problem}.")
        if not self.kinds:
            return [*said, "There are no answers of it yet."]
        for name, figure, what in (("hits", "overlap", "ten hits"), ("categories", "label", "categories")):
            kind = self.kinds.get(name)
            if kind is None:
                continue
            if not kind.figures:
                said.append(f"Too few to tell of {name}: {kind.questions} questions; {LEAST} are needed.")
            else:
                same = f"{kind.figures[figure]} of the {what} of {self.shadow} are those of {self.live}"
                said.append(f"Over {kind.questions} different questions, {same}.")
        return [*said, "This is a difference, not a win: it does not say which release is better."]

    def describe(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


STATES = {"loading": "being loaded to answer on the side", "answering": "answering on the side"}


def shadow_report(root: Path, live: Path) -> Report:
    """The report on what answered on the side last.

    Args:
        root: of the workspace.
        live: folder of the request log.

    Raises:
        ArtifactError: what is kept is damaged.
    """
    rows, status = read_rows(live), read_status(live)
    pair = (rows[-1]["live"], rows[-1]["shadow"]) if rows else ("", "")
    if status is not None and status.release and status.release != pair[1]:
        rows = []  # of a release before it
    own = [row for row in rows if (row["live"], row["shadow"]) == pair]
    return make_report(own, status, held(root, pair[0]))


def held(root: Path, release: str) -> frozenset[str]:
    """The products of a release; none where it is no longer there."""
    try:
        made = Release.load(root / "releases" / release, verify=False) if release else None
    except ArtifactError:
        return frozenset()  # cleaned up since
    return frozenset(made.product_ids) if made else frozenset()


def make_report(
    rows: Sequence[Mapping[str, Any]], status: Status | None = None, products: frozenset[str] = frozenset()
) -> Report:
    """The report on rows of one pair of releases.

    Args:
        rows: as `bentos.serving.shadow` keeps them.
        products: of the live release.
    """
    if not rows:
        return Report(status=status, shadow=status.release if status else "")
    searched = [row for row in rows if "overlap" in row]
    named = [row for row in rows if "label" in row]
    groups = {"hits": searched}
    groups |= {kind: [row for row in searched if row["kind"] == kind] for kind in kinds_of(searched)}
    groups["categories"] = named
    only = [product for row in searched for product in other_hits(row)]
    return Report(
        live=rows[-1]["live"],
        shadow=rows[-1]["shadow"],
        first=rows[0]["time"],
        last=rows[-1]["time"],
        kinds={name: kind_figures(own) for name, own in groups.items() if own},
        changed=most_changed(searched),
        moves=moved(named),
        new_hits=float(np.mean([p not in products for p in only])) if only and products else None,
        status=status,
    )


def kinds_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Kinds of question, the most frequent first."""
    return [kind for kind, _ in Counter(row["kind"] for row in rows).most_common()]


def other_hits(row: Mapping[str, Any]) -> list[str]:
    """Hits that the release on the side alone gave."""
    ours = {product for product, _ in row["live_answer"]["hits"]}
    return [product for product, _ in row["shadow_answer"]["hits"] if product not in ours]


def kind_figures(rows: Sequence[Mapping[str, Any]]) -> Kind:
    """The figures of rows of one kind."""
    _, place = np.unique([row["question"] for row in rows], return_inverse=True)
    questions = int(place.max()) + 1
    names = [name for name in NAMES if name in rows[0]] if questions >= LEAST else []
    values = {name: np.array([float(row[name]) for row in rows]) for name in names}
    times = [
        tuple(round(1000 * float(q), 1) for q in np.quantile([row[name] for row in rows], (0.5, 0.99)))
        for name in ("live_seconds", "shadow_seconds")
    ]
    figures = {name: over_questions(value, place) for name, value in values.items()}
    return Kind(len(rows), questions, figures, *times)  # type: ignore[arg-type]


def over_questions(values: np.ndarray, place: np.ndarray, seed: int = 0) -> Figure:
    """The mean of (n,) values, with the interval of a bootstrap that draws questions whole: one that is
    asked again is no independent witness.

    Args:
        place: (n,) int, the question of each, 0 to m - 1.
    """
    sums, counts = np.bincount(place, values), np.bincount(place)
    generator = np.random.default_rng(seed)
    drawn = np.empty(DRAWS)
    for number in range(DRAWS):
        chosen = generator.integers(0, len(sums), len(sums))
        drawn[number] = sums[chosen].sum() / counts[chosen].sum()
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Figure(round(float(values.mean()), 4), round(float(low), 4), round(float(high), 4))


def most_changed(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last answer to each of the questions whose hits changed most."""
    last = {row["question"]: row for row in rows}
    changed = [row for row in last.values() if row["rank"] < 1]
    return sorted(changed, key=lambda row: (row["overlap"], row["rank"], row["question"]))[:CHANGED]


def moved(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """Categories that the two releases name otherwise, the most frequent first."""
    pairs = Counter(
        (row["live_answer"]["label"], row["shadow_answer"]["label"]) for row in rows if not row["label"]
    )
    return [(ours, theirs, count) for (ours, theirs), count in pairs.most_common(CHANGED)]
