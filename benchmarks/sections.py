"""Sections of a written page, each between its own marks, so that one benchmark leaves the others' alone."""

import re
from pathlib import Path

__all__ = ["marked", "marked_sections", "put_section"]


def marked(name: str, text: str) -> str:
    """A section between its marks."""
    return f"<!-- {name}: begin -->\n\n{text.strip()}\n\n<!-- {name}: end -->"


def marked_sections(page: str) -> list[str]:
    """Every marked section of a page, marks included, in order."""
    return [found.group() for found in re.finditer(r"<!-- (\w+): begin -->.*?<!-- \1: end -->", page, re.S)]


def put_section(page: Path, name: str, text: str) -> None:
    """Replace a page's section of that name; it is put at the end of a page that has none."""
    from shelfspace.files import write_text

    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.read_text().partition(begin)
    after = rest.partition(end)[2].strip()
    parts = [before.rstrip(), marked(name, text), *([after] if after else [])]
    write_text(page, "\n\n".join(parts) + "\n")
