"""Order ids that an earlier version's service kept become keyed hashes."""

from pathlib import Path

from catalog.interactions.log import InteractionLog
from catalog.interactions.orders import hash_orders
from catalog.interactions.reading import read_interactions, state_of
from catalog.snapshot.user_key import order_pseudonym
from tests.catalog.interactions.test_log import seen


def test_orders_are_hashed_where_they_stand_and_the_bytes_are_gone(tmp_path: Path) -> None:
    assert hash_orders(tmp_path, b"k") == 0
    log = InteractionLog(tmp_path / "interactions.db")
    hashed = order_pseudonym("7702", b"k")
    log.add([seen(1, order_id="RG7701"), seen(2), seen(3, order_id=hashed), seen(4, order_id="RG7701")])
    before = state_of(tmp_path)
    assert hash_orders(tmp_path, b"k") == 2
    assert hash_orders(tmp_path, b"k") == 0
    log.add([seen(5)])
    log.close()
    events, refused = read_interactions(tmp_path)
    one = order_pseudonym("RG7701", b"k")
    assert events["order_id"].tolist() == [one, "", hashed, one, ""]
    assert refused.empty
    assert state_of(tmp_path) != before  # of the event that came meanwhile alone
    assert not any(b"RG7701" in path.read_bytes() for path in tmp_path.iterdir())
