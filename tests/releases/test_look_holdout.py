"""Products that models are judged by: who rewrites them against the champion is seen, and held."""

from pathlib import Path

import numpy as np
import pandas as pd

from catalog.deliveries.ledger import State, editing, read_ledger
from catalog.snapshot.shards import read_raw_products
from catalog.sources.base import CatalogSource
from releases.look.evidence import Evidence, kept_evidence
from releases.look.holdout import hold_rewriters, judge_holdout
from shelfspace.files import write_json
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, deliver, product, write_catalogue

COUNT, HELD_OUT = 40, 20
KINDS = ("Kettles", "Shirts")


def kind(number: int) -> str:
    return KINDS[number % 2]


def shop(folder: Path) -> tuple[Workspace, CatalogSource]:
    workspace = Workspace(folder / "w", "shop")
    source = write_catalogue(folder / "shop", [product(i, category=kind(i)) for i in range(COUNT)])
    collected(workspace, source)
    snapshot = read_ledger(workspace.state).snapshots[-1]
    write_json(workspace.root / "champion.json", {"fingerprint": "c", "data": {"snapshot_md5": snapshot}})
    ids, labels = [f"p{i}" for i in range(HELD_OUT)], [kind(i) for i in range(HELD_OUT)]
    table = pd.DataFrame({"product_id": ids, "label": labels, "named": labels, "sure": 0.95})
    none = np.zeros((HELD_OUT, 2), np.float32)
    Evidence(table.assign(text_hash="t", image_hash=""), none, none, KINDS).save(
        kept_evidence(workspace, "c")
    )
    return workspace, source


def labels(workspace: Workspace) -> pd.Series:
    return read_raw_products(workspace.snapshot).set_index("product_id")["category"]


def rewritten(workspace: Workspace, source: CatalogSource, name: str, numbers: range) -> None:
    rows = [{"product_id": f"p{i}", "category": kind(i + 1)} for i in numbers]
    deliver(workspace.inbox, name, rows)
    collected(workspace, source)


def test_small_deliveries_that_turn_the_holdout_are_seen_together(tmp_path: Path) -> None:
    workspace, source = shop(tmp_path)
    assert judge_holdout(workspace, labels(workspace)).held == ""
    rewritten(workspace, source, "one.jsonl", range(6))
    few = judge_holdout(workspace, labels(workspace))
    assert (few.held, few.figures["rewritten"], few.figures["kept"]) == ("", 6, 14)
    rewritten(workspace, source, "two.jsonl", range(6, 12))
    rewritten(workspace, source, "others.jsonl", range(30, 36))
    deliver(workspace.inbox, "prices.jsonl", [{"product_id": "p1", "price": "9"}])
    collected(workspace, source)
    found = judge_holdout(workspace, labels(workspace))
    assert (
        "12 products change their category against the champion: it keeps to the old one of 12" in found.held
    )
    assert "p0 is given as Shirts and looks like Kettles" in found.examples
    held = hold_rewriters(workspace, labels(workspace), found.held)
    assert [entry.name for entry in held] == ["one.jsonl", "two.jsonl"], "what left the holdout alone stays"
    collected(workspace, source)
    assert judge_holdout(workspace, labels(workspace)).figures["rewritten"] == 0


def test_what_a_person_approved_is_not_judged(tmp_path: Path) -> None:
    workspace, source = shop(tmp_path)
    rewritten(workspace, source, "meant.jsonl", range(12))
    with editing(workspace.state) as ledger:
        (entry,) = ledger.unfinished(State.TAKEN)
        ledger.change(entry.arrival, approved=True)
    found = judge_holdout(workspace, labels(workspace))
    assert (found.held, found.figures["rewritten"], found.figures["approved"]) == ("", 12, 12)
    assert hold_rewriters(workspace, labels(workspace), "") == []


def test_a_category_that_got_another_name_is_no_poison(tmp_path: Path) -> None:
    workspace, source = shop(tmp_path)
    now = labels(workspace).replace("Kettles", "Shirts")
    found = judge_holdout(workspace, now)
    assert (found.held, found.figures["rewritten"]) == ("", HELD_OUT // 2)
    assert "none is left in Kettles" in found.notes[0]
    (workspace.root / "champion.json").unlink()
    assert judge_holdout(workspace, now).notes == ["nothing is judged: no champion has kept a holdout yet"]
    assert source.currency == "EUR"
