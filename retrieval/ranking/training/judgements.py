"""Judgements that people made: which product answers which query, and how well.

A folder of CSV files in UTF-8, each with the columns `query`, `product_id` and `relevance`: 0 is no
answer, 1 a fair one, 2 a good one, and higher grades better still, up to 4. A query's products may
be spread over rows and files; what is not judged counts as 0. A query that shall have no answer has
one row with an empty product_id and relevance 0.

    query,product_id,relevance
    red running shoe,p00017,2
    red running shoe,p00044,1
    qwzx flurble,,0
"""

from pathlib import Path

import pandas as pd

from shelfspace.errors import InputError

__all__ = ["HIGHEST", "read_judgements"]

COLUMNS = ("query", "product_id", "relevance")
HIGHEST = 4


def read_judgements(folder: Path) -> dict[str, dict[str, int]]:
    """Query to product to grade, files by name and rows in order.

    Raises:
        InputError: no file, a column that is missing, an empty query, a relevance that is no grade, or
            a product judged twice for one query in two ways. The message names file and row.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise InputError("judgements", str(folder), f"put CSV files with {', '.join(COLUMNS)} there")
    found: dict[str, dict[str, int]] = {}
    for path in files:
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise InputError(path.name, str(error), "write a CSV file in UTF-8 with a header") from error
        missing = [name for name in COLUMNS if name not in table]
        if missing:
            raise InputError(f"{path.name}: columns", list(table), f"add {', '.join(missing)}")
        for number, (query, product, relevance) in enumerate(
            zip(*(table[name].str.strip() for name in COLUMNS), strict=True), 2
        ):
            place = f"{path.name} line {number}"
            if not query:
                raise InputError(f"{place}: query", query, "say what was searched for")
            if relevance not in {str(grade) for grade in range(HIGHEST + 1)}:
                raise InputError(f"{place}: relevance", relevance, f"give a whole number from 0 to {HIGHEST}")
            grades = found.setdefault(query, {})
            if not product:
                if relevance != "0":
                    raise InputError(f"{place}: product_id", product, "name the product that is relevant")
                continue
            if grades.setdefault(product, int(relevance)) != int(relevance):
                remedy = f"it was {grades[product]} before; keep one"
                raise InputError(f"{place}: relevance", relevance, remedy)
    return found
