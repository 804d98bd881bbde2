"""A shop of a few listings without a service, and answers made by hand."""

from pathlib import Path
from typing import Any

from benchmarks.serving.servers import Server
from benchmarks.shopper.intention import Answer
from benchmarks.shopper.shop import Product, Shop
from catalog.snapshot.media_store import MediaStore


def product(number: int, title: str, price: float | None = None, **fields: Any) -> Product:
    """A listing with an identifier by number."""
    plain = {"brand": "", "category": "", "description": "", "language": "en", "group": "", "currency": "EUR"}
    made: dict[str, Any] = {**plain, "attributes": {}, "photo": "", "sound": "", **fields}
    return Product(product_id=f"P{number}", title=title, price=price, **made)


class Silent(Server):
    """No process: a test that asks it has a bug."""

    def __init__(self) -> None:
        self.port = 0

    def stop(self) -> int:
        return 0


def shop(*products: Product, media: MediaStore | None = None) -> Shop:
    """A shop that cannot be asked."""
    return Shop("tiny", list(products), media or MediaStore(Path(), {}), Silent())


def answer(*ids: str, total: int | None = None, **fields: Any) -> Answer:
    """An answer with these hits."""
    hits = [{"product_id": one, "title": "", "why": {"words": [], "modality": ""}} for one in ids]
    return Answer(hits, len(ids) if total is None else total, **fields)


def nobody(*_: Any, **__: Any) -> Answer:
    """An `ask` that must not be called."""
    raise AssertionError("nothing more is to be asked")
