"""Several deliveries before the champion together: what is too little to be judged alone adds up.

Thirty deliveries of three poisoned products each pass one by one. Taken together, since the champion learned,
they are as plain as one of ninety. Looked at are runs of the latest deliveries, twice as many each time, of
all and of each feed (files whose names differ in digits and marks only). The plainest run names those of its
deliveries that are likelier to belong to it than to be like the holdout.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from releases.look.evidence import Evidence
from releases.look.judge import look
from releases.look.looked import Limits, Looked

__all__ = ["LARGE", "Came", "together"]

LARGE = 50
"""Products of one delivery that count, at most: what is larger is plain by itself."""
LIMITS = Limits(chance=0.001, moved=0.001, share=0.15)
"""All runs of one look together; what shops and champions change little by little is less than the share."""
LIKELIER = 3.0
"""By so much a delivery has to be likelier to be one of the run than to be like the holdout."""
FEEDS = 20


@dataclass(frozen=True)
class Came:
    """One delivery that was taken since the champion learned.

    Attributes:
        arrival: its number; 0 of the catalogue's own tables, whose changes count as one.
        name: of the file.
        held: it is held already, and tells what those after it are like.
    """

    arrival: int
    name: str
    held: bool = False

    @property
    def feed(self) -> str:
        """What the names of one sender's files have in common."""
        return re.sub(r"[\d\W_]+", "", self.name.casefold())


def together(
    came: Sequence[Came],
    arrivals: np.ndarray,
    fresh: Evidence,
    reference: Evidence,
    before: pd.DataFrame,
    there: Collection[str],
) -> tuple[Looked, list[Came]]:
    """Judge deliveries that passed one by one.

    Args:
        came: in the order they came.
        arrivals: (n,) number of the delivery that each product of `fresh` is of.
        fresh, reference, before, there: as `releases.look.look` has them.

    Returns:
        What was found, and which deliveries are to be held by it; none where nothing is certain.
    """
    name = f"the {len(came)} deliveries since the champion learned, together"
    runs = list(_runs(came))
    limits = replace(LIMITS, chance=LIMITS.chance / max(len(runs), 1), moved=LIMITS.moved / max(len(runs), 1))
    found: list[tuple[float, int, list[Came], Looked]] = []
    for run in runs:
        rows = np.flatnonzero(np.isin(arrivals, [one.arrival for one in run]))
        looked = look(name, fresh.take(rows), reference, before, there, limits)
        if looked.held:
            found.append((min(looked.chances), len(found), run, looked))
    for _, _, run, looked in sorted(found):
        if guilty := [one for one in _guilty(run, arrivals, fresh, looked) if not one.held]:
            names = ", ".join(one.name for one in guilty[:5]) + (" and more" if len(guilty) > 5 else "")
            reason = (
                f"{names}: each is too small to judge, but in {len(run)} deliveries together {looked.held}"
            )
            return replace(looked, held=reason), guilty
    return Looked(name, len(fresh.table)), []


def _runs(came: Sequence[Came]) -> Iterator[list[Came]]:
    """The last two, four, eight, … of all and of each feed; the catalogue's own tables by themselves."""
    feeds: dict[str, list[Came]] = {}
    for one in came:
        feeds.setdefault(one.feed if one.arrival else "", []).append(one)
    groups = [list(came), *list(feeds.values())[-FEEDS:]] if len(feeds) > 1 else [list(came)]
    for group in groups:
        if len(group) == 1:
            yield group
        length = 2
        while length < 2 * len(group):
            yield group[-length:]
            length *= 2


def _guilty(run: Sequence[Came], arrivals: np.ndarray, fresh: Evidence, looked: Looked) -> list[Came]:
    """Those of a run that are likelier to be of it than to be like the holdout."""
    verdicts = fresh.table["product_id"].map(looked.verdicts)
    judged = pd.DataFrame({"arrival": arrivals, "against": verdicts})[verdicts.notna().to_numpy()]
    counts = judged.astype({"against": float}).groupby("arrival")["against"].agg(["sum", "count"])
    counts = counts[counts.index.isin([one.arrival for one in run])]
    of_run = counts["sum"].sum() / counts["count"].sum()
    usual = _usual(looked)
    likelier = (of_run / usual) ** counts["sum"] * ((1 - of_run + 1e-3) / (1 - usual)) ** (
        counts["count"] - counts["sum"]
    )
    named = set(counts.index[(likelier >= LIKELIER) & counts["sum"].gt(0)])
    return [one for one in run if one.arrival in named]


def _usual(looked: Looked) -> float:
    """Share of the holdout that speaks against itself, in the comparison that does so most; never none."""
    shares = [0.02]
    if holdout := looked.figures.get("holdout"):
        shares.append(holdout["contradicted"] / holdout["sure"])
    if photos := looked.figures.get("photos"):
        shares.append(photos["holdout_misfits"] / photos["holdout_rows"])
    return max(shares)
