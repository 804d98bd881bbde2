"""Cleaning of product rows and of the media they name."""

import json
from dataclasses import replace
from typing import Any

import pandas as pd

from catalog.cells import (
    LARGEST_PRICE,
    Reading,
    attribute_texts,
    category_path,
    codes,
    filled,
    languages,
    media_cell,
    moments,
    numbers,
    one_currency,
    open_dates,
    open_numbers,
    stripped,
    usable_ids,
    usable_key,
)
from catalog.cleaning.placeholders import crowded_groups, without_placeholders
from catalog.cleaning.refusals import (
    NO_TIME,
    TWO_DATES,
    TWO_NUMBERS,
    Cleaned,
    Refusals,
    refused_files,
)
from catalog.contract import PRODUCT_COLUMNS
from catalog.joining import Joined, join_rows
from catalog.sources.base import CatalogSource
from catalog.text.markup import shown_lines, shown_text
from shelfspace.settings import Settings

__all__ = ["clean_products"]

NO_ID = (
    "no id; give a text or a whole number, a long one as it is (a spreadsheet shows 4.00638E+12 where its "
    "column is not formatted as text)"
)
OTHER_CURRENCY = "not in the catalogue's {}; convert the price, or list the row elsewhere"
GAVE_WAY = (
    "another row of the product says otherwise; of rows that complete each other the first value counts"
)


def clean_products(
    raw: pd.DataFrame, source: CatalogSource, settings: Settings, media_findings: pd.DataFrame
) -> Cleaned:
    """Type, complete and deduplicate raw products.

    Rows of one id that complete each other are one product (`catalog.joining`). Refused rows, in this
    order: no id; an id given again (the latest updated_at stays, then the last row); no text, photo or
    sound left. Refused fields, which are then empty: a price or cost that is no number, or
    two, or not above zero, or in another currency than the catalogue's; an updated_at that is no time.
    Refused files: not delivered, named by a path that leads out of the media root, or refused by the
    media probe, or a placeholder (`catalog.cleaning.placeholders`).

    Args:
        raw: `catalog.snapshot.shards.read_raw_products`.
        source: currency, separators, and how numbers and dates are written.
        settings: unused today; limits of media are applied by the probe.
        media_findings: columns key, kind, ok, field, value, reason (`catalog.media.probe_media`).

    Returns:
        clean products in the contract's columns, sorted by product_id.
    """
    reading = source.reading("products")
    raw = raw.reset_index(drop=True)
    joined = join_rows(raw, source.photo_separator, reading)
    beside = _given_way(raw, joined)
    raw = joined.rows.reset_index(drop=True)
    cells = {column: stripped(raw[column]) for column in PRODUCT_COLUMNS}
    for column, shown in (("title", shown_text), ("brand", shown_text), ("description", shown_lines)):
        cells[column] = _each(cells[column], shown)
    ids = cells["product_id"]
    updated = moments(raw["updated_at"], reading.of("updated_at"))
    money = one_currency(raw["price"], raw["currency"], source.currency)
    found = Refusals("products", raw)
    found.refuse(ids.eq(""), "product_id", "the id is empty; give each product its own id")
    found.refuse(~usable_ids(ids), "product_id", NO_ID)
    found.empty(money.bad_column, "currency", OTHER_CURRENCY.format(money.shown))
    price, cost = (_amount(found, column, source, reading) for column in ("price", "cost"))
    undated = cells["updated_at"].ne("") & updated.isna()
    two_dates = open_dates(raw["updated_at"], reading.of("updated_at"))
    found.empty(two_dates, "updated_at", TWO_DATES)
    found.empty(undated & ~two_dates, "updated_at", NO_TIME)
    found.refuse(
        _superseded(ids, updated, found.kept), "product_id", "given again; the row updated last is kept"
    )
    crowds = crowded_groups(cells["group_id"][found.kept], cells["category"][found.kept])
    for group, products in crowds.items():
        reason = f"{products:,} products of several categories have it: they are no variants of one product"
        found.empty(cells["group_id"].eq(group), "group_id", reason)
    cells["group_id"] = cells["group_id"].where(~cells["group_id"].isin(crowds), "")
    verdicts = _verdicts(media_findings)
    photos, bad_photos = _media(raw[found.kept], "photos", source.photo_separator, verdicts)
    sounds, bad_sounds = _media(raw[found.kept], "sounds", source.photo_separator, verdicts)
    kept = raw[found.kept].assign(group_id=cells["group_id"])
    photos, no_photos = without_placeholders("photos", photos, kept, media_findings)
    sounds, no_sounds = without_placeholders("sounds", sounds, kept, media_findings)
    described = cells["title"].ne("") | cells["description"].ne("")
    described |= (photos.map(bool) | sounds.map(bool)).reindex(raw.index, fill_value=False)
    found.refuse(~described, "title", "no text, photo or sound is left; nothing describes the product")
    clean = pd.DataFrame(
        {
            **{name: cells[name] for name in ("product_id", "title", "description", "brand", "group_id")},
            "category": _each(raw["category"], lambda cell: category_path(cell, source.category_separator)),
            "price": price,
            "cost": cost,
            "currency": money.code or codes(raw["currency"]),
            "attributes": _each(raw["attributes"], _attributes),
            "photos": photos,
            "sounds": sounds,
            "language": languages(raw["language"]),
            "updated_at": updated,
        },
        columns=list(PRODUCT_COLUMNS),
    )[found.kept]
    files = refused_files([*bad_photos, *bad_sounds, *no_photos, *no_sounds])
    told = [table for table in (beside, files) if len(table)]
    result = found.result(clean.sort_values("product_id", kind="stable"), pd.concat(told) if told else None)
    return replace(result, joined=len(joined.absorbed))


def _amount(found: Refusals, column: str, source: CatalogSource, reading: Reading) -> pd.Series:
    """Amounts above zero in the one currency, NaN where there is none; what cannot be used is refused."""
    cells, currencies, marks = found.raw[column], found.raw["currency"], reading.of(column)
    amount, two_ways = numbers(cells, marks), open_numbers(cells, marks)
    money = one_currency(cells, currencies, source.currency)
    found.empty(two_ways, column, TWO_NUMBERS)
    unread = filled(cells) & amount.isna() & ~two_ways
    found.empty(unread, column, f"not a number; give a {column} such as 12.50, or nothing")
    found.empty(amount.le(0), column, "not above zero; leave it empty where it is unknown")
    found.empty(
        amount.gt(LARGEST_PRICE), column, f"larger than any {column}; is it a barcode or another number?"
    )
    other = OTHER_CURRENCY.format(money.shown)
    found.empty(money.bad_price & ~money.bad_column, column, other)
    return amount.where(amount.gt(0) & amount.le(LARGEST_PRICE) & ~money.bad_column & ~money.bad_price)


def _given_way(raw: pd.DataFrame, joined: Joined) -> pd.DataFrame:
    """Quarantine rows of values that gave way to another row's of the same product."""
    found = Refusals("products", raw)
    for column in dict.fromkeys(column for _, column in joined.differing):
        labels = {label for label, other in joined.differing if other == column}
        found.empty(raw.index.to_series().isin(labels), column, GAVE_WAY)
    return found.result(raw[:0]).quarantine


def _superseded(ids: pd.Series, updated: pd.Series, kept: pd.Series) -> pd.Series:
    """Rows whose id comes again with a later `updated_at`, or with the same one further down."""
    order = pd.DataFrame({"id": ids, "time": updated})[kept].sort_values(
        "time", na_position="first", kind="stable"
    )
    winners = order.drop_duplicates("id", keep="last").index
    return ~ids.index.to_series().isin(winners)


def _verdicts(findings: pd.DataFrame) -> dict[tuple[str, str], Any]:
    """(photos|sounds, key) to its row of findings."""
    found: dict[tuple[str, str], Any] = {}
    for row in findings[["kind", "key", "ok", "field", "value", "reason"]].itertuples(index=False):
        found[f"{str(row.kind).removesuffix('s')}s", str(row.key)] = row
    return found


def _media(
    rows: pd.DataFrame, kind: str, separator: str, verdicts: dict[tuple[str, str], Any]
) -> tuple[pd.Series, list[tuple[str, str, str, str, str]]]:
    """Usable media keys per row, and what is refused."""
    usable: list[list[str]] = []
    refused = []
    field = kind.removesuffix("s")
    for product, cell in zip(stripped(rows["product_id"]), rows[kind], strict=True):
        keys = []
        for key in media_cell(cell, separator):
            verdict = verdicts.get((kind, key))
            if not usable_key(key):
                reason = "the path leads out of the media root; name a file inside it"
                refused.append((kind, product, f"{field}.file", key, reason))
            elif verdict is None:
                reason = "the file was never probed; run the validation stage"
                refused.append((kind, product, f"{field}.file", key, reason))
            elif not verdict.ok:
                shown = str(verdict.value)
                value = key if shown.strip("'\"") in ("", key) else f"{key}: {shown}"
                refused.append((kind, product, str(verdict.field), value, str(verdict.reason)))
            else:
                keys.append(key)
        usable.append(keys)
    return pd.Series(usable, index=rows.index, dtype=object), refused


def _each(cells: pd.Series, function: Any) -> pd.Series:
    """`function` of each cell, computed once per distinct one."""
    values = {cell: function(cell) for cell in dict.fromkeys(cells)}
    # Looked up one by one: what a table of pandas does not find becomes NaN without a word.
    return pd.Series([values[cell] for cell in cells], index=cells.index, dtype=object)


def _attributes(cell: str) -> str:
    shown = {shown_text(name): shown_text(value) for name, value in attribute_texts(cell).items()}
    return json.dumps(shown, ensure_ascii=False)
