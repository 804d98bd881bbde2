"""docs/RELIABILITY.md: the table of the last run between its two marks."""

from typing import Any

from tabulate import tabulate

from shelfspace.files import write_text
from shelfspace.workspace import PROJECT

__all__ = ["write_page"]

PAGE = PROJECT / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write_page(result: dict[str, Any]) -> None:
    """Put the rows between the marks of the page."""
    head, _, rest = PAGE.read_text().partition(BEGIN)
    tail = rest.partition(END)[2]
    rows = [
        (row["fault"], row["where"], row["outcome"], "yes" if row["same_as_clean"] else "no")
        for row in result["rows"]
    ]
    table = tabulate(rows, ("fault", "where", "outcome", "same bytes as the clean run"), tablefmt="github")
    told = ", ".join(f"{row['row'].replace('_', ' ')}: {row['value']}" for row in result["summary"])
    run = result["run"]
    when = f"One run, begun {run['began']}, of {run['minutes']} minutes, commit `{run['commit'][:12]}`."
    write_text(PAGE, f"{head}{BEGIN}\n\n{told}. {when}\n\n{table}\n\n{END}{tail}")
