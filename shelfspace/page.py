"""A plain page of a workspace: a heading, a sentence and tables; it loads nothing from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tabulate import tabulate

from shelfspace.files import write_text

__all__ = ["table", "write_page"]

HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:90rem}}table{{border-collapse:collapse}}
td,th{{padding:.35rem .8rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}}
img{{max-width:100%}}div{{overflow-x:auto}}</style>
<h1>{title}</h1><p>{told}</p>
"""


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a table in HTML; texts stand as they are, whatever they hold."""
    return f"<div>{tabulate(rows, headers='keys', tablefmt='html', disable_numparse=True)}</div>"


def write_page(path: Path, title: str, told: str, *body: str) -> None:
    """Write a page, whole or not at all.

    Args:
        title: of the page, a text.
        told: the sentence below it, a text.
        body: what follows, in HTML.
    """
    write_text(path, "\n".join([HEAD.format(title=escape(title), told=escape(told)), *body]) + "\n")
