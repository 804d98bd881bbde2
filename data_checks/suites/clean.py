"""What prepared tables must meet, without exception: a row that breaks a rule here is a bug of cleaning."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd

from catalog.cells import filled
from catalog.contract import EVENT_KINDS, INTERACTION_KINDS
from data_checks.suites.rules import Rule, Surroundings, has_columns, has_rows
from shelfspace.settings import Settings

__all__ = ["events", "interactions", "products", "quarantine", "stock"]

SCOPES = ("row", "field", "file")
TABLES = ("events", "interactions", "photos", "products", "sounds", "stock")


def products(settings: Settings, around: Surroundings) -> list[Rule]:
    """Clean products: one id each, prices above zero, one currency, media that exist."""
    level, keys = around.label_level, frozenset(around.media_keys or ())
    return [
        *has_columns("products"),
        has_rows(settings.validation.min_rows, "clean products"),
        *_identifier(),
        *(
            Rule(
                f"{column}_above_zero", f"{column} is above zero, or missing", "Log prices need it.",
                (column,), lambda amount: amount.isna() | (amount.gt(0) & np.isfinite(amount)),
            )
            for column in ("price", "cost")
        ),
        Rule(
            "currency", f"currency is {around.currency}", "One catalogue, one currency.",
            ("currency",), lambda cells: cells.eq(around.currency), asked=bool(around.currency),
        ),
        Rule(
            "language", "language is a code of two letters, or empty", "Shoppers filter by it.",
            ("language",), lambda cells: cells.str.fullmatch("(?:[a-z]{2})?"),
        ),
        Rule(
            "attributes", "attributes are a JSON object of texts", "Features read them as such.",
            ("attributes",), lambda cells: cells.map(_is_texts),
        ),
        Rule(
            "described", "the product has a text, a photo or a sound", "Else it has no vector.",
            ("product_id", "title", "description", "photos", "sounds"),
            lambda _, title, text, photos, sounds: (
                filled(title) | filled(text) | photos.map(len).gt(0) | sounds.map(len).gt(0)
            ),
        ),
        *(
            Rule(
                f"{column}_stored", f"{column} are in the snapshot", "Features read every medium named.",
                (column,), lambda cells: cells.map(keys.issuperset), asked=around.media_keys is not None,
            )
            for column in ("photos", "sounds")
        ),
        Rule(
            "category_depth", f"category has {level} level(s) or more, or is empty",
            "A shallower category gives a label of its own.",
            ("category",), lambda cells: cells.str.count(" > ").add(1).ge(level) | cells.eq(""),
            severity="warning", asked=bool(level),
        ),
        # One clock that runs ahead must not stop a shop; many mean a wrong mapping.
        Rule(
            "updated_at_past", "updated_at is not in the future", "It orders deliveries.",
            ("updated_at",), _not_later(around), bad_share=settings.validation.max_bad_share,
        ),
    ]  # fmt: skip


def events(settings: Settings, around: Surroundings) -> list[Rule]:
    """Clean events: known products, amounts above zero, no time in the future."""
    return [
        *has_columns("events"),
        _known("Insights join events to products.", around),
        Rule(
            "event_kind", "event is view, cart or purchase", "Recommenders weigh the three kinds.",
            ("event",), lambda cells: cells.isin(EVENT_KINDS),
        ),
        _at_least("quantity", 1, "above zero", "Returns and write-offs are no demand."),
        _at_least("unit_price", 0, "zero or more", "Revenue is quantity times it."),
        Rule("time_given", "time is given", "Sales are forecast by day.", ("time",), pd.Series.notna),
        Rule(
            "time_past", "time is not in the future", "Nothing has been sold yet tomorrow.",
            ("time",), _not_later(around),
        ),
    ]  # fmt: skip


def stock(settings: Settings, around: Surroundings) -> list[Rule]:
    """Clean stock: known products, each count once, nothing below zero."""
    return [
        *has_columns("stock"),
        Rule("product_id_given", "product_id is given", "All is keyed by it.", ("product_id",), filled),
        Rule(
            "counted_once", "product_id is unique among the counts of a moment", "A count is one number.",
            ("product_id", "time"),
            lambda ids, time: ~pd.DataFrame({"id": ids, "time": time}).duplicated(keep=False),
        ),
        _known("Stock plans join to products.", around),
        _at_least("on_hand", 0, "zero or more", "A plan counts pieces and days."),
        _at_least("lead_time_days", 0, "zero or more", "A plan counts pieces and days."),
        _at_least("order_cost", 0, "zero or more", "How much to order at once follows from it."),
        Rule(
            "time_past", "time is not in the future", "Weeks sold out are known from past counts.",
            ("time",), _not_later(around),
        ),
    ]  # fmt: skip


def interactions(settings: Settings, around: Surroundings) -> list[Rule]:
    """Shopper events: each once, of known kinds and products, their places and times possible."""
    return [
        *has_columns("interactions"),
        _known("Clicks and impressions are counted by product.", around),
        Rule(
            "event_once", "event_id is unique among those with a key, and those without",
            "An event that comes again counts once.",
            ("event_id", "keyed"), lambda ids, keyed: ~pd.DataFrame([ids, keyed]).T.duplicated(keep=False),
        ),
        Rule(
            "interaction_kind", f"kind is one of {', '.join(INTERACTION_KINDS)}", "They count differently.",
            ("kind",), lambda cells: cells.isin(INTERACTION_KINDS),
        ),
        Rule(
            "position_from_1", "position is 1 or more, or not told", "What stands first is clicked more.",
            ("position",), lambda cells: cells.isna() | cells.ge(1),
        ),
        Rule(
            "keyed_sales", "carts and purchases came with a key", "Else anybody could train the ranking.",
            ("kind", "keyed"), lambda kind, keyed: keyed.astype(bool) | ~kind.isin(("cart", "purchase")),
        ),
        Rule(
            "interaction_past", "time is given, and not in the future", "Nobody has seen it yet tomorrow.",
            ("time",), lambda times: times.notna() & _not_later(around)(times),
        ),
    ]  # fmt: skip


def quarantine(settings: Settings, around: Surroundings) -> list[Rule]:
    """Quarantine: every row says of which table, which field and why."""
    return [
        *has_columns("quarantine"),
        Rule(
            "table_known", f"table is one of {', '.join(TABLES)}", "Counts are balanced per table.",
            ("table",), lambda cells: cells.isin(TABLES),
        ),
        Rule(
            "scope_known", f"scope is one of {', '.join(SCOPES)}", "Only whole rows are counted as refused.",
            ("scope",), lambda cells: cells.isin(SCOPES),
        ),
        Rule(
            "reason_given", "reason is given", "Nobody can mend what has no reason.",
            ("reason",), lambda cells: cells.ne(""),
        ),
        Rule(
            "field_given", "field is given", "The reason is about a column.",
            ("field",), lambda cells: cells.ne(""),
        ),
    ]  # fmt: skip


def _identifier() -> list[Rule]:
    reason = "Everything is keyed by it."
    return [
        Rule("product_id_given", "product_id is given", reason, ("product_id",), filled),
        Rule(
            "product_id_unique", "product_id is unique", reason,
            ("product_id",), lambda ids: ~ids.duplicated(keep=False),
        ),
    ]  # fmt: skip


def _known(reason: str, around: Surroundings) -> Rule:
    return Rule(
        "product_known", "product_id is a known product", reason,
        ("product_id",), lambda ids: ids.isin(around.product_ids), asked=around.product_ids is not None,
    )  # fmt: skip


def _at_least(column: str, minimum: float, said: str, reason: str) -> Rule:
    """An amount that may be unknown, and is otherwise not below a minimum."""
    return Rule(
        f"{column}_in_range", f"{column} is {said}", reason, (column,), lambda cells: ~cells.lt(minimum)
    )


def _not_later(around: Surroundings) -> Callable[[pd.Series], pd.Series]:
    return lambda times: ~times.gt(around.latest)


def _is_texts(cell: str) -> bool:
    """Whether the cell is a JSON object whose values are all texts."""
    try:
        value = json.loads(cell)
    except (TypeError, ValueError):
        return False
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
