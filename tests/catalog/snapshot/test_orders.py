"""Order ids are keyed hashes, also of what an earlier version collected as it came."""

from pathlib import Path

import pandas as pd
import pytest

from catalog.snapshot import orders, write
from catalog.snapshot.shards import operations_of, read_manifest, read_raw_events
from catalog.snapshot.user_key import order_pseudonym, pseudonym
from catalog.snapshot.write import write_snapshot
from catalog.sources.base import CatalogSource
from shelfspace.errors import ArtifactError
from shelfspace.settings import load_settings
from tests.catalog.shelf import event, product, write_catalogue

SETTINGS = load_settings(overrides={"collection": {"shard_rows": 3}})


def collect(source: CatalogSource, place: Path) -> bool:
    return write_snapshot(source, place, SETTINGS, user_key=b"k", progress=False).unchanged


def bought(*numbers: int) -> list[dict[str, str]]:
    return [event(n, event="purchase", order_id=f"RG770{n % 2}") for n in numbers]


def as_an_earlier_version(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(write, "hashed_orders", lambda column, key: column)
    patch.setattr(write, "with_keyed_orders", lambda directory, manifest, key: manifest)


def test_no_order_of_the_shop_is_in_what_is_collected(tmp_path: Path) -> None:
    source = write_catalogue(
        tmp_path / "shop", [product(n) for n in range(5)], [*bought(0, 1, 2, 3), event(4)]
    )
    collect(source, tmp_path / "s")
    kept = read_raw_events(tmp_path / "s")["order_id"].tolist()
    even, odd = (order_pseudonym(name, b"k") for name in ("RG7700", "RG7701"))
    assert kept == [even, odd, even, odd, ""]
    assert order_pseudonym("RG7700", b"other") != even
    assert pseudonym("RG7700", b"k") not in even
    assert not any(b"RG7700" in path.read_bytes() for path in (tmp_path / "s").rglob("*.parquet"))


def test_an_earlier_snapshot_becomes_what_would_be_collected_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    products, old, new = [product(n) for n in range(9)], tmp_path / "old", tmp_path / "new"
    for rows in (bought(0, 1, 1, 2, 3), bought(0, 1, 3, 5, 5, 6)):  # taken away, told twice, added
        source = write_catalogue(tmp_path / "shop", products, rows)
        with monkeypatch.context() as patch:
            as_an_earlier_version(patch)
            collect(source, old)
        collect(source, new)
    assert any(b"RG7701" in path.read_bytes() for path in (old / "events").iterdir())
    assert not collect(source, old)
    tables = [operations_of(place, read_manifest(place), "events") for place in (old, new)]
    pd.testing.assert_frame_equal(*tables)
    assert read_manifest(old) == read_manifest(new)
    assert not any(b"RG7701" in path.read_bytes() for path in (old / "events").iterdir())
    assert collect(source, old)


def test_killed_between_two_shards_it_is_ended_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_catalogue(tmp_path / "shop", [product(n) for n in range(9)], bought(*range(9)))
    with monkeypatch.context() as patch:
        as_an_earlier_version(patch)
        collect(source, tmp_path / "s")
    written = []

    def write_two(path: Path, table: pd.DataFrame) -> Path:
        if len(written) == 1:
            raise ArtifactError("killed")
        written.append(path)
        return real(path, table)

    real = orders.write_table
    with monkeypatch.context() as patch:
        patch.setattr(orders, "write_table", write_two)
        with pytest.raises(ArtifactError, match="killed"):
            collect(source, tmp_path / "s")
    collect(source, tmp_path / "s")
    collect(source, tmp_path / "new")
    tables = [operations_of(tmp_path / n, read_manifest(tmp_path / n), "events") for n in ("s", "new")]
    pd.testing.assert_frame_equal(*tables)
