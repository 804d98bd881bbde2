"""One delivery taken into a table: what of it is new, and whether it is let in."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pandas as pd

from catalog.cells import Reading, filled, stripped
from catalog.snapshot.guards import Guards
from catalog.snapshot.operations import delivered, no_operations
from catalog.snapshot.present import present
from catalog.snapshot.reading import readable
from catalog.sources.delivery import Delivery
from shelfspace.errors import CatalogError

__all__ = ["Outcome", "take_in"]


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery.

    Attributes:
        held: why it waits for a person; "" where it does not.
        refused: why it is set aside; "" where it is not.
        older: rows passed over, since what is there was updated later.
        rows: usable rows.
        ahead: usable rows whose `updated_at` lies more than a day ahead of this machine's clock.
        erased: rows passed over since a person had their product or shopper erased.
        refused_rows: rows left out: `row` (from 1), `field`, `value`, `reason`.
    """

    held: str = ""
    refused: str = ""
    older: int = 0
    rows: int = 0
    ahead: int = 0
    erased: int = 0
    refused_rows: pd.DataFrame = field(default_factory=pd.DataFrame)


def take_in(
    operations: pd.DataFrame,
    delivery: Delivery,
    guards: Guards,
    reading: Reading,
    max_bad_share: float,
    *,
    in_full: bool = False,
) -> tuple[pd.DataFrame, Outcome]:
    """Operations to write of a delivery, and what became of it.

    What is passed over or was said before is not written: a delivery that says nothing new adds nothing.

    Args:
        operations: of the delivery's table, this run's included.
        reading: how the catalogue writes numbers and dates.
        max_bad_share: more refused rows than this share refuse the whole.
        in_full: write what is passed over or said again, too: a delivery that came before may be let in
            later, and this one then counts over it.
    """
    nothing = no_operations(delivery.kind)
    delivery = readable(delivery, operations, reading)
    known = operations if delivery.kind == "events" else _about(operations, delivery.rows["product_id"])
    before = present(known, delivery.kind, reading).rows
    if delivery.kind == "products":
        # One that was held is about the products that were there when it came.
        early = known[known["_arrival"] < delivery.arrival] if delivery.approved else known
        stood = before if len(early) == len(known) else present(early, delivery.kind, reading).rows
        delivery = _known_or_described(delivery, stood)
    try:
        delivery.check(max_bad_share)
    except CatalogError as error:
        return nothing, Outcome(refused=str(error), refused_rows=delivery.refused)
    fresh = delivered(delivery)
    first = 1 + int(operations["source_row"].max()) if len(operations) else 0
    fresh["source_row"] += first
    fresh.index += int(known.index.max()) + 1 if len(known) else 0
    now = present(pd.concat([known, fresh]) if len(known) else fresh, delivery.kind, reading)
    if delivery.kind == "products" and len(fresh):
        objection = "" if delivery.approved else guards.objection(delivery.name, before, now.rows)
        if objection:
            return nothing, Outcome(held=objection, rows=len(fresh), refused_rows=delivery.refused)
        if not delivery.approved:
            guards.let_through(before, now.rows)
    idle = set() if in_full else {*now.older, *now.again}
    outcome = Outcome(
        older=len(set(now.older) & set(fresh.index)),
        rows=len(fresh),
        ahead=_ahead(delivery),
        refused_rows=delivery.refused,
    )
    return fresh[~fresh.index.isin(idle)], outcome


def _ahead(delivery: Delivery) -> int:
    """Rows dated after tomorrow; a clock or a year that is wrong keeps later changes out."""
    if delivery.kind != "products" or "updated_at" not in delivery.rows:
        return 0
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return int((delivery.rows["updated_at"] > tomorrow.isoformat()).sum())


def _about(operations: pd.DataFrame, products: pd.Series) -> pd.DataFrame:
    """Operations on the products that a delivery names."""
    return operations[stripped(operations["product_id"]).isin(products)]


def _known_or_described(delivery: Delivery, before: pd.DataFrame) -> Delivery:
    """A row about a product that nobody knows has to describe it."""
    rows = delivery.rows
    described = rows["_deleted"].astype(bool)
    for column in ("title", "description", "photos", "sounds"):
        if column in rows:
            described |= filled(rows[column])
    known = set(stripped(before["product_id"])) | set(rows["product_id"][described])
    strange = ~described & ~rows["product_id"].isin(known)
    reason = "no such product; give a new one a title, a description, a photo or a sound"
    return delivery.without(strange, "product_id", reason)
