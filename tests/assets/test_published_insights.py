"""What applications said since the release is put beside it, for the release of the same vectors alone."""

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import assets.release  # noqa: F401 - says where the vectors lie
from assets import published_insights as module
from assets.insights import INSIGHTS
from assets.lib import stage
from assets.lib.record import build
from assets.lib.shop import FOLDERS, Shop
from catalog.sources.open import open_catalog
from releases.pairs import check_pair, pair_folders, published, read_pair
from shelfspace.files import write_json, write_sealed_json, write_text
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

ONE = "bought_together"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(stage, "require_checks", lambda *_: None)
    made = Shop()
    object.__setattr__(made, "workspace", Workspace.open("tiny", tmp_path))
    object.__setattr__(made, "settings", Settings())
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "products.csv").write_text("product_id,title\n1,one\n")
    object.__setattr__(made, "source", open_catalog(str(tmp_path / "catalogue"), cache=tmp_path / "source"))
    compute(made, "product_embeddings", "vectors of the first", "embeddings.npy")
    for name in INSIGHTS:
        compute(made, name, "first")
    return made


def compute(shop: Shop, asset: str, text: str, file: str = "said.txt") -> None:
    def write(folder: Path) -> dict[str, Any]:
        (folder / file).write_text(text)
        return {}

    build(
        shop.workspace.root / FOLDERS[asset],
        inputs={"text": text},
        code_version="1",
        settings=[],
        compute=write,
    )


def release(shop: Shop, name: str) -> None:
    """Make what lies in the workspace the live release, as far as its manifest tells."""
    files = {"embeddings.npy": shop.record("product_embeddings").files["embeddings.npy"]}
    for own in INSIGHTS:
        files |= {f"insights/{own}/{k}": v for k, v in shop.record(own).files.items()}
    folder = shop.workspace.releases / name
    folder.mkdir(parents=True)
    write_sealed_json(folder / "release.json", {"id": name, "format": 1, "files": files, "provenance": {}})
    write_text(shop.workspace.releases / "current", f"{name}\n")


def publish(shop: Shop) -> dict[str, Any]:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_asset_context(instance=instance)
        (made,) = module.published_insights.op.compute_fn.decorated_fn(context, shop)
    return {name: getattr(fact, "value", fact) for name, fact in made.metadata.items()}


def test_what_is_newer_is_published_and_given_back_with_the_next_release(shop: Shop) -> None:
    root = shop.workspace.root
    release(shop, "000001-abcdef01")
    assert publish(shop)["newer"] == []
    assert published(root) == {}
    compute(shop, ONE, "second")
    said = publish(shop)
    assert (said["status"], said["newer"]) == ("computed", [ONE])
    assert list(published(root)) == [ONE]
    assert read_pair(published(root)[ONE], "000001-abcdef01").version == shop.record(ONE).data_version
    assert publish(shop)["status"] == "unchanged, 0 rows"
    published(root)[ONE].unlink()
    assert publish(shop)["status"] == "computed", "a pointer that somebody took away is put back"
    release(shop, "000002-abcdef02")
    assert publish(shop)["newer"] == []
    assert published(root) == {}


def test_what_was_computed_of_other_vectors_than_the_live_release_has_is_not_published(shop: Shop) -> None:
    release(shop, "000001-abcdef01")
    compute(shop, "product_embeddings", "vectors of the second", "embeddings.npy")
    compute(shop, ONE, "second")
    release(shop, "000002-abcdef02")
    compute(shop, ONE, "third")
    assert publish(shop)["newer"] == [ONE]
    write_text(shop.workspace.releases / "current", "000001-abcdef01\n")  # as a rollback does
    said = publish(shop)
    assert said["newer"] == []
    assert said["kept"] == (
        "what 000001-abcdef01 packs or was last told, since the workspace holds vectors of another release"
    )
    assert published(shop.workspace.root) == {}


def test_after_a_rollback_the_last_word_for_the_release_that_is_live_again_is_pointed_to(shop: Shop) -> None:
    root, first, second = shop.workspace.root, "000001-abcdef01", "000002-abcdef02"
    release(shop, first)
    compute(shop, ONE, "second")
    publish(shop)
    told = shop.record(ONE).data_version
    compute(shop, "product_embeddings", "vectors of the second", "embeddings.npy")
    release(shop, second)
    for text in ("third", "fourth", "fifth", "sixth"):
        compute(shop, ONE, text)
        assert publish(shop)["newer"] == [ONE]
        assert read_pair(published(root)[ONE], second).version == shop.record(ONE).data_version
    write_text(shop.workspace.releases / "current", f"{first}\n")  # as a rollback does
    said = publish(shop)
    assert said["newer"] == [ONE]
    assert read_pair(published(root)[ONE], first).version == told
    assert publish(shop)["status"] == "unchanged, 0 rows"
    shutil.rmtree(shop.workspace.releases / first)
    write_text(shop.workspace.releases / "current", f"{second}\n")
    publish(shop)
    assert [pair.release for pair in map(check_pair, pair_folders(root))] == [second, second]


def test_without_a_release_it_waits(shop: Shop) -> None:
    assert "no release is live" in publish(shop)["skipped"]
    write_json(shop.workspace.root / "unrelated.json", {})
    assert published(shop.workspace.root) == {}
