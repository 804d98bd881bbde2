"""From events as the service took them to the table `interactions`, and what of them joins the sales log."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
import pandas as pd

from catalog.contract import EVENT_COLUMNS, INTERACTION_COLUMNS, QUARANTINE_COLUMNS

__all__ = ["CleanedInteractions", "clean_interactions", "shopper_events"]

AS_EVENTS = {"click": "view", "cart": "cart", "purchase": "purchase"}
"""Kinds that say as much as one of the contract's events does; an impression says less than a view."""
VISIT = "visit-"
"""What the pseudonym of somebody begins with who has no shopper's id."""


@dataclass(frozen=True)
class CleanedInteractions:
    """What became of the events.

    Attributes:
        kept: `interactions`, by time.
        refused: as the quarantine has them: those that the service refused, then those refused here.
    """

    kept: pd.DataFrame
    refused: pd.DataFrame


def clean_interactions(
    taken: pd.DataFrame, refused: pd.DataFrame, product_ids: Iterable[str]
) -> CleanedInteractions:
    """Type what the service took; a product that is gone since, or a time to come, is refused.

    Args:
        taken, refused: of `catalog.interactions.reading.read_interactions`.
        product_ids: of the clean products.
    """
    table = taken.assign(
        time=pd.to_datetime(taken["time"], unit="s", utc=True).astype("datetime64[us, UTC]"),
        position=taken["position"].astype("Int64"),
        quantity=taken["quantity"].astype("int64"),
        unit_price=taken["unit_price"].astype("float64"),
        keyed=taken["keyed"].astype(bool),
    )
    reasons = pd.Series("", index=table.index, dtype=object)
    fields = reasons.copy()
    now = pd.Timestamp.now(tz="UTC")
    for field, wrong, reason in (
        ("product_id", ~table["product_id"].isin(set(product_ids)), "no such product among the clean ones"),
        ("time", table["time"].gt(now), "in the future; mend the clock of the service's machine"),
    ):
        new = wrong & fields.eq("")
        fields[new], reasons[new] = field, reason
    kept = fields.eq("")
    ordered = table[kept].sort_values("time", kind="stable").reset_index(drop=True)
    early = pd.DataFrame(
        {
            "id": refused["event_id"],
            "field": refused["field"],
            "value": refused["value"],
            "reason": refused["reason"],
            "row": [orjson.dumps({"kind": kind}).decode() for kind in refused["kind"]],
        }
    )
    told = table[~kept][["event_id", "kind", "product_id"]]
    late = pd.DataFrame(
        {
            "id": told["event_id"],
            "field": fields[~kept],
            "value": [str(table.at[n, fields[n]]) for n in told.index],
            "reason": reasons[~kept],
            "row": [orjson.dumps(row).decode() for row in told.to_dict("records")],
        }
    )
    out = pd.concat([part for part in (early, late) if len(part)] or [early], ignore_index=True)
    out = out.assign(table="interactions", scope="row", source_row=-1)
    return CleanedInteractions(ordered[list(INTERACTION_COLUMNS)], out[list(QUARANTINE_COLUMNS)])


def shopper_events(events: pd.DataFrame, interactions: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The shop's events and those of its page, by time; and purchases that both have, which count once.

    Of the page come clicks (as views) of shoppers who are known, and carts and purchases of everybody:
    whoever has no shopper's id is a shopper for one visit. A visit counts once for a product and a kind, but
    for purchases. A purchase of the page is in the sales log if it is there under the same order, or, where
    it has no order, of the same shopper on the same day.

    Args:
        events: the clean events.
        interactions: as `clean_interactions` leaves them.
    """
    page = interactions[interactions["kind"].isin(AS_EVENTS)]
    known = page["user_id"].ne("")
    page = page[known | page["kind"].ne("click")]
    page = page.assign(
        event=page["kind"].map(AS_EVENTS),
        user_id=page["user_id"].where(page["user_id"].ne(""), page["session"].map(visitor)),
    )
    again = page.duplicated(["user_id", "session", "product_id", "event"]) & page["event"].ne("purchase")
    page = page[~again]
    sold = events[events["event"].eq("purchase")]
    ordered = page["order_id"].ne("")
    bought = page["event"].eq("purchase")
    both = bought & (
        (ordered & _pairs(page, "order_id").isin(set(_pairs(sold, "order_id"))))
        | (~ordered & _days(page).isin(set(_days(sold))))
    )
    page = page[~both]
    if not len(page):
        return events, int(both.sum())
    page = page[list(EVENT_COLUMNS)].astype(events.dtypes.to_dict())
    found = pd.concat([events, page], ignore_index=True)
    return found.sort_values("time", kind="stable").reset_index(drop=True), int(both.sum())


def visitor(session: str) -> str:
    """The pseudonym of somebody without a shopper's id, for one visit."""
    return VISIT + hashlib.blake2b(session.encode(), digest_size=12).hexdigest()


def _pairs(table: pd.DataFrame, column: str) -> pd.Series:
    return table[column] + "\n" + table["product_id"]


def _days(table: pd.DataFrame) -> pd.Series:
    return _pairs(table, "user_id") + "\n" + table["time"].dt.strftime("%Y-%m-%d")
