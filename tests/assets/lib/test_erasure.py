"""An erasure is judged by a search of every byte: what held it before, what does after."""

import gzip
import io
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from assets.lib.erasure.record import PAGE, begin, end, note, requests, unfinished, write
from assets.lib.erasure.search import Needles, search
from assets.lib.erasure.steps import STEPS, erase
from assets.lib.erasure.traces import Traces, beginnings, forget_traces, traces_of
from assets.lib.erasure.work import Done, Remains, Work
from assets.lib.record import build, check_bytes
from catalog.deliveries.collect import collect, note_taken
from catalog.erasure.again import collect_anew
from catalog.erasure.tombstones import Tombstones
from catalog.interactions.log import InteractionLog
from catalog.interactions.reading import read_interactions
from catalog.interactions.table import Interaction
from catalog.snapshot.shards import read_manifest, read_raw_products
from catalog.snapshot.user_key import order_pseudonym, pseudonym, user_key
from catalog.sources.base import CatalogSource
from models.features.store import FeatureStore
from shelfspace.durable_log import DurableLog, LogEntry
from shelfspace.files import check_sealed_folder, read_json, read_parquet, seal_folder, write_table
from shelfspace.hashing import content_hash
from shelfspace.sealed_lines import append_lines, read_lines
from shelfspace.settings import load_settings
from shelfspace.workspace import Workspace
from tests.catalog.shelf import event, photo, product, write_catalogue

GONE, TITLE, SHOPPER = "sku-gone", "Ein Kästchen, „alt“ & <rar>", "jane@example.org"
NAMED = "counts of servers of an earlier version (state/bentoml)"
COUNTS, ENDED = "state/bentoml/prometheus_multiproc_dir", 2**31 - 1
"""No process has this number."""
UNFINISHED = "state/bentoml/tmp/bentoml_bento_shelfspaceabc"
PUT = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
"""The vector of the erased product, as it was put between two releases."""
SETTINGS = load_settings(overrides={"collection": {"quiet_seconds": 0}})


@pytest.fixture
def shop(tmp_path: Path) -> CatalogSource:
    noise = np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
    rows = [product(i, photos=f"{i}.png", group_id=GONE if i > 1 else "") for i in range(4)]
    rows.append(
        product(9, product_id=GONE, title=TITLE, description="says it all, once", photos="gone-sku.bmp")
    )
    bought = event(5, user_id=SHOPPER, product_id="p1", event="purchase", order_id="RG-77")
    events = [*(event(i) for i in range(4)), bought]
    photos = {f"{i}.png": photo(f"#00000{i}") for i in range(4)} | {"gone-sku.bmp": b"BM" + noise.tobytes()}
    return write_catalogue(tmp_path / "shop", rows, events, photos)


@pytest.fixture
def workspace(shop: CatalogSource, tmp_path: Path) -> Workspace:
    """A workspace that says it in every form that is known."""
    made = Workspace.open(shop.folder.name, tmp_path / "ws")
    key = user_key(made.state)
    done = collect(made, shop, SETTINGS, user_key=key, progress=False)
    note_taken(made, done, "version")
    shopper = pseudonym(SHOPPER, key)
    ids = ["p0", GONE, "p1"]
    write_table(
        made.state / "splits.parquet", pd.DataFrame({"product_id": ids, "group": GONE, "split": "test"})
    )
    reference = made.state / "reference" / "abc"
    write_table(reference / "described.parquet", pd.DataFrame({"product_id": ids, "price": [1.0, 2.0, 3.0]}))
    np.save(reference / "embeddings.npy", np.arange(6, dtype=np.float32).reshape(3, 2))
    seal_folder(reference)
    store = FeatureStore(made.state / "features", "pixels", "f")
    shown = content_hash(shop.media_path("gone-sku.bmp").read_bytes())
    store.append([shown, "of p0", "of p0 as it was, and of what nobody knows"], {"pixels": np.eye(3)})
    cleaned = pd.DataFrame({"product_id": ["p0", GONE], "image_hash": ["of p0", shown]})
    write_table(made.prepared / "texts" / "texts.parquet", cleaned)
    with closing(DurableLog(made.live / "requests.log")) as log:
        log.append([LogEntry({"text": f"cheap {TITLE}"}), LogEntry({"text": "violin"})])
        log.append([LogEntry({"endpoint": "similar"}, vector) for vector in (np.ones(4), PUT)])
    with closing(DurableLog(made.root / "delta" / "000001-abcdef12.log", {"release": "r"})) as log:
        facts = {"photos": ["put/" + "0" * 32], "group_id": GONE}
        put = {p: {"kind": "put", "product_id": p, "facts": facts if p == GONE else {}} for p in ids}
        log.append([LogEntry(said, PUT if p == GONE else None) for p, said in put.items()])
        log.append([LogEntry({"kind": "put", "product_id": "p2", "facts": {"group_id": GONE}})])
    (made.root / "delta" / "media").mkdir()
    (made.root / "delta" / "media" / ("0" * 32)).write_bytes(shop.media_path("gone-sku.bmp").read_bytes())
    plain = {
        "session": "s",
        "kind": "click",
        "position": None,
        "query_id": "",
        "query": "",
        "release": "",
        "time": 1e9,
    }
    with closing(InteractionLog(made.live / "interactions.db", days=1e6)) as log:
        log.add([Interaction(event_id="1", user_id="", product_id=GONE, **plain)])
        log.add(
            [Interaction(event_id="2", user_id=shopper, product_id="p1", **plain | {"session": "of hers"})]
        )
        log.add([Interaction(event_id="3", user_id="", product_id="p2", **plain | {"session": "of hers"})])
        log.add([Interaction(event_id="4", user_id="", product_id="p3", **plain | {"session": "another"})])
        asked = plain | {"session": "another", "query": f"{TITLE}, or like it"}
        log.add([Interaction(event_id="5", user_id="", product_id="p3", **asked)])
    order = order_pseudonym("RG-77", key)
    told = {"rows": [{"product_id": GONE, "title": TITLE}, {"product_id": "p1"}], "of": [shopper, order]}

    def judged(folder: Path) -> dict:
        write_table(folder / "some.parquet", pd.DataFrame({"product_id": ids}))
        return told

    holdout = made.root / "evaluation" / "holdout"
    build(holdout, inputs={}, code_version="1", settings=[], compute=judged)
    append_lines(made.root / "approvals.jsonl", [{"what": "delivery 3", "why": f"{GONE} is mended"}])
    (made.root / "validation").mkdir()
    (made.root / "validation" / "page.html").write_text(
        f"<td>{GONE}</td><td>Ein Kästchen, „alt“ &amp; &lt;rar&gt;</td>"
    )
    (made.root / "validation" / "found.json").write_text(orjson.dumps({"found": [TITLE, "p1"]}).decode())
    (made.state / "dagster").mkdir()
    with closing(sqlite3.connect(made.state / "dagster" / "runs.db")) as runs:
        runs.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, event TEXT)")
        nested = orjson.dumps({"table": orjson.dumps(told).decode()}).decode()
        runs.executemany("INSERT INTO events (event) VALUES (?)", [(nested,), ("nothing of it",), (GONE,)])
        runs.execute("DELETE FROM events WHERE id = 3")
        runs.commit()
    refused = made.inbox / "refused"
    refused.mkdir(parents=True)
    (refused / "old.jsonl").write_text(f'{{"product_id": "{GONE}", "title": "x"}}\n{{"product_id": "p7"}}\n')
    (refused / "old.jsonl.reason.txt").write_text(f"row 1 product_id = {GONE}: no")
    (made.root / "rules.yaml").write_text(f"pin: [{GONE}]\n")
    count(made, ENDED)
    unfinished = made.root / UNFINISHED / "src" / "baked"
    unfinished.mkdir(parents=True)
    (unfinished / "ids.json").write_text(orjson.dumps([GONE]).decode())
    np.save(unfinished / "embeddings.npy", PUT)
    return made


def count(workspace: Workspace, process: int) -> Path:
    """What a server of an earlier version left of a photo that was asked for, as it wrote it."""
    file = workspace.root / COUNTS / f"counter_{process}.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(MmapedDict(str(file))) as counts:
        counts.write_value(mmap_key("asked", "asked_total", ["endpoint"], [f"/media/{GONE}.jpg"], ""), 2.0, 0)
    return file


def needles(workspace: Workspace, shop: CatalogSource) -> Needles:
    """What the test looks for, apart from what an erasure finds out itself."""
    picture = shop.media_path("gone-sku.bmp").read_bytes()
    key = user_key(workspace.state)
    told = [GONE, TITLE, SHOPPER, pseudonym(SHOPPER, key), order_pseudonym("RG-77", key), "says it all, once"]
    return Needles.of(told, [picture[500:560]])


def found(workspace: Workspace, shop: CatalogSource) -> set[str]:
    files = search(workspace.root, needles(workspace, shop))
    return {file.relative_to(workspace.root).as_posix() for file in files}


def erasing(workspace: Workspace, shop: CatalogSource) -> Iterator[tuple[str, Done]]:
    stones, key = Tombstones.open(workspace.state), user_key(workspace.state)
    stones.add("product", GONE, "2026-03-01T00:00:00+00:00")
    stones.add("shopper", pseudonym(SHOPPER, key), "2026-03-01T00:00:00+00:00")
    traces = traces_of(workspace, shop, stones, [GONE], [SHOPPER], key)
    work = Work(workspace, shop, SETTINGS, stones, traces, key, Done, list)
    for step, done in erase(work, lambda step: None, lambda sentence: None):
        yield step.name, done
    forget_traces(workspace)


HELD = {
    "approvals.jsonl",
    "delta/000001-abcdef12.log",
    "delta/media/00000000000000000000000000000000",
    "evaluation/holdout/record.json",
    "evaluation/holdout/some.parquet",
    "inbox/refused/old.jsonl",
    "inbox/refused/old.jsonl.reason.txt",
    "live/interactions.db",
    "live/requests.log",
    "prepared/texts/texts.parquet",
    "rules.yaml",
    "snapshot/events/part-00000.parquet",
    "snapshot/media/index.parquet",
    "snapshot/media/media-00000.tar",
    "snapshot/products/part-00000.parquet",
    f"{COUNTS}/counter_{ENDED}.db",
    f"{UNFINISHED}/src/baked/ids.json",
    "state/dagster/runs.db",
    "state/reference/abc/described.parquet",
    "state/splits.parquet",
    "validation/found.json",
    "validation/page.html",
}


def test_after_an_erasure_no_byte_says_it_but_what_people_write(
    workspace: Workspace, shop: CatalogSource
) -> None:
    assert found(workspace, shop) - {"snapshot/media/index.parquet"} == HELD - {
        "snapshot/media/index.parquet"
    }
    steps = dict(erasing(workspace, shop))
    assert list(steps) == [step.name for step in STEPS]
    assert found(workspace, shop) == {"rules.yaml"}
    assert not (workspace.root / UNFINISHED).exists(), "its vectors say no name"
    stays = {left.where: left for left in steps["rest"].remains}
    assert stays["rules.yaml"].why == "people write it"
    assert {str(shop.folder / name) for name in ("products.csv", "events.csv")} <= stays.keys()


@pytest.mark.parametrize("process", [os.getpid(), ENDED - 1], ids=["a number of here", "of elsewhere"])
def test_a_server_goes_on_counting_where_a_name_is_blotted_out_wherever_it_runs(
    workspace: Workspace, shop: CatalogSource, process: int
) -> None:
    file = count(workspace, process)
    key = mmap_key("asked", "asked_total", ["endpoint"], [f"/media/{GONE}.jpg"], "")
    with closing(MmapedDict(str(file))) as running:
        done = dict(erasing(workspace, shop))["rest"]
        assert done.removed[NAMED] == 2, "the other one's server has ended"
        assert found(workspace, shop) == {"rules.yaml"}
        running.write_value(key, 3.0, 0)
    ((name, value, _, _),) = MmapedDict.read_all_values_from_file(str(file))
    assert (len(name), value) == (len(key), 3.0)
    assert orjson.loads(name)[2] == {"endpoint": f"/media/{'-' * len(GONE)}.jpg"}
    assert not [left for left in done.remains if left.where.startswith(COUNTS)]
    assert any("start it again" in sentence for sentence in done.said)


def test_the_group_of_an_erased_product_stays_together_and_bears_its_name_no_more(
    workspace: Workspace, shop: CatalogSource
) -> None:
    dict(erasing(workspace, shop))
    groups = read_raw_products(workspace.snapshot).set_index("product_id")["group_id"]
    assert groups["p2"] == groups["p3"] != groups["p0"] == ""
    stones, key = Tombstones.open(workspace.state), user_key(workspace.state)
    collect_anew(workspace.snapshot)
    shards = read_manifest(workspace.snapshot)["products"]
    collect(workspace, shop, SETTINGS, user_key=key, stones=stones, progress=False)
    assert read_manifest(workspace.snapshot)["products"] == shards, "what the catalogue says is no change"
    assert found(workspace, shop) == {"rules.yaml"}


def test_what_is_left_is_whole(workspace: Workspace, shop: CatalogSource) -> None:
    dict(erasing(workspace, shop))
    reference = workspace.state / "reference" / "abc"
    check_sealed_folder(reference)
    assert read_parquet(reference / "described.parquet")["product_id"].tolist() == ["p0", "p1"]
    assert np.load(reference / "embeddings.npy").tolist() == [[0, 1], [4, 5]]
    split = read_parquet(workspace.state / "splits.parquet")
    assert split["product_id"].tolist() == ["p0", "p1"]
    assert set(split["group"]) == {"p0"}  # whose group bore the erased product's name
    check_bytes(workspace.root / "evaluation" / "holdout")
    (line,) = read_lines(workspace.root / "approvals.jsonl")
    assert line["why"] == "(erased) is mended"
    assert read_json(workspace.root / "validation" / "found.json") == {"found": ["(erased)", "p1"]}
    events, refused = read_interactions(workspace.live)
    assert dict(zip(events["event_id"], events["query"], strict=True)) == {
        "4": "",
        "5": "(erased), or like it",
    }
    assert refused.empty, "what was changed has a checksum that is true"
    with closing(DurableLog(workspace.live / "requests.log")) as log:
        left = [entry.record for entry in log.read()[0]]
    assert left == [{"text": "violin"}, {"endpoint": "similar"}], "what is like it is known by its vector"
    with closing(DurableLog(workspace.root / "delta" / "000001-abcdef12.log")) as log:
        entries = log.read()[0]
    assert [entry.record["product_id"] for entry in entries] == ["p0", "p1", "p2"]
    assert entries[-1].record["facts"] == {"group_id": "(erased)"}
    store = FeatureStore(workspace.state / "features", "pixels", "f")
    assert store.gather(["of p0"])["pixels"].tolist() == [[0, 1, 0]]
    assert len(store) == 1, "what no product that is left needs may be what an erased one once was"
    with closing(sqlite3.connect(workspace.state / "dagster" / "runs.db")) as runs:
        (first,), second = runs.execute("SELECT event FROM events").fetchall()
    assert second == ("nothing of it",)
    rows = orjson.loads(orjson.loads(first)["table"])["rows"]
    assert rows == [{"product_id": "(erased)", "title": "(erased)"}, {"product_id": "p1"}]


@pytest.mark.parametrize("steps", [2, 6, len(STEPS) - 1])
def test_stopped_after_any_step_it_is_done_again_and_finds_the_rest(
    workspace: Workspace, shop: CatalogSource, steps: int
) -> None:
    for (name, _), _ in zip(erasing(workspace, shop), range(steps), strict=False):
        assert name
    dict(erasing(workspace, shop))
    assert found(workspace, shop) == {"rules.yaml"}


def test_the_search_finds_it_in_whatever_wraps_it(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.csv", f"a,{GONE}\n" * 50)
    (tmp_path / "zip").write_bytes(packed.getvalue())
    (tmp_path / "gz").write_bytes(gzip.compress(f"x {GONE} y".encode()))
    np.save(tmp_path / "texts.npy", np.array(["a", GONE]))
    np.savez(tmp_path / "more.npz", ids=np.array([GONE]))
    write_table(tmp_path / "lists.parquet", pd.DataFrame({"near": [["a"], [GONE]]}))
    (tmp_path / f"{GONE}-1.jpg").write_bytes(b"")
    (tmp_path / "long").write_bytes(b"." * (4 << 20) + GONE.encode() + b"." * 9)
    (tmp_path / "another").write_text(f"{GONE}s and x{GONE}")
    names = {file.name for file in search(tmp_path, Needles.of([GONE]))}
    assert names == {"zip", "gz", "texts.npy", "more.npz", "lists.parquet", f"{GONE}-1.jpg", "long"}


def test_an_excerpt_is_found_up_to_where_it_was_cut_and_takes_nothing_beside_it_along() -> None:
    long = "Royal cotton bedsheet with a quincunx of roses, king size, two pillow covers"
    begun = beginnings([long, "Royal cotton, short"], ["Royal cotton bedsheet without anything", "another"])
    assert begun == {long[:36]}, "the fewest characters that no other text begins with"
    needles = Needles.of([long], beginnings=begun)
    row = {"a": f"{long[:57]}...", "b": long, "c": "Royal cotton bedsheet without...", "d": "..."}
    for said in (orjson.dumps(row).decode(), orjson.dumps({"table": orjson.dumps(row).decode()}).decode()):
        blotted = orjson.loads(needles.blotted(said))
        inner = orjson.loads(blotted["table"]) if "table" in blotted else blotted
        assert inner == {**row, "a": "(erased)", "b": "(erased)"}
    assert needles.blotted(f"<td>{long[:70]}…</td><td>x...</td>") == "<td>(erased)</td><td>x...</td>"
    assert needles.blotted(f"{long[:40]} and other words") == f"{long[:40]} and other words"


def test_bytes_that_photos_and_sounds_of_others_share_tell_nothing(
    workspace: Workspace, shop: CatalogSource
) -> None:
    stones, key = Tombstones.open(workspace.state), user_key(workspace.state)
    stones.add("product", GONE, "2026-03-01T00:00:00+00:00")
    alone = traces_of(workspace, shop, stones, [GONE], [], key).pieces
    picture = shop.media_path("gone-sku.bmp").read_bytes()
    log = workspace.root / "delta" / "000001-abcdef12.log"
    left = []
    for product_id, share in (("p7", 5 / 8), ("p8", 1)):
        with closing(DurableLog(log)) as changes:
            shown = picture[: int(len(picture) * share)]
            changes.append([LogEntry({"kind": "put", "product_id": product_id}, files=(shown,))])
        forget_traces(workspace)
        left.append(traces_of(workspace, shop, stones, [GONE], [], key).pieces)
    assert len(alone) == 4
    assert len(left[0]) == 3
    assert left[1] == set()


def test_an_id_that_stands_for_anything_is_sought_in_columns_of_ids_alone() -> None:
    traces = Traces(products={"17", "sku-17"})
    assert traces.words == {"sku-17"}
    assert traces.short == ["17"]


def test_the_record_says_what_came_of_it_and_of_whom_it_does_not(workspace: Workspace) -> None:
    stones = Tombstones.open(workspace.state)
    stone = stones.add("product", GONE, "2026-03-01T00:00:00+00:00", "asked by letter")
    stopped = begin(workspace.state, [stone], "ann", "asked by letter")
    note(workspace.state, stopped, "logs", Done({"live": 3}))
    assert [one.number for one in unfinished(workspace.state)] == [1]
    again = begin(workspace.state, [stone], "ann", "asked by letter")
    note(
        workspace.state,
        again,
        "rest",
        Done({"live": 1, "logs": 0}, (Remains("rules.yaml", "people write it", "ask"),)),
    )
    end(workspace.state, again)
    assert unfinished(workspace.state) == []
    first, second = requests(workspace.state)
    assert (first.ended, first.removed, second.removed, second.products) == ("", {"live": 3}, {"live": 1}, 1)
    write(workspace)
    page = (workspace.root / PAGE).read_text()
    assert "rules.yaml" in page
    assert not search(workspace.state / "erasure", Needles.of([GONE]))
    assert GONE not in page
