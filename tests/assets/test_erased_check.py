"""Whether what was erased stays out, as a check of the asset says it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from assets.collection import erased_stay_out
from catalog.erasure.snapshot import erase_rows
from catalog.erasure.tombstones import Tombstones
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, event, product, write_catalogue


def check(workspace: Workspace) -> Any:
    return erased_stay_out.op.compute_fn.decorated_fn(SimpleNamespace(workspace=workspace))


def test_it_counts_what_is_there_and_names_the_way_out(tmp_path: Path) -> None:
    workspace = Workspace.open("shop", tmp_path / "ws")
    shop = write_catalogue(tmp_path / "shop", [product(i) for i in range(3)], [event(i) for i in range(3)])
    collected(workspace, shop)
    assert check(workspace).passed
    stones = Tombstones.open(workspace.state)
    stones.add("product", "p1", "2026-03-01T00:00:00+00:00")
    found = check(workspace)
    assert not found.passed
    assert found.description.startswith("1 rows of raw_products, 1 rows of raw_events are of what was erased")
    erase_rows(workspace.snapshot, stones)
    found = check(workspace)
    assert found.passed
    assert found.description == "1 products and 0 shoppers were erased; none is here"
