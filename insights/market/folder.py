"""The report as a folder: what an asset writes, the next report begins at and the service reads.

market.parquet      of each product its segment, what it sold, its move, where its price stands
segments.parquet    demand.parquet (by week), gaps.parquet, searches.parquet: `insights.market.report`
carried.parquet     product, segment and vector's hash, for the next report
last_week.parquet   product and segment at the end of last week; absent in the first week
report.json         week, and a sentence for each part that has something to say
*.png               pictures
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from insights.market.report import Before, Report
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet, write_bytes, write_json, write_table

__all__ = ["PICTURES", "Market", "read_before", "read_market", "write_market"]

FORMAT = 1
PICTURES = ("segments", "shares", "movers", "prices")
TABLES = ("segments", "demand", "gaps", "searches")
NOT_SHOWN = ["hash"]


@dataclass(frozen=True)
class Market:
    """A report as it was written.

    Attributes:
        folder: where its pictures lie.
        week, said, products, segments, demand, gaps, searches: see `insights.market.report.Report`.
    """

    folder: Path
    week: str
    said: dict[str, str]
    products: pd.DataFrame
    segments: pd.DataFrame
    demand: pd.DataFrame
    gaps: pd.DataFrame
    searches: pd.DataFrame

    @property
    def pictures(self) -> list[str]:
        """Names of the pictures there are."""
        return [name for name in PICTURES if (self.folder / f"{name}.png").is_file()]


def write_market(folder: Path, report: Report, drawn: dict[str, bytes]) -> None:
    """Write a report and its pictures by name into an empty folder."""
    write_table(folder / "market.parquet", report.products.drop(columns=NOT_SHOWN))
    write_table(folder / "carried.parquet", report.products[["product_id", "segment", "hash"]])
    for name in TABLES:
        write_table(folder / f"{name}.parquet", getattr(report, name))
    if report.last_week is not None:
        write_table(folder / "last_week.parquet", report.last_week)
    for name, picture in drawn.items():
        write_bytes(folder / f"{name}.png", picture)
    write_json(folder / "report.json", {"format": FORMAT, "week": report.week, "said": report.said})


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


def read_market(folder: Path) -> Market:
    """The report in a folder.

    Raises:
        ArtifactError: there is none, it is damaged, or of another form.
    """
    kept = read_json(folder / "report.json")
    if kept["format"] != FORMAT:
        raise ArtifactError(
            f"the market report at {folder} has format {kept['format']}, this version reads {FORMAT}; "
            "run the insights job"
        )
    tables = {name: read_parquet(folder / f"{name}.parquet") for name in TABLES}
    return Market(folder, kept["week"], kept["said"], read_parquet(folder / "market.parquet"), **tables)
