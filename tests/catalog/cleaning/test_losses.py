"""What cleaning lost, as data and as a table that people read."""

from pathlib import Path

import pandas as pd
import pytest

from catalog.cleaning.losses import LOSSES, count_losses, losses_table, read_losses, write_losses
from catalog.contract import QUARANTINE_COLUMNS
from shelfspace.errors import ArtifactError


def quarantine(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    """(table, id, field, value, reason) as refused rows."""
    table = pd.DataFrame([(row[0], "row", *row[1:], 0, "") for row in rows], columns=list(QUARANTINE_COLUMNS))
    return table.astype({"source_row": "int64"})


def findings(*files: tuple[str, str, str]) -> pd.DataFrame:
    """(kind, key, reason; "" where the file is fine) as the media probe gives them."""
    rows = [
        (key, kind, not why, why, "photo.file" if why else "", key if why else "") for kind, key, why in files
    ]
    return pd.DataFrame(rows, columns=["key", "kind", "ok", "reason", "field", "value"])


REFUSED = quarantine(
    ("events", "p1", "time", "31/01/2026", "not a time"),
    ("events", "p2", "user_id", "", "no shopper"),
    ("events", "p3", "time", "1/2/2026", "not a time"),
    ("photos", "p1", "photo.file", "a.jpg", "the file is missing"),
    ("photos", "p2", "photo.file", "a.jpg", "the file is missing"),
)
FILES = findings(("photos", "a.jpg", "the file is missing"), ("photos", "b.jpg", ""))


def test_reasons_are_counted_with_an_example_and_files_once() -> None:
    losses = {loss.table: loss for loss in count_losses({"events": 10}, {"events": 7}, REFUSED, FILES)}
    events, photos = losses["events"], losses["photos"]
    assert (events.read, events.kept, events.refused, events.lost) == (10, 7, 3, 0)
    assert [(r.field, r.rows, r.id, r.value) for r in events.reasons] == [
        ("time", 2, "p1", "31/01/2026"),
        ("user_id", 1, "p2", ""),
    ]
    # Two products name one file: the product's rows are in quarantine, the file is lost once.
    assert (photos.read, photos.kept, photos.refused) == (2, 1, 1)
    assert photos.reasons[0].reason == "the file is missing"
    assert losses["stock"].read == 0


def test_the_table_tells_each_table_that_had_rows() -> None:
    told = losses_table(
        count_losses({"events": 10, "products": 4}, {"events": 7, "products": 4}, REFUSED, FILES)
    )
    lines = [line.split() for line in told.splitlines()]
    assert ["products", "4", "4", "0"] in lines
    assert any(line[:5] == ["events", "10", "7", "3", "(30.0%)"] for line in lines)
    assert "2 time: not a time; for instance '31/01/2026' of p1" in told
    assert "stock" not in told


def test_what_is_written_is_read_again_and_damage_is_named(tmp_path: Path) -> None:
    losses = count_losses({"events": 10}, {"events": 7}, REFUSED, FILES)
    write_losses(tmp_path, losses)
    assert read_losses(tmp_path) == losses
    (tmp_path / LOSSES).write_bytes(b"[{")
    with pytest.raises(ArtifactError, match=LOSSES):
        read_losses(tmp_path)


def test_fields_are_told_beside_the_rows() -> None:
    told = quarantine(
        ("products", "p1", "price", "0", "not above zero"), ("products", "p2", "title", "", "none")
    )
    told.loc[0, "scope"] = "field"
    loss = count_losses({"products": 3}, {"products": 2}, told, FILES)[0]
    assert (loss.refused, loss.emptied, loss.lost) == (1, 1, 0)
    assert {reason.field for reason in loss.reasons} == {"price", "title"}
    assert "1 (33.3%) and 1 field" in losses_table([loss])
