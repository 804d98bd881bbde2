"""What the looks at the data found, as checks: the held is named, what was not judged is said."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from assets.collection import new_data_fits
from catalog.snapshot.coming_media import ComingMedia
from catalog.snapshot.media_store import MediaStore
from data_checks.checks.splits import holdout_kept
from releases.look.delivery import DeliveryLook
from releases.look.evidence import Evidence, kept_evidence
from shelfspace.files import write_json
from shelfspace.settings import Settings, load_settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import product, raw, write_catalogue


def check(workspace: Workspace) -> Any:
    return new_data_fits.op.compute_fn.decorated_fn(SimpleNamespace(workspace=workspace))


def delivery_look(folder: Path, settings: Settings) -> tuple[DeliveryLook, ComingMedia, Workspace]:
    workspace = Workspace(folder / "w", "shop")
    source = write_catalogue(folder / "shop", [product(0)])
    coming = ComingMedia(MediaStore.open(workspace.snapshot), source, {}, settings.media)
    return DeliveryLook(workspace, source, settings), coming, workspace


@pytest.mark.parametrize("champion", [False, True])
def test_what_is_not_judged_passes_and_says_why(tmp_path: Path, champion: bool) -> None:
    look, coming, workspace = delivery_look(tmp_path, Settings())
    before = raw([product(i) for i in range(20)])
    priced = before.assign(price="7")
    assert look("prices.csv", before, priced, coming) == ""
    if champion:
        write_json(workspace.root / "champion.json", {"fingerprint": "c"})
    assert look("few.csv", before, before.assign(category=["Toys"] * 3 + [""] * 17), coming) == ""
    look.save()
    found = check(workspace)
    assert found.passed
    why = "3 new or changed products, 8 are needed" if champion else "there is no champion yet"
    assert found.description == f"few.csv: nothing is judged: {why}"
    assert found.metadata["products looked at"].value == 3, "a price alone is not looked at"


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    look, coming, workspace = delivery_look(
        tmp_path, load_settings(overrides={"collection": {"look": False}})
    )
    rows = raw([product(i) for i in range(20)])
    assert (look("new.csv", rows[:0], rows, coming), look.looks) == ("", [])
    look.save()
    assert check(workspace).description == "no product came in or changed"


def test_what_is_held_warns_with_figures_and_examples(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w", "shop")
    held = {
        "name": "bad.csv",
        "rows": 9,
        "held": "9 of 9 contradicted",
        "examples": ["p1 looks like a kettle"],
    }
    write_json(workspace.state / "look" / "last.json", [held])
    found = check(workspace)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.description == "bad.csv: 9 of 9 contradicted; p1 looks like a kettle"
    assert found.metadata["examples"].value == "- p1 looks like a kettle"


def test_a_rewritten_holdout_blocks_and_names_the_way_out() -> None:
    figures = {"kept": 90, "rewritten": 10, "approved": 0, "gone": 1}
    sound = holdout_kept({"rows": 10, "held": "", "figures": figures, "notes": []}, [])
    assert sound.passed
    bad = {"rows": 10, "held": "it keeps to the old one of 10", "figures": figures, "notes": []}
    for names, way_out in (
        (["a.csv", "b.csv"], "a.csv and b.csv held"),
        ([], "no delivery did it: mend the"),
    ):
        report = holdout_kept(bad, names)
        assert not report.passed
        assert way_out in report.cause


def test_what_was_kept_first_stays(tmp_path: Path) -> None:
    folder = kept_evidence(Workspace(tmp_path, "shop"), "c")
    none = np.zeros((1, 2), np.float32)
    table = pd.DataFrame({"product_id": ["p1"], "label": ["Toys"], "named": ["Toys"], "sure": [0.9]})
    Evidence(table, none, none, ("Toys",)).save(folder)
    from releases.look.evidence import keep_evidence

    kept = keep_evidence(folder, None, None, pd.Series(dtype=object), 1)  # type: ignore[arg-type]
    assert kept.table["label"].tolist() == ["Toys"]
