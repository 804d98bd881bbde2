"""The application's run over a catalogue: what is known, who ranks, what goes with each product."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from insights.recommendation.beside import goes_with
from insights.recommendation.history import KINDS, read_purchases
from insights.recommendation.knowledge import Past
from insights.recommendation.newcomers_verdict import decide_newcomers
from insights.recommendation.pictures import recall_picture
from insights.recommendation.store import save
from insights.recommendation.verdict import Verdict, decide
from shelfspace.files import write_bytes, write_table
from shelfspace.settings.insights import Recommendation

__all__ = ["PICTURE", "Built", "build"]

PICTURE = "recall.png"


@dataclass(frozen=True)
class Built:
    """What was written.

    Attributes:
        newcomers: who ranks what is new, and why, in a sentence.
        kind: of the events that count as buying.
        lines: products in orders.
        shoppers: who bought something.
        goes_with: rows of the table.
        skipped: what is lacking, in a sentence; "" where nothing is.
    """

    verdict: Verdict
    newcomers: str
    kind: str
    lines: int
    shoppers: int
    goes_with: pd.DataFrame
    skipped: str


def build(
    folder: Path,
    products: pd.DataFrame,
    events: pd.DataFrame,
    vectors: np.ndarray,
    settings: Recommendation,
    seed: int,
) -> Built:
    """Write the files of `store`, `recommendation.parquet` (what goes with each product) and a picture.

    Where nobody bought anything, what was put into carts counts as bought, else what was viewed. Without any
    event, products are recommended by their vectors alone.

    Args:
        folder: empty.
        products: n rows with product_id, category and price.
        events: clean events.
        vectors: (n, d) float32 of length 1, in the order of products.
    """
    ids = products["product_id"].tolist()
    there = set(events["event"]) if len(events) else set()
    kind = next((kind for kind in KINDS if kind in there), KINDS[0])
    purchases = read_purchases(events, ids, kind)
    # Midnight after the last of them, so that equal events give equal bytes whenever the run is.
    moment = float(np.floor(purchases.day.max()) + 1) if len(purchases) else 0.0
    past = Past(purchases, vectors, products["price"].to_numpy(dtype=np.float64))
    known, ranker, verdict = decide(past, moment, settings, seed)
    told = verdict.describe() | {"kind": kind}
    newcomers, why_new, new = decide_newcomers(past, moment, settings, seed)
    told |= {"newcomers": {"why": why_new, "comparison": None if new is None else new.describe()}}
    save(folder, ids, purchases.shoppers.tolist(), known, ranker, told, newcomers)
    companions = goes_with(known, ids, products["category"].fillna("").tolist(), settings.goes_with)
    write_table(folder / "recommendation.parquet", companions)
    if verdict.figures:
        write_bytes(folder / PICTURE, recall_picture(verdict))
    skipped = (
        "" if len(purchases) else "no product was bought, put into a cart or viewed; vectors alone recommend"
    )
    return Built(verdict, why_new, kind, len(purchases), len(purchases.shoppers), companions, skipped)
