"""Small deliveries are looked at together: poison spread over them is held, sound ones are not."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from catalog.deliveries.ledger import read_ledger
from catalog.deliveries.milestones import approve
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_products
from catalog.sources.base import CatalogSource
from models.features.catalogue import Catalogue
from releases.look import look
from releases.look.delivery import DeliveryLook
from releases.look.evidence import Evidence
from releases.look.since import hold_together
from releases.look.together import Came, together
from shelfspace.files import write_json
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import collected, deliver, photo, product, write_catalogue
from tests.releases.test_look import HOLDOUT, LABELS, NOTHING, rotated, shop

FEW = 3


def taken(count: int, poisoned: set[int], photos: bool = False) -> tuple[list[Came], np.ndarray, Evidence]:
    """Deliveries of three products each, of which some have rotated labels or the photos of others."""
    fresh, arrivals = shop(count * FEW, 1), np.repeat(np.arange(1, count + 1), FEW)
    bad = np.isin(arrivals, list(poisoned))
    if photos:
        fresh = replace(fresh, photo=np.where(bad[:, None], np.roll(fresh.photo, 7, axis=0), fresh.photo))
    else:
        labels = np.where(bad, rotated(fresh).table["label"], fresh.table["label"])
        fresh = replace(fresh, table=fresh.table.assign(label=labels))
    return (
        [Came(n, f"{'bad' if n in poisoned else 'shop'}-{n}.csv") for n in range(1, count + 1)],
        arrivals,
        fresh,
    )


@pytest.mark.parametrize("photos", [False, True])
@pytest.mark.parametrize("poisoned", [set(range(1, 31)), set(range(2, 31, 2)), set(range(24, 31))])
def test_poison_spread_over_small_deliveries_is_held(poisoned: set[int], photos: bool) -> None:
    came, arrivals, fresh = taken(30, poisoned, photos)
    for number in poisoned:
        rows = np.flatnonzero(arrivals == number)
        assert look("", fresh.take(rows), HOLDOUT, NOTHING, LABELS).held == "", (
            "alone it is too small to judge"
        )
    found, guilty = together(came, arrivals, fresh, HOLDOUT, NOTHING, LABELS)
    named = {one.arrival for one in guilty}
    assert len(named & poisoned) >= 0.6 * min(len(poisoned), 16), "the plainest run of them"
    assert len(named - poisoned) <= 1, "what is sound stays"
    assert "deliveries together" in found.sentence


def test_sound_deliveries_are_not_held_and_a_held_one_tells_of_the_next() -> None:
    came, arrivals, fresh = taken(30, set())
    assert together(came, arrivals, fresh, HOLDOUT, NOTHING, LABELS)[1] == []
    came, arrivals, fresh = taken(10, {5, 6, 7, 10})
    known = [replace(one, held=one.arrival in (5, 6, 7)) for one in came]
    assert [one.arrival for one in together(known, arrivals, fresh, HOLDOUT, NOTHING, LABELS)[1]] == [10]
    settled = [replace(one, held=one.arrival in (5, 6, 7, 10)) for one in came]
    found, guilty = together(settled, arrivals, fresh, HOLDOUT, NOTHING, LABELS)
    assert (found.held, guilty) == ("", [])


class Knows(DeliveryLook):
    """A look whose champion names a product by its title."""

    def reference(self, media: MediaStore) -> Evidence:
        return HOLDOUT

    def evidence(self, catalogue: Catalogue) -> Evidence:
        named = catalogue.products["title"].str.split().str[0].str.title()
        table = self.contents(catalogue).assign(named=named, sure=0.95)
        none = np.zeros((len(table), 24), np.float32)
        return Evidence(table, none, none, LABELS)


def stocked(folder: Path) -> tuple[Workspace, CatalogSource]:
    workspace = Workspace(folder / "w", "shop")
    rows = [product(i, title=f"{LABELS[i % 4]} {i}", category=LABELS[i % 4]) for i in range(60)]
    source = write_catalogue(folder / "shop", rows)
    collected(workspace, source)
    learned = read_ledger(workspace.state).snapshots[-1]
    write_json(workspace.root / "champion.json", {"fingerprint": "c", "data": {"snapshot_md5": learned}})
    return workspace, source


def categories(workspace: Workspace) -> dict[str, str]:
    rows = read_raw_products(workspace.snapshot)
    return dict(zip(rows["product_id"], rows["category"], strict=True))


def test_what_certainly_is_wrong_together_is_taken_out_again(tmp_path: Path) -> None:
    workspace, source = stocked(tmp_path)
    before = categories(workspace)
    look = Knows(workspace, source, Settings())
    held = []
    for numbers in (range(3), range(3, 6)):
        for number in numbers:
            touched = range(3 * number, 3 * number + 3)
            wrong = [{"product_id": f"p{i}", "category": LABELS[(i + 1) % 4]} for i in touched]
            deliver(workspace.inbox, f"bad-{number}.jsonl", wrong)
            fine = [{"product_id": f"p{30 + i}", "description": "as new"} for i in touched]
            deliver(workspace.inbox, f"fine-{number}.jsonl", fine)
        collected(workspace, source)
        assert held == [], "certain once there are enough of them"
        held = hold_together(look)
    assert sorted(held) == [f"bad-{number}.jsonl" for number in range(6)]
    bad = {"product_id": "p20", "category": "Clocks"}, {"product_id": "p21", "category": "Kettles"}
    deliver(workspace.inbox, "bad-6.jsonl", list(bad))
    collected(workspace, source)
    assert categories(workspace) == before | {"p20": "Clocks", "p21": "Kettles"}
    assert read_raw_products(workspace.snapshot)["description"].eq("as new").sum() == 18, "others stay"
    assert hold_together(look) == ["bad-6.jsonl"], "those that are held tell of it"
    for number in range(7):
        approve(workspace, f"bad-{number}.jsonl")
    collected(workspace, source)
    assert hold_together(look) == [], "a person has looked"
    after = categories(workspace)
    assert sum(after[one] != before[one] for one in before) == 20


def test_the_catalogue_s_own_small_changes_add_up(tmp_path: Path) -> None:
    workspace, source = stocked(tmp_path)
    before = categories(workspace)
    look = Knows(workspace, source, Settings())
    for number in (2, 5):
        rows = [
            product(i, title=f"{LABELS[i % 4]} {i}", category=LABELS[(i + (i < 2 * number)) % 4])
            for i in range(60)
        ]
        source = write_catalogue(tmp_path / "shop", rows)
        collected(workspace, source)
        held = hold_together(look)
        if held:
            break
    assert (held, number) == (["source"], 5)
    again = collected(workspace, source)
    assert categories(workspace) == before
    assert "source is held" in again.said[-1]
    assert pd.Series(look.looks[-1].examples).str.contains("is given as").all()


class Sees(Knows):
    """A look whose champion knows which photo is whose."""

    own: Mapping[str, str] = MappingProxyType({})

    def evidence(self, catalogue: Catalogue) -> Evidence:
        found = super().evidence(catalogue)
        text = np.random.default_rng(3).normal(size=found.text.shape).astype(np.float32)
        fits = found.table["product_id"].map(self.own).eq(found.table["image_hash"]).to_numpy()
        return replace(found, text=text, photo=np.where(fits[:, None], text, -text))


def test_photos_that_come_alone_add_up_too(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w", "shop")
    colours = [photo(f"#{i:02x}{9 * i:02x}80") for i in range(24)]
    rows = [
        product(i, title=f"{LABELS[i % 4]} {i}", category=LABELS[i % 4], photos=f"{i}.png") for i in range(24)
    ]
    source = write_catalogue(
        tmp_path / "shop", rows, photos={f"{i}.png": one for i, one in enumerate(colours)}
    )
    collected(workspace, source)
    learned = read_ledger(workspace.state).snapshots[-1]
    write_json(workspace.root / "champion.json", {"fingerprint": "c", "data": {"snapshot_md5": learned}})
    look = Sees(workspace, source, Settings())
    known = look.contents(
        look.cleaned(read_raw_products(workspace.snapshot), MediaStore.open(workspace.snapshot))
    )
    look.own = dict(zip(known["product_id"], known["image_hash"], strict=True))
    (workspace.inbox / "media").mkdir(parents=True)
    held = []
    for number in range(3):
        assert held == []
        for i in range(3 * number, 3 * number + 3):
            (workspace.inbox / "media" / f"{i}.png").write_bytes(colours[i + 12])
        collected(workspace, source)
        held = hold_together(look)
    assert held == ["3 media files"] * 3
    assert "new photos do not fit their texts" in look.looks[-1].held
    collected(workspace, source)
    store = MediaStore.open(workspace.snapshot)
    assert [store.read(f"{i}.png") for i in range(24)] == colours


def test_photos_of_an_approved_delivery_are_not_held_for_its_categories(tmp_path: Path) -> None:
    workspace, source = stocked(tmp_path)
    (workspace.inbox / "media").mkdir(parents=True)
    rows = []
    for i in range(20):
        (workspace.inbox / "media" / f"n{i}.png").write_bytes(photo(f"#{i:02x}{9 * i:02x}80"))
        told = {"title": f"{LABELS[i % 4]} {100 + i}", "category": LABELS[(i + 1) % 4], "photos": f"n{i}.png"}
        rows.append(product(100 + i, **told))
    deliver(workspace.inbox, "meant.jsonl", rows)
    collected(workspace, source, look=lambda name, *_: "contradicted" if name == "meant.jsonl" else "")
    approve(workspace, "meant.jsonl")
    collected(workspace, source)
    assert len(categories(workspace)) == 80
    assert [entry.name for entry in read_ledger(workspace.state).entries.values()][-1] == "20 media files"
    assert hold_together(Knows(workspace, source, Settings())) == [], "a person has looked at them"
