"""The known dirt: what is wrong with which row or file, in exact counts.

`choose` decides which products are touched (each by one kind at most), `soil_products`,
`soil_media`, `soil_events` and `soil_stock` do it. What is planted is listed in truth.json.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import soundfile
from PIL import Image

from catalog.sample.sounds import RATE
from catalog.sample.world import random

__all__ = ["KINDS", "Dirt", "choose", "soil_events", "soil_media", "soil_products", "soil_stock"]


@dataclass(frozen=True)
class Kind:
    """One kind of dirt.

    Attributes:
        per_1200: how many in 1200 products (at least one in a smaller catalogue).
        needs: what a product must have: "" nothing, "photo", "sound", "text".
        refuses: what cleaning must refuse for it: "product", "field", "photo", "sound" or "" (repaired).
    """

    per_1200: int
    needs: str
    refuses: str


KINDS: dict[str, Kind] = {
    "duplicate_id": Kind(10, "", "product"),
    "empty_id": Kind(2, "", "product"),
    "negative_price": Kind(6, "", "field"),
    "unparseable_price": Kind(3, "", "field"),
    "wrong_currency": Kind(5, "", "field"),
    "no_modality": Kind(2, "", "product"),
    "empty_title": Kind(8, "text", ""),
    "html_description": Kind(15, "text", ""),
    "exotic_unicode": Kind(8, "text", ""),
    "truncated_photo": Kind(6, "photo", "photo"),
    "missing_photo_file": Kind(5, "photo", "photo"),
    "wrong_format_photo": Kind(2, "photo", "photo"),
    "huge_photo_header": Kind(1, "photo", "photo"),
    "too_short_sound": Kind(2, "sound", "sound"),
    "silent_sound": Kind(3, "sound", "sound"),
}

EVENT_DIRT = {"event_unknown_product": 12, "event_bad_time": 4, "event_unknown_kind": 4}
STOCK_DIRT = {"stock_unknown_product": 2}

GONE = ("no_modality",)
"""Kinds after which nothing of the product is left."""
UNSOLD = ("negative_price", "unparseable_price", "wrong_currency", *GONE)
"""Kinds whose products nobody can buy: no event and no stock names them."""


@dataclass(frozen=True)
class Dirt:
    """Which products each kind touches (positions in the plan)."""

    rows: dict[str, list[int]]

    @property
    def unsold(self) -> list[int]:
        """Products without events and stock."""
        return sorted(row for kind in UNSOLD for row in self.rows[kind])


def count(per_1200: int, products: int) -> int:
    """Planted number for a catalogue of this size: in proportion, at least one."""
    return max(1, round(per_1200 * products / 1200))


def choose(plan: pd.DataFrame, seed: int) -> Dirt:
    """Pick distinct products for each kind."""
    rng = random(seed, "dirt")
    usable = {
        "": np.ones(len(plan), bool),
        "photo": (plan["photos"] == 1).to_numpy(),
        "sound": plan["has_sound"].to_numpy(),
        "text": (plan["has_description"] & ~plan["vague"] & (plan["language"] != "mixed")).to_numpy(),
    }
    # Products that vanish come from no variant group and leave the others' groups whole.
    usable[""] &= (plan["group_id"] == "").to_numpy() & plan["has_price"].to_numpy()
    taken = np.zeros(len(plan), bool)
    rows: dict[str, list[int]] = {}
    for name, kind in KINDS.items():
        free = rng.permutation(np.flatnonzero(usable[kind.needs] & ~taken))
        rows[name] = sorted(free[: count(kind.per_1200, len(plan))].tolist())
        taken[rows[name]] = True
    return Dirt(rows)


def soil_products(table: pd.DataFrame, dirt: Dirt, seed: int) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """The raw table with its dirt: all strings; extra rows at the end.

    Returns:
        the table, and for each duplicate id: product_id, rows (0-based, without the header line),
        kept_row and kept_price: the latest updated_at wins, then the last row.
    """
    rng = random(seed, "soil")
    out = table.copy()

    def set_cells(kind: str, column: str, values: list[str]) -> None:
        for i, row in enumerate(dirt.rows[kind]):
            out.loc[row, column] = values[i % len(values)]

    for row in dirt.rows["negative_price"]:
        out.at[row, "price"] = "-" + str(out.at[row, "price"])
    set_cells("unparseable_price", "price", ["call us", "12 or 14", "N/A€"])
    set_cells("wrong_currency", "currency", ["USD", "GBP", "XBT"])
    for column in ("title", "description", "brand", "price", "cost", "attributes", "photos", "sounds"):
        set_cells("no_modality", column, [""])
    set_cells("empty_title", "title", ["", "   "])
    for i, row in enumerate(dirt.rows["html_description"]):
        out.loc[row, "description"] = _html(str(out.loc[row, "description"]), i)
    for i, row in enumerate(dirt.rows["exotic_unicode"]):
        out.loc[row, "title"] = _exotic(str(out.loc[row, "title"]), i)

    copies = [out.loc[row].copy() for row in dirt.rows["duplicate_id"]]
    duplicates: list[dict[str, object]] = []
    for i, (row, copy) in enumerate(zip(dirt.rows["duplicate_id"], copies, strict=True)):
        days = (-40, 5, 0)[i % 3]  # the copy is older, newer, or of the same moment
        moment = pd.Timestamp(str(copy["updated_at"])) + pd.Timedelta(days=days)
        copy["updated_at"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        copy["price"] = f"{float(str(copy['price'])) * 1.1:.2f}"
        extra = len(out) + i
        kept = row if days < 0 else extra
        price = out.loc[row, "price"] if days < 0 else copy["price"]
        duplicates.append(
            {
                "product_id": copy["product_id"],
                "rows": [row, extra],
                "kept_row": kept,
                "kept_price": float(str(price)),
            }
        )
    for row in dirt.rows["empty_id"]:
        nameless = out.loc[row].copy()
        nameless["product_id"] = ""
        nameless["title"] = f"{nameless['title']} {int(rng.integers(2, 9))}"
        copies.append(nameless)
    return pd.concat([out, pd.DataFrame(copies)], ignore_index=True), duplicates


def _html(text: str, turn: int) -> str:
    frames = (
        "<p><b>{0}</b></p>\n<ul><li>Quality &amp; care</li></ul>",
        '<div style="color:red">{0}<br/>&nbsp;&euro; incl. VAT</div>',
        "{0}<script>alert('buy now')</script>",
        '<h2>Details</h2><p>{0}</p><img src="x.jpg" onerror="alert(1)">',
    )
    return frames[turn % len(frames)].format(text)


def _exotic(text: str, turn: int) -> str:
    """Full-width letters, zero-width and direction marks, emoji, combining marks, odd spaces."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    forms = (
        wide,
        "\u200b".join(text),
        "\u202e\u2066" + text + "\u2069",
        "\U0001f525\u2728 " + text + " \U0001f468\u200d\U0001f469\u200d\U0001f467\ufe0f",
        "".join(c + "\u0301" if c in "aeou" else c for c in text),
        text.replace(" ", "\u00a0\u2003") + "\ufeff",
    )
    return forms[turn % len(forms)]


def soil_media(kind: str, data: bytes) -> bytes | None:
    """The spoilt file in place of a good one; None means that no file is written.

    Raises:
        KeyError: `kind` touches no media file.
    """
    spoilt: dict[str, Callable[[], bytes | None]] = {
        "truncated_photo": lambda: data[: int(len(data) * 0.45)],
        "missing_photo_file": lambda: None,
        "wrong_format_photo": lambda: _as_gif(data),
        "huge_photo_header": _huge_header,
        "too_short_sound": lambda: _flac(np.full(int(0.02 * RATE), 0.2, np.float32)),
        "silent_sound": lambda: _flac(np.zeros(RATE, np.float32)),
    }
    return spoilt[kind]()


def _as_gif(data: bytes) -> bytes:
    stream = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("P").save(stream, "GIF")
    return stream.getvalue()


def _huge_header() -> bytes:
    """A PNG of one pixel whose header claims 60000 x 60000."""
    stream = io.BytesIO()
    Image.new("RGB", (1, 1), "white").save(stream, "PNG")
    png = bytearray(stream.getvalue())
    png[16:24] = struct.pack(">II", 60_000, 60_000)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))
    return bytes(png)


def _flac(wave: np.ndarray) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, wave, RATE, format="FLAC", subtype="PCM_16")
    return stream.getvalue()


def soil_events(events: pd.DataFrame, products: int, seed: int) -> tuple[pd.DataFrame, dict[str, list[int]]]:
    """Spoil some views, in place of good ones; returns the table (strings) and the rows by kind."""
    rng = random(seed, "soil events")
    table = events.astype(str)
    free = rng.permutation(np.flatnonzero((events["event"] == "view").to_numpy())).tolist()
    rows: dict[str, list[int]] = {}
    for name, number in EVENT_DIRT.items():
        size = count(number, products)
        rows[name], free = sorted(free[:size]), free[size:]
    for row in rows["event_unknown_product"]:
        table.loc[row, "product_id"] = f"x{row:05d}"
    for row in rows["event_bad_time"]:
        table.loc[row, "time"] = "yesterday"
    for row in rows["event_unknown_kind"]:
        table.loc[row, "event"] = "glance"
    return table, rows


def soil_stock(stock: pd.DataFrame, products: int) -> tuple[pd.DataFrame, list[str]]:
    """Add rows for products that are not in the catalogue; returns the table (strings) and their ids."""
    ids = [f"x9{i:04d}" for i in range(count(STOCK_DIRT["stock_unknown_product"], products))]
    extra = pd.DataFrame({"product_id": ids, "on_hand": 5, "lead_time_days": 10.0})
    return pd.concat([stock, extra], ignore_index=True).astype(str), ids
