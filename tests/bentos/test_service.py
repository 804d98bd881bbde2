"""The declared routes, called on the service object: the same engine without the fast path."""

import asyncio
from pathlib import Path

import pytest
from bentoml.exceptions import InvalidArgument, NotFound

from bentos.api import requests as schemas
from tests.bentos.shop import Shop
from tests.waiting import wait_for


def test_declared_routes_answer_as_the_fast_path(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHELFSPACE_RELEASES", str(shop.workspace.root))
    monkeypatch.delenv("SHELFSPACE_LIVE", raising=False)
    from bentos.service import RUNNING, Shelfspace

    assert RUNNING.application is None
    service = Shelfspace.inner()
    assert not service.application.log.on
    try:
        wait_for(service.__is_ready__, 60, pause=0.05)
        assert RUNNING.application is service.application
        asyncio.run(calls(service, shop, tmp_path))
    finally:
        service.stop()
    assert RUNNING.application is None


async def calls(service: object, shop: Shop, folder: Path) -> None:
    item = schemas.ProductItem(title="blue shoe")
    one = await service.embed(item=item)
    assert one.result is not None
    assert len(one.result.vector) == shop.encoder.dim
    several = await service.classify(items=[item, item])
    assert several.results is not None
    assert several.results[0] == several.results[1]
    found = await service.search(query=schemas.Query(text="shoe"), k=3)
    assert found.result is not None
    assert len(found.result.hits) == 3
    assert (await service.search(text="shoe", k=3)) == found
    path = folder / "photo.jpg"
    path.write_bytes(shop.photo)
    pictured = await service.search(photo=path, k=3)
    assert len(pictured.result.hits) == 3
    near = await service.similar(product_id=shop.first.product_ids[1], k=2)
    assert near.result is not None
    assert near.result.hits[0].product_id != shop.first.product_ids[1]
    with pytest.raises(NotFound, match="nope"):
        await service.similar(product_id="nope")
    with pytest.raises(InvalidArgument, match="k = 1000"):
        await service.search(query=schemas.Query(text="shoe"), k=1000)
