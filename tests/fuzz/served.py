"""A server for the campaign: the Bento of a small shop."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bentos.build import build_bento
from shelfspace.files import write_json
from tests.bentos.served import Server
from tests.bentos.shop import Shop

__all__ = ["serve"]


@contextmanager
def serve(shop: Shop, folder: Path) -> Iterator[Server]:
    """Build the Bento, serve it, stop it."""
    tag = build_bento(shop.workspace, shop.first, shop.settings)
    write_json(shop.workspace.root / "bento" / "bento.json", {"bento": tag})
    params = folder / "params.yaml"
    params.write_text("service: {max_body_bytes: 8000000, log_every_seconds: 0.5}")
    server = Server(shop, folder, SHELFSPACE_SETTINGS=str(params))
    try:
        yield server.wait()
    finally:
        server.stop()
