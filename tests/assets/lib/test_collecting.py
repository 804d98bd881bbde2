"""What a collection says of itself counts what is in, also where something is taken out again."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from assets.lib import collecting
from assets.lib.collecting import raw_facts, take_in
from assets.lib.shop import Shop
from catalog.deliveries.ledger import State, read_ledger
from catalog.sources.base import CatalogSource
from shelfspace.settings import load_settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import deliver, product, tree_hash
from tests.releases.test_look import LABELS
from tests.releases.test_look_together import Knows, stocked

AT_ONCE = load_settings(overrides={"collection": {"quiet_seconds": 0}})


def collects(workspace: Workspace, source: CatalogSource, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What one collection shows of the products, with a champion that knows them by their titles."""
    patch.setattr(collecting, "DeliveryLook", Knows)
    patch.setattr(collecting.data_versions, "keep", lambda folder, *_, **__: tree_hash(folder))
    shop = cast(Shop, SimpleNamespace(workspace=workspace, source=source, settings=AT_ONCE, cause=""))
    return dict(raw_facts(shop, "raw_products", take_in(shop)))


def test_what_is_taken_out_again_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, source = stocked(tmp_path)
    for number in range(6):
        new = range(100 + 3 * number, 103 + 3 * number)
        wrong = [product(i, title=f"{LABELS[i % 4]} {i}", category=LABELS[(i + 1) % 4]) for i in new]
        deliver(workspace.inbox, f"bad-{number}.jsonl", wrong)
    deliver(workspace.inbox, "fine.jsonl", [product(200, title=f"{LABELS[0]} 200", category=LABELS[0])])
    deliver(workspace.inbox, "gone.jsonl", [{"product_id": "p59", "_deleted": "true"}])
    said = collects(workspace, source, monkeypatch)
    held = [entry.name for entry in read_ledger(workspace.state).unfinished(State.HELD)]
    assert held == [f"bad-{number}.jsonl" for number in range(6)], "certain once they are seen together"
    assert (said["dagster/row_count"], said["deliveries"]) == (60, 2)
    assert (said["added"], said["changed"], said["removed"]) == (1, 0, 1)


def test_a_collection_that_holds_nothing_counts_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, source = stocked(tmp_path)
    deliver(workspace.inbox, "fine.jsonl", [product(200, title=f"{LABELS[0]} 200", category=LABELS[0])])
    said = collects(workspace, source, monkeypatch)
    assert (said["dagster/row_count"], said["deliveries"], said["added"]) == (61, 1, 1)
