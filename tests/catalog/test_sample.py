"""The sample as it lies on disk: its bytes follow the seed, its dirt is what truth.json says."""

import gzip
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from catalog.media import open_photo, open_sound, probe_media
from catalog.sample import build_sample
from catalog.sample.build import COLUMNS
from catalog.sample.dirt import EVENT_DIRT, KINDS, count
from catalog.sample.world import CATEGORIES
from shelfspace.errors import CatalogError, MediaError
from shelfspace.files import read_json
from shelfspace.hashing import tree_hash
from shelfspace.settings import Media


class Folder:
    """A media store over a plain folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __contains__(self, key: object) -> bool:
        return (self.root / str(key)).is_file()

    def read(self, key: str) -> bytes:
        return (self.root / key).read_bytes()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "sample"
    build_sample(folder, seed=3, products=120)
    return folder


@pytest.fixture(scope="module")
def truth(sample: Path) -> dict:
    return read_json(sample / "truth.json")


@pytest.fixture(scope="module")
def products(sample: Path) -> pd.DataFrame:
    return pd.read_csv(sample / "products.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def events(sample: Path) -> pd.DataFrame:
    text = gzip.decompress((sample / "events.csv.gz").read_bytes())
    return pd.read_csv(io.BytesIO(text), dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def photos(sample: Path, products: pd.DataFrame) -> pd.DataFrame:
    keys = [key for cell in products["photos"] if cell for key in cell.split("|")]
    return probe_media(Folder(sample / "media"), keys, "photos", Media(), progress=False).set_index("key")


@pytest.fixture(scope="module")
def sounds(sample: Path, products: pd.DataFrame) -> pd.DataFrame:
    keys = [key for key in products["sounds"] if key]
    return probe_media(Folder(sample / "media"), keys, "sounds", Media(), progress=False).set_index("key")


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_sample(tmp_path / name, seed=5, products=96)
    assert tree_hash(tmp_path / "one") == tree_hash(tmp_path / "two")
    build_sample(tmp_path / "two", seed=6, products=96)
    assert tree_hash(tmp_path / "one") != tree_hash(tmp_path / "two")
    assert not list(tmp_path.glob(".*"))


def test_a_folder_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(CatalogError, match="empty folder"):
        build_sample(tmp_path, products=96)
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_too_few_products_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="at least 96"):
        build_sample(tmp_path / "x", products=50)


def test_the_catalogue_file_names_what_lies_beside_it(sample: Path) -> None:
    description = yaml.safe_load((sample / "catalog.yaml").read_text())
    paths = {category.path for category in CATEGORIES}
    assert set(description["names"]) == paths | {path.split(" > ")[0] for path in paths}
    assert all(set(names) == {"en", "zh"} for names in description["names"].values())
    assert description["name"] == "sample"
    assert description["label_level"] == 2
    for table in ("products", "events", "stock"):
        assert (sample / description[table]["path"]).is_file()
    assert (sample / description["media_root"]).is_dir()


def test_columns_and_counts(products: pd.DataFrame, truth: dict) -> None:
    assert tuple(products.columns) == COLUMNS
    assert len(products) == truth["rows"]["products"]
    assert products["product_id"].replace("", np.nan).nunique() == 120
    assert set(products["category"]) == set(truth["categories"])
    assert products["category"].value_counts().min() >= 10


def test_every_kind_of_dirt_is_there_in_its_number(truth: dict) -> None:
    for name, kind in KINDS.items():
        found = truth["dirt"][name]
        assert found["count"] == len(found["product_ids"]) == count(kind.per_1200, 120) >= 1


def test_dirty_rows_are_dirty_as_told(products: pd.DataFrame, truth: dict) -> None:
    dirt = {name: entry["product_ids"] for name, entry in truth["dirt"].items()}
    first = products.drop_duplicates("product_id").set_index("product_id")
    assert (first.loc[dirt["negative_price"], "price"].astype(float) < 0).all()
    assert pd.to_numeric(first.loc[dirt["unparseable_price"], "price"], errors="coerce").isna().all()
    assert (first.loc[dirt["wrong_currency"], "currency"] != "EUR").all()
    assert (first.loc[dirt["empty_title"], "title"].str.strip() == "").all()
    assert first.loc[dirt["html_description"], "description"].str.contains("<[a-z]").all()
    assert not first.loc[dirt["exotic_unicode"], "title"].map(str.isascii).any()
    bare = first.loc[
        dirt["no_modality"], ["title", "description", "brand", "attributes", "price", "photos", "sounds"]
    ]
    assert (bare == "").all(axis=None)
    others = first.drop(index=[i for name in ("negative_price", "unparseable_price") for i in dirt[name]])
    assert (pd.to_numeric(others["price"].replace("", np.nan)).dropna() > 0).all()


def test_costs_and_elasticities_are_told(products: pd.DataFrame, truth: dict) -> None:
    known = products[(products["cost"] != "") & (products["product_id"] != "")]
    assert 0.85 < len(known) / len(products) < 0.97
    priced = known[pd.to_numeric(known["price"], errors="coerce") > 0]
    assert (priced["cost"].astype(float) < priced["price"].astype(float)).all()
    demand = truth["demand"]
    assert set(products["product_id"]) - {""} == set(demand["elasticities"])
    category = products.drop_duplicates("product_id").set_index("product_id")["category"]
    deviations = [
        own - truth["categories"][category[name]]["elasticity"]
        for name, own in demand["elasticities"].items()
    ]
    assert np.std(deviations) == pytest.approx(demand["own_elasticity_sd"], rel=0.2)


def test_prices_are_tried_out_where_much_is_sold_and_steady_elsewhere(
    events: pd.DataFrame, truth: dict
) -> None:
    prices = events.groupby("product_id")["unit_price"].nunique()
    tried = prices.index.isin(truth["demand"]["prices_tried"])
    assert prices[tried].median() >= 5
    assert prices[~tried].max() <= 3


def test_refused_rows_add_up_by_an_independent_count(products: pd.DataFrame, truth: dict) -> None:
    """The rules of cleaning, written anew: first matching reason, one refusal a row."""
    bad = products["product_id"] == ""
    bad |= (products[["title", "description", "photos", "sounds", "price"]] == "").all(axis=1)
    latest = products[~bad].sort_values("updated_at", kind="stable").groupby("product_id").tail(1)
    kept = products.index.isin(latest.index)
    assert int((~kept).sum()) == truth["refused_products"]
    for entry in truth["duplicates"]:
        row = products.loc[entry["kept_row"]]
        assert kept[entry["kept_row"]]
        assert row["product_id"] == entry["product_id"]
        assert float(row["price"]) == entry["kept_price"]


def test_media_findings_are_the_planted_ones(products, photos, sounds, truth) -> None:
    first = products.drop_duplicates("product_id").set_index("product_id")
    for kind, findings in (("photo", photos), ("sound", sounds)):
        planted = {
            key: name
            for name, entry in truth["dirt"].items()
            if entry["refuses"] == kind
            for key in first.loc[entry["product_ids"], f"{kind}s"]
        }
        assert set(findings.index[~findings["ok"]]) == set(planted)
    fields = {name: set() for name in KINDS}
    for name, entry in truth["dirt"].items():
        if entry["refuses"] in {"photo", "sound"}:
            keys = first.loc[entry["product_ids"], f"{entry['refuses']}s"]
            fields[name] = set((photos if entry["refuses"] == "photo" else sounds).loc[keys, "field"])
    assert fields["truncated_photo"] == {"photo.data"}
    assert fields["missing_photo_file"] == {"photo.file"}
    assert fields["wrong_format_photo"] == {"photo.format"}
    assert fields["huge_photo_header"] == {"photo.pixels"}
    assert fields["too_short_sound"] == {"sound.seconds"}
    assert fields["silent_sound"] == {"sound.peak"}


def test_photos_and_sounds_have_their_size(photos: pd.DataFrame, sounds: pd.DataFrame) -> None:
    good = photos[photos["ok"]]
    assert set(good["width"]) == set(good["height"]) == {144}
    assert sounds.loc[sounds["ok"], "seconds"].between(1.0, 1.75).all()


def test_only_things_that_sound_have_sounds(products: pd.DataFrame, truth: dict) -> None:
    silent = {path for path, entry in truth["categories"].items() if not entry["timbre"]}
    assert (products.loc[products["category"].isin(silent), "sounds"] == "").all()
    assert (products.loc[~products["category"].isin(silent), "sounds"] != "").mean() > 0.8


def test_variants_share_a_group_and_differ_in_colour(products: pd.DataFrame) -> None:
    grouped = products[products["group_id"] != ""].drop_duplicates("product_id")
    sizes = grouped.groupby("group_id").size()
    assert sizes.between(2, 4).all()
    assert (grouped.groupby("group_id")["category"].nunique() == 1).all()
    told = (
        grouped["attributes"]
        .replace("", "{}")
        .map(json.loads)
        .map(lambda a: a.get("colour") or a.get("颜色"))
    )
    assert told.groupby(grouped["group_id"]).apply(lambda c: c.dropna().is_unique).all()


def test_events_are_ordered_and_their_dirt_is_known(events: pd.DataFrame, products, truth: dict) -> None:
    assert len(events) == truth["rows"]["events"]
    assert not events.duplicated().any()
    rows = truth["event_dirt"]
    assert {name: len(found) for name, found in rows.items()} == {
        n: count(k, 120) for n, k in EVENT_DIRT.items()
    }
    known = set(products["product_id"])
    assert set(np.flatnonzero(~events["product_id"].isin(known))) == set(rows["event_unknown_product"])
    times = pd.to_datetime(events["time"], errors="coerce", utc=True)
    assert set(np.flatnonzero(times.isna())) == set(rows["event_bad_time"])
    assert set(np.flatnonzero(~events["event"].isin(["view", "cart", "purchase"]))) == set(
        rows["event_unknown_kind"]
    )
    assert times.dropna().is_monotonic_increasing
    assert ((events["order_id"] != "") == (events["event"] == "purchase")).all()
    absent = set(truth["without_events"]) | {
        i for entry in truth["dirt"].values() if entry["removes_product"] for i in entry["product_ids"]
    }
    assert not absent & set(events["product_id"])


def test_stock_covers_the_products(sample: Path, products: pd.DataFrame, truth: dict) -> None:
    stock = pd.read_csv(sample / "stock.csv")
    unknown = set(truth["stock_dirt"]["stock_unknown_product"])
    assert set(stock["product_id"]) - set(products["product_id"]) == unknown
    assert stock["product_id"].is_unique
    assert (stock["on_hand"] >= 0).all()
    assert (stock["lead_time_days"] > 0).all()


def test_one_spoilt_file_of_each_kind_is_refused_when_opened(sample: Path, products, truth: dict) -> None:
    first = products.drop_duplicates("product_id").set_index("product_id")
    for name in ("truncated_photo", "huge_photo_header"):
        key = first.loc[truth["dirt"][name]["product_ids"][0], "photos"]
        with pytest.raises(MediaError):
            open_photo((sample / "media" / key).read_bytes(), Media())
    key = first.loc[truth["dirt"]["silent_sound"]["product_ids"][0], "sounds"]
    with pytest.raises(MediaError):
        open_sound((sample / "media" / key).read_bytes(), Media())
