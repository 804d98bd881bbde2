"""The list of deliveries: what waits for a person is seen in it."""

from pathlib import Path

from catalog.deliveries.ledger import Entry, State, editing
from catalog.deliveries.table import delivery_rows
from shelfspace.workspace import Workspace


def put(workspace: Workspace, *names: str) -> None:
    for name in names:
        place = workspace.inbox / "media" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(name.encode())


def test_many_media_files_share_a_row_and_few_have_one_each(tmp_path: Path) -> None:
    workspace = Workspace.open("shop", tmp_path)
    with editing(workspace.state) as ledger:
        ledger.entries[1] = Entry(1, "gone.csv", state=State.HELD, reason="301 of 1244 products gone")
    put(workspace, *(f"photos/{n}.jpg" for n in range(5)))
    rows = delivery_rows(workspace, 0)
    assert [row["name"] for row in rows[:5]] == [f"media/photos/{n}.jpg" for n in range(5)]
    put(workspace, *(f"photos/{n}.jpg" for n in range(5, 1205)))
    many, held = delivery_rows(workspace, 0)
    assert (many["name"], many["kind"], many["state"]) == ("1,205 media files", "media", "waiting")
    assert many["said"].endswith("and 1,200 more")
    assert "301 of 1244 products gone" in held["said"]
    arriving, _ = delivery_rows(workspace, 600)
    assert (arriving["state"], arriving["said"].split(":")[0]) == ("arriving", "changed a moment ago")
