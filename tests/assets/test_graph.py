"""The graph's asset: no work while it is off, and what it leaves when it is on."""

from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

import assets.preprocessing
import assets.release  # noqa: F401 - says where the vectors lie
from assets import graph
from assets.lib import stage
from assets.lib.record import Facts, build
from assets.lib.shop import Shop
from catalog.sources.open import open_catalog
from releases.contents import graph_part
from shelfspace.files import read_json, write_json, write_table
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

IDS = [f"p{n}" for n in range(30)]


def leave(shop: Shop, asset: str, tables: dict[str, pd.DataFrame], vectors: np.ndarray | None = None) -> None:
    """What the stages before leave: files and their record."""

    def compute(folder: Path) -> Facts:
        for name, table in tables.items():
            write_table(folder / f"{name}.parquet", table)
        if vectors is not None:
            np.save(folder / "embeddings.npy", vectors)
        return {"versions": dict.fromkeys(("products", "quarantine", "events", "stock"), "v1")}

    build(shop.folder(asset), inputs={}, code_version="1", settings=[asset], compute=compute)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop()
    object.__setattr__(made, "workspace", Workspace.open("tiny", tmp_path))
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "products.csv").write_text("product_id,title\n1,one\n")
    object.__setattr__(made, "source", open_catalog(str(tmp_path / "catalogue"), cache=tmp_path / "source"))
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(IDS), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    leave(made, "product_embeddings", {"embedded": pd.DataFrame({"product_id": IDS})}, vectors)
    lines = [
        ("u1", f"p{5 * (order % 5) + int(p)}", order)
        for order in range(60)
        for p in rng.choice(5, 3, replace=False)
    ]
    events = pd.DataFrame(lines, columns=["user_id", "product_id", "order"])
    events["time"] = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(events["order"], unit="D")
    events = events.assign(event="purchase", order_id=events.pop("order").astype(str))
    leave(made, "catalogue", {"events": events})
    return made


def choose(shop: Shop, **values: object) -> None:
    object.__setattr__(shop, "settings", Settings.model_validate({"graph": values}))


def materialise(shop: Shop) -> dg.MaterializeResult:
    """Call the function itself: Dagster would open the resource anew, without what is set here."""
    (made,) = graph.graph_vectors.op.compute_fn.decorated_fn(dg.build_asset_context(), shop)
    assert isinstance(made, dg.MaterializeResult)
    return made


def text_of(made: dg.MaterializeResult, name: str) -> str:
    value = (made.metadata or {})[name]
    return str(value.value if isinstance(value, dg.MetadataValue) else value)


def test_off_reads_nothing_and_leaves_no_vectors(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(shop, encoder="none")
    asked: list[list[str]] = []
    monkeypatch.setattr(stage, "require_checks", lambda _context, _shop, names: asked.append(names))
    first = materialise(shop)
    assert "off" in text_of(first, "graph")
    assert [p.name for p in shop.folder("graph_vectors").iterdir()] == ["record.json"]
    again = materialise(shop)
    assert text_of(again, "status") == "unchanged, 0 rows"
    assert asked == [[], []], "off, it depends on nothing"
    assert again.data_version == first.data_version


def test_on_refines_once_and_says_what_it_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(shop, encoder="graphsage", epochs=2, width=8, shrinkage=1)
    checked: list[set[str]] = []
    monkeypatch.setattr(stage, "require_checks", lambda _context, _shop, names: checked.append(set(names)))
    made = materialise(shop)
    assert checked == [{"product_embeddings", "events"}]
    assert text_of(made, "products_with_neighbours") == "25"
    assert "refined" in text_of(made, "recall_at_20_of_next_copurchases")
    assert "data:image/png;base64" in text_of(made, "picture")
    assert text_of(made, "refined_or_not").startswith("unrefined is used")
    assert text_of(made, "released") == "False"
    folder = shop.folder("graph_vectors")
    refined = np.load(folder / "graph_embeddings.npy")
    assert refined.shape == (30, 8)
    np.testing.assert_allclose(np.linalg.norm(refined, axis=1), 1, atol=1e-5)
    edges = pd.read_parquet(folder / "edges.parquet")
    assert set(edges["product_id"]) == set(IDS[:25])
    assert load_file(folder / "refiner.safetensors")
    assert graph_part(folder) == {}, "three later baskets are too few to trust it"
    verdict = read_json(folder / "verdict.json")
    assert verdict["compared"]["rows"] == 3
    write_json(folder / "verdict.json", {**verdict, "used": True})
    assert graph_part(folder)["graph_embeddings"].shape == (30, 8)
    assert text_of(materialise(shop), "status") == "unchanged, 0 rows"
    choose(shop, encoder="lightgcn", shrinkage=1)
    assert text_of(materialise(shop), "status") == "computed"
    choose(shop, encoder="none")
    materialise(shop)
    assert not (folder / "graph_embeddings.npy").exists()
