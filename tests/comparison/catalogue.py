"""The released products and their media, read from the workspace's files without the project's code."""

import json
import tarfile
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["Catalogue"]


class Catalogue:
    """What questions are made of.

    Args:
        workspace: folder of the workspace.
        release: folder of the release that answers.
    """

    def __init__(self, workspace: Path, release: Path) -> None:
        self._workspace = workspace
        self._release = release

    @cached_property
    def products(self) -> list[dict[str, Any]]:
        """The released products by identifier, as plain values; absent ones are None."""
        table = pd.read_parquet(self._release / "products.parquet").sort_values("product_id")
        return [{str(k): plain(v) for k, v in row.items()} for row in table.to_dict("records")]

    @cached_property
    def media(self) -> dict[str, bytes]:
        """Media key to file, of every shard of the snapshot."""
        found: dict[str, bytes] = {}
        for shard in sorted(self._workspace.glob("snapshot/**/*.tar")):
            with tarfile.open(shard) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    if file is not None:
                        found[member.name] = file.read()
        return found

    def having(self, field: str) -> list[dict[str, Any]]:
        """The products that have something in a field."""
        return [product for product in self.products if product.get(field) not in (None, "", [])]

    def in_language(self, language: str) -> list[dict[str, Any]]:
        """The products in a language."""
        return [product for product in self.products if product.get("language") == language]


def plain(value: Any) -> Any:
    """A cell as JSON has it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and value != value:
        return None
    if value is None or isinstance(value, (str, int, float, bool, list)):
        return value
    return None if pd.isna(value) else str(value)


def attributes_of(product: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a released product."""
    given = product.get("attributes") or "{}"
    return given if isinstance(given, dict) else dict(json.loads(given))
