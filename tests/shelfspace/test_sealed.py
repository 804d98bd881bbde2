import random
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet, write_json, write_sealed_json, write_table
from shelfspace.sealed import open_sealed, seal_object


def flipped(data: bytes, bit: int) -> bytes:
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def table() -> pd.DataFrame:
    return pd.DataFrame({
        "id": [f"p{i}" for i in range(50)],
        "price": [None if i % 7 == 0 else i / 3 for i in range(50)],
        "photos": [[f"{i}/{n}.jpg" for n in range(i % 4)] for i in range(50)],
        "gone": [i % 3 == 0 for i in range(50)],
        "row": np.arange(50),
        "when": pd.to_datetime(np.arange(50), unit="h", utc=True),
        "side": pd.Categorical(["a", "b"] * 25),
        "empty": pd.Series([None] * 50, dtype=object),
    })  # fmt: skip


def test_every_flipped_bit_of_an_object_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    value = {"fingerprint": "0" * 32, "rows": 12, "shares": [0.1, 1e-7, -0.0], "by": {"é": None, "yes": True}}
    data = write_sealed_json(tmp_path / "a.json", value).read_bytes()
    assert read_json(tmp_path / "a.json") == value
    refused = 0
    for bit in range(8 * len(data)):
        (tmp_path / "a.json").write_bytes(flipped(data, bit))
        try:
            assert read_json(tmp_path / "a.json") == value, bit
        except (ValueError, ArtifactError):
            refused += 1
    assert refused > 7.9 * len(data)


def test_an_object_of_before_is_read_as_it_is(tmp_path: Path) -> None:
    value = {"fingerprint": "f" * 32, "files": ["a"]}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert open_sealed([1, 2]) == [1, 2]


def test_numbers_of_numpy_are_sealed_as_they_are_read_back() -> None:
    sealed = seal_object({"f": np.float32(0.1), "i": np.int64(3), "a": np.arange(2, dtype=np.float32) / 3})
    assert open_sealed(orjson.loads(orjson.dumps(sealed)))["f"] == 0.1


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.parquet", table())
    pd.testing.assert_frame_equal(read_parquet(path), table())
    pd.testing.assert_frame_equal(read_parquet(path, ["photos", "row"]), table()[["photos", "row"]])
    again = write_table(tmp_path / "b.parquet", table())
    assert again.read_bytes() == path.read_bytes()


def test_a_table_of_before_is_read_as_it_is(tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "a.parquet", index=False)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "a.parquet"), table())


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bits_of_a_table_are_refused_or_change_nothing(tmp_path: Path, seed: int) -> None:
    path = write_table(tmp_path / "a.parquet", table())
    data, draw = path.read_bytes(), random.Random(seed)
    refused = 0
    for _ in range(200):
        path.write_bytes(flipped(data, draw.randrange(8 * len(data))))
        try:
            read = read_parquet(path)
        except ArtifactError:
            refused += 1
        else:
            pd.testing.assert_frame_equal(read, table())
    assert refused > 100


def test_a_table_that_is_cut_short_or_gone_is_refused(tmp_path: Path) -> None:
    path = write_table(tmp_path / "a.parquet", table())
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ArtifactError, match=r"a\.parquet is (missing|damaged)"):
        read_parquet(path)
    path.unlink()
    with pytest.raises(ArtifactError, match=r"a\.parquet is (missing|damaged)"):
        read_parquet(path)


@pytest.mark.parametrize("kept", [0, 25, 50])
def test_sums_do_not_depend_on_chunks(tmp_path: Path, kept: int) -> None:
    import pyarrow as pa

    from shelfspace.sealed_tables import column_checksum

    whole = pa.Table.from_pandas(table(), preserve_index=False)
    parts = pa.concat_tables([whole.slice(0, kept), whole.slice(kept)])
    for name in whole.column_names:
        assert column_checksum(parts.column(name)) == column_checksum(whole.column(name)), name
