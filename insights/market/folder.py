"""A weekly report, and its folder: what an asset writes, the next report begins at and the service reads.

market.parquet      of each product its segment, what it sold, its move, where its price stands
segments.parquet    demand.parquet (by week), gaps.parquet, searches.parquet
carried.parquet     product, segment and vector's hash, for the next report
last_week.parquet   product and segment at the end of last week; absent in the first week
report.json         week, and a sentence for each part that has something to say
*.png               pictures
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from shelfspace.files import read_json, read_parquet, reading, write_bytes, write_json, write_table
from shelfspace.formats import check_format

__all__ = ["NOTHING", "Before", "Report", "Said", "read_before", "read_report", "write_report"]

FORMAT = 2
TABLES = ("segments", "demand", "gaps", "searches")
INNER = ["hash"]
"""Columns of the products that the next report alone needs."""


class Said(NamedTuple):
    """A sentence in both languages; a part that has nothing to say has NOTHING."""

    en: str
    zh: str


NOTHING = Said("", "")
"""Where there is nothing to say."""


@dataclass(frozen=True)
class Before:
    """What an earlier report leaves to the next.

    Attributes:
        week: Monday of the week it was made in.
        products: product_id, segment and hash of each product then.
        segments: segment, name_en, name_zh and since.
        last_week: product_id and segment at the end of the week before that; None in the first week.
    """

    week: str
    products: pd.DataFrame
    segments: pd.DataFrame
    last_week: pd.DataFrame | None


@dataclass(frozen=True)
class Report:
    """One week of the market.

    Attributes:
        week: Monday of the week that the newest event (without events, the newest listing) falls in.
        products: of each product its segment, what it sold, whether it moves, where its price stands; by
            product_id.
        segments: of each segment its names, size, sales, move, and whether it is new since last week.
        demand: by week and segment.
        gaps, searches: see `insights.market.gaps`.
        last_week: product_id and segment at the end of last week; None in the first week.
        said: part to a sentence: how the segments were cut, and why a part is empty.
    """

    week: str
    products: pd.DataFrame
    segments: pd.DataFrame
    demand: pd.DataFrame
    gaps: pd.DataFrame
    searches: pd.DataFrame
    last_week: pd.DataFrame | None
    said: dict[str, Said]


def write_report(folder: Path, report: Report, drawn: Mapping[str, bytes]) -> None:
    """Write a report and its pictures by name into an empty folder."""
    write_table(folder / "market.parquet", report.products.drop(columns=INNER))
    write_table(folder / "carried.parquet", report.products[["product_id", "segment", "hash"]])
    for name in TABLES:
        write_table(folder / f"{name}.parquet", getattr(report, name))
    if report.last_week is not None:
        write_table(folder / "last_week.parquet", report.last_week)
    for name, picture in drawn.items():
        write_bytes(folder / f"{name}.png", picture)
    said = {name: list(both) for name, both in report.said.items()}
    write_json(folder / "report.json", {"format": FORMAT, "week": report.week, "said": said})


def read_before(folder: Path) -> Before | None:
    """What the report in a folder leaves to the next; None where there is none, or one of another form."""
    path = folder / "report.json"
    if not path.is_file():
        return None
    kept = read_json(path)
    if kept["format"] != FORMAT:
        return None
    last = folder / "last_week.parquet"
    return Before(
        kept["week"],
        read_parquet(folder / "carried.parquet"),
        read_parquet(folder / "segments.parquet"),
        read_parquet(last) if last.is_file() else None,
    )


def read_report(folder: Path) -> Report:
    """The report in a folder.

    Raises:
        ArtifactError: there is none, it is damaged, or of another form.
    """
    path = folder / "report.json"
    with reading(path, KeyError, TypeError):
        kept = read_json(path)
        version, week = kept["format"], kept["week"]
        said = {name: Said(*both) for name, both in kept["said"].items()}
    check_format(f"the market report at {folder}", version, FORMAT, "run the insights job")
    last, tables = folder / "last_week.parquet", {n: read_parquet(folder / f"{n}.parquet") for n in TABLES}
    return Report(
        week=week,
        products=read_parquet(folder / "market.parquet"),
        last_week=read_parquet(last) if last.is_file() else None,
        said=said,
        **tables,
    )
