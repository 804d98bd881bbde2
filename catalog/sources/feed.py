"""A Google Merchant feed in XML, RSS 2.0 or Atom, as a table: a row an item, a column a tag."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from shelfspace.errors import CatalogError

__all__ = ["read_feed"]

GOOGLE = "{http://base.google.com/ns/1.0}"
LISTED = ("additional_image_link",)
"""Tags whose values are joined by a comma; of others that come again the first counts."""


def read_feed(data: bytes, name: str) -> pd.DataFrame:
    """All items of a feed as str, tags without their namespace; a `g:` tag counts before a plain one.

    Raises:
        CatalogError: it is no whole XML, declares entities, or has no `item` or `entry`.
    """
    from defusedxml import DefusedXmlException, ElementTree

    try:
        rows = list(_items(ElementTree.iterparse(io.BytesIO(data))))
    except ElementTree.ParseError as error:
        raise CatalogError("path", name, f"give a whole XML feed ({error})") from error
    except (DefusedXmlException, LookupError, ValueError) as error:
        raise CatalogError("path", name, f"give a plain XML feed, without entities ({error})") from error
    if not rows:
        raise CatalogError("path", name, "give a feed with an <item> (RSS) or <entry> (Atom) a product")
    return pd.DataFrame(rows, dtype=object).fillna("")


def _items(events: "Iterator[tuple[str, Any]]") -> Iterator[dict[str, str]]:
    for _, element in events:
        if _plain(element.tag) in ("item", "entry"):
            yield _row(element)
            element.clear()


def _row(item: Any) -> dict[str, str]:
    plain: dict[str, str] = {}
    google: dict[str, list[str]] = {}
    for tag in item:
        name = _plain(tag.tag)
        value = (tag.text or "").strip() or tag.get("href", "")
        if len(tag):  # shipping, product_detail: tags in a tag
            parts = {_plain(part.tag): (part.text or "").strip() for part in tag}
            value = json.dumps(parts, ensure_ascii=False)
        if tag.tag.startswith(GOOGLE):
            google.setdefault(name, []).append(value)
        else:
            plain.setdefault(name, value)
    told = {name: ",".join(values) if name in LISTED else values[0] for name, values in google.items()}
    return plain | told


def _plain(tag: object) -> str:
    return str(tag).rpartition("}")[2]
