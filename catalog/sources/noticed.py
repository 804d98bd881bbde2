"""What a table of products shows of how it was made, and what a person should hear of it."""

import pandas as pd

from catalog.cells import says_nothing
from catalog.contract import source_columns
from catalog.sources.shop_exports import plain_name

__all__ = ["noticed"]

SOUGHT = ("title", "description", "category", "price", "photos")
"""Columns whose absence is told where the file has others that nothing reads."""
GARBLED = r"[\u00c2\u00c3][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122]|\u00e2\u20ac|\ufffd"
"""UTF-8 that was read as cp1252 (GrÃ¶ÃŸe), or a mark that stands for a character that is lost."""
SHOWN = 8


def noticed(rows: pd.DataFrame, named: pd.DataFrame) -> list[str]:
    """Sentences on columns that nothing reads, words for nothing that are taken for empty cells, and texts
    that came garbled.

    Args:
        rows: of the file, under its own column names.
        named: the same by the contract's names.
    """
    found = []
    known = source_columns("products")
    lacking = [name for name in SOUGHT if name not in named]
    unread = [str(column) for column in named.columns if column not in known and column in rows]
    if lacking and unread:
        some = ", ".join(unread[:SHOWN]) + (", ..." if len(unread) > SHOWN else "")
        found.append(
            f"no column is called {', '.join(lacking)}, and nothing reads {some}; where one of them is "
            "meant, say so under products.columns in catalog.yaml"
        )
    read = [name for name in rows if name not in unread and plain_name(name) != "product_id"]
    empty = {str(name): int(says_nothing(rows[name]).sum()) for name in read}
    told = [f"{count:,} in {name}" for name, count in empty.items() if count]
    if told:
        found.append(f"words for nothing, such as NULL and N/A, are taken for empty cells: {', '.join(told)}")
    for name in ("title", "description"):
        if name in named:
            bad = named[name].str.contains(GARBLED, regex=True)
            if bad.any():
                shown = " ".join(named[name][bad].iloc[0].split())[:40]
                found.append(
                    f"{int(bad.sum()):,} cells of {name} look garbled (for instance {shown!r}): they were "
                    "once read in another encoding than written; export them anew as UTF-8"
                )
    return found
