"""Deliveries in the table of losses."""

from pathlib import Path

from catalog.cleaning.losses import losses_table
from catalog.deliveries.ledger import State, editing
from catalog.deliveries.losses import delivery_losses


def test_files_taken_refused_and_held_are_counted_with_their_reasons(tmp_path: Path) -> None:
    assert delivery_losses(tmp_path).read == 0
    with editing(tmp_path) as ledger:
        ledger.arrive("source", kind="source", state=State.DONE)
        ledger.arrive("monday.csv", kind="products", state=State.DONE)
        ledger.arrive("tuesday.csv", kind="products", state=State.REFUSED, reason="no column product_id")
        ledger.arrive(
            "friday.csv", kind="products", state=State.HELD, reason="it takes away 60 of 100 products"
        )
    loss = delivery_losses(tmp_path)
    assert (loss.read, loss.kept, loss.refused) == (3, 1, 1)
    told = " ".join(losses_table([loss]).split())
    assert "no column product_id; for instance 'tuesday.csv'" in told
    assert "it takes away 60 of 100 products; for instance 'friday.csv'" in told
