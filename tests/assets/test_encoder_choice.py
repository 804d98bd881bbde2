"""Beside a champion, `auto` chooses no encoder with which the gate would refuse every challenger."""

from pathlib import Path

import pytest

from assets.lib.learning import too_large
from assets.lib.shop import FOLDERS, Shop
from assets.model_inputs import _choosing
from catalog.sources.open import open_catalog
from models.choice import Choice, Chosen
from models.choice import candidates as module
from releases.champion import crown
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

PAPERS = ("evaluation.json", "metrics.json", "model_card.md")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(module, "installed", lambda: {"minilm": "1", "efficientnet_lite0": "1"})
    sizes = {module.PACKAGES["minilm"]: 5.0, module.PACKAGES["efficientnet_lite0"]: 0.5}
    monkeypatch.setattr(module, "_megabytes", sizes.__getitem__)
    made = Shop()
    object.__setattr__(made, "workspace", Workspace.open("tiny", tmp_path))
    object.__setattr__(made, "settings", Settings.model_validate({"gate": {"times_larger": 3}}))
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "products.csv").write_text("product_id,title\n1,one\n")
    object.__setattr__(made, "source", open_catalog(str(tmp_path / "catalogue"), cache=tmp_path / "source"))
    return made


def reign(shop: Shop, folder: Path, megabytes: float) -> None:
    model = folder / f"model-{megabytes}"
    model.mkdir()
    (model / "weights.safetensors").write_bytes(b"0" * int(megabytes * 1e6))
    for paper in PAPERS:
        (folder / paper).write_text("{}")
    crown(shop.workspace, model, f"of-{megabytes}", {}, [folder / paper for paper in PAPERS])


def chosen(shop: Shop, beside: str) -> None:
    folder = shop.workspace.root / FOLDERS["encoder_choice"]
    folder.mkdir(parents=True, exist_ok=True)
    Choice({"text": Chosen("tfidf", beside)}).save(folder)


def test_the_champions_size_bounds_what_may_be_chosen(shop: Shop, tmp_path: Path) -> None:
    assert too_large(shop) == [], "the first model is held against nothing"
    reign(shop, tmp_path, 1.0)
    assert too_large(shop) == ["minilm"]
    reign(shop, tmp_path, 2.0)
    assert too_large(shop) == []


def test_a_choice_that_the_gate_would_refuse_is_made_anew_and_others_stay(shop: Shop, tmp_path: Path) -> None:
    before = _choosing(shop)
    reign(shop, tmp_path, 1.0)
    assert _choosing(shop) == before, "nothing was chosen yet"
    chosen(shop, "")
    assert _choosing(shop) == before
    chosen(shop, "minilm")
    assert _choosing(shop) == [*before, ["minilm"]]
    (shop.workspace.root / FOLDERS["encoder_choice"] / "choice.json").write_text("{")
    assert _choosing(shop) == before, "a damaged choice is made anew without that"


def test_a_champion_that_is_gone_bounds_nothing(shop: Shop, tmp_path: Path) -> None:
    reign(shop, tmp_path, 1.0)
    for file in sorted((shop.workspace.state / "champions").rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    assert too_large(shop) == []
