"""What is exported of a release is what the release holds, byte for byte, and nothing is overwritten."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from releases import Release, write_release
from releases.export import FORMATS, export_release, read_export
from shelfspace.errors import ArtifactError, InputError
from tests.releases.test_release import parts


@pytest.fixture
def release(tmp_path: Path) -> Release:
    ids = [f"p{i}" for i in range(30)]
    products = pd.DataFrame(
        {
            "product_id": ids,
            "title": ["台灯", "Lamp, <b>", ""] * 10,
            "price": [9.5, np.nan, 3.0] * 10,
            "photos": [["a.jpg", "b.jpg"], [], ["ü.png"]] * 10,
            "updated_at": pd.Timestamp("2026-03-01 12:00:00.123456", tz="UTC"),
        }
    )
    return write_release(tmp_path / "shop" / "releases", **parts(tmp_path, products=products))


@pytest.mark.parametrize("form", list(FORMATS))
def test_what_is_read_back_is_what_the_release_holds(release: Release, tmp_path: Path, form: str) -> None:
    if form == "lance":
        pytest.importorskip("lance", reason="the extra `lance` is not installed")
    path = export_release(release, tmp_path / "out", form)
    assert path.name == f"{release.id}.{form}"
    products, vectors, about = read_export(path)
    assert vectors.tobytes() == np.ascontiguousarray(release.embeddings).tobytes()
    assert vectors.dtype == np.float32
    assert products["photos"].map(list).tolist() == release.products["photos"].map(list).tolist()
    plain = ["product_id", "title", "price", "updated_at"]
    pd.testing.assert_frame_equal(products[plain], release.products[plain])
    assert about["release"] == release.id
    assert about["provenance"] == release.provenance
    assert [one.name for one in (tmp_path / "out").iterdir()] == [path.name]


def test_the_schema_is_the_documented_one_and_the_bytes_are_the_same_again(
    release: Release, tmp_path: Path
) -> None:
    first, again = (export_release(release, tmp_path / name) for name in ("one", "two"))
    assert first.read_bytes() == again.read_bytes()
    schema = pq.read_schema(first)
    assert schema.field("product_id").equals(pa.field("product_id", pa.string(), nullable=False))
    assert schema.field("vector").equals(pa.field("vector", pa.list_(pa.float32(), 8), nullable=False))
    assert schema.field("price").type == pa.float64()
    assert schema.field("updated_at").type == pa.timestamp("us", tz="UTC")
    assert schema.field("photos").type == pa.list_(pa.string())


def test_nothing_is_overwritten_and_a_failed_write_leaves_nothing(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export_release(release, tmp_path / "out")
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match="delete it, or name another folder"):
        export_release(release, tmp_path / "out")
    assert path.read_bytes() == b"mine"
    with pytest.raises(ArtifactError, match="damaged"):
        read_export(path)
    with pytest.raises(InputError, match="take one of parquet, lance"):
        export_release(release, tmp_path / "out", "csv")

    def full(table: pa.Table, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(FORMATS, "parquet", full)
    with pytest.raises(OSError, match="No space"):
        export_release(release, tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []
