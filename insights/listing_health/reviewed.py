"""What people have judged to be fine: `health_reviewed.csv` in the workspace."""

from pathlib import Path

import pandas as pd

from insights.listing_health.sentences import CALLED, HEADS, KINDS
from shelfspace.errors import InputError

__all__ = ["COLUMNS", "FILE", "hide", "read_reviewed"]

FILE = "health_reviewed.csv"
COLUMNS = ("product_id", "kind", "stands")
"""Columns that are read; others, a note say, are people's own. Rows of the page's download may be pasted as
they are: its heads and names of kinds are understood in both languages."""


def read_reviewed(path: Path) -> pd.DataFrame:
    """Rows of str product_id, kind ("" for all kinds) and stands ("" for whatever stands there).

    Raises:
        InputError: no readable CSV, no product_id column, or a kind that there is not.
    """
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS), dtype=str)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        remedy = "write a CSV in UTF-8 whose first line is product_id,kind"
        raise InputError(str(path.name), str(error), remedy) from error
    own = {title: name for name, titles in HEADS.items() for title in titles}
    table = table.rename(columns=own)
    if "product_id" not in table:
        remedy = "write a column product_id, and kind and stands where you like"
        raise InputError(f"{path.name}: columns", ", ".join(map(str, table)), remedy)
    read = pd.DataFrame({name: table[name].str.strip() if name in table else "" for name in COLUMNS})
    read["kind"] = read["kind"].replace({title: kind for kind, names in CALLED.items() for title in names})
    for line, kind in enumerate(read["kind"], 2):
        if kind and kind not in KINDS:
            remedy = f"write one of {', '.join(KINDS)}, or nothing for all"
            raise InputError(f"{path.name}: line {line}, kind", kind, remedy)
    return read


def hide(findings: pd.DataFrame, reviewed: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The findings that nobody has judged to be fine, and how many are hidden.

    A judgement that names what stands there holds until something else does.
    """
    if reviewed.empty or findings.empty:
        return findings, 0
    judged = {tuple(row) for row in reviewed[list(COLUMNS)].itertuples(index=False, name=None)}
    asked = findings[list(COLUMNS)].itertuples(index=False, name=None)
    fine = [
        any((one, of, what) in judged for of in (kind, "") for what in (stands, ""))
        for one, kind, stands in asked
    ]
    kept = findings[~pd.Series(fine, index=findings.index)]
    return kept.reset_index(drop=True), len(findings) - len(kept)
