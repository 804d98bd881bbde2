"""Materialise what docs/add-an-application.md adds, release it and ask its route; one JSON line."""

import json
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
from starlette.applications import Starlette
from starlette.testclient import TestClient

import assets.preprocessing
import assets.release  # noqa: F401 - both say where their tables and vectors lie
from assets.insights import cheaper
from assets.lib import stage
from assets.lib.record import build
from assets.lib.shop import Shop
from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.endpoints import ENDPOINTS
from bentos.http.fast_path import FastPath
from bentos.http.openapi import openapi
from bentos.http.served import Running
from catalog.sources.open import open_catalog
from releases import promote, write_release
from releases.insights import insight_parts
from retrieval.vectors import build_index
from shelfspace.files import write_table
from shelfspace.settings import Settings
from tests.bentos.shop import Shop as Small
from tests.bentos.shop import build_shop


def left_behind(small: Small) -> Shop:
    """The workspace as the stages before leave it."""
    shop = Shop()
    object.__setattr__(shop, "workspace", small.workspace)
    object.__setattr__(shop, "settings", small.settings)
    catalogue = small.workspace.root.parent / "catalogue"
    catalogue.mkdir()
    (catalogue / "products.csv").write_text("product_id,title\n1,one\n")
    object.__setattr__(shop, "source", open_catalog(str(catalogue), cache=small.workspace.state / "source"))
    products, vectors = small.first.products, np.asarray(small.first.embeddings)

    def embedded(folder: Path) -> dict[str, Any]:
        write_table(folder / "embedded.parquet", products[["product_id"]])
        np.save(folder / "embeddings.npy", vectors)
        return {}

    def cleaned(folder: Path) -> dict[str, Any]:
        write_table(folder / "products.parquet", products)
        return {"versions": {"products": "v1"}}

    for asset, leave in (("product_embeddings", embedded), ("products", cleaned)):
        build(shop.folder(asset), inputs={}, code_version="1", settings=[], compute=leave)
    return shop


def materialise(shop: Shop) -> str:
    """Call the function itself: Dagster would open the resource anew. What was said of its work."""
    stage.require_checks = lambda *_: None
    (made,) = cheaper.cheaper.op.compute_fn.decorated_fn(dg.build_asset_context(), shop)
    return str(made.metadata["status"])


def run(root: Path) -> dict[str, Any]:
    """What came of it."""
    small = build_shop(root)
    shop = left_behind(small)
    statuses = [materialise(shop), materialise(shop)]
    vectors = np.asarray(small.first.embeddings)
    release = write_release(
        small.workspace.releases,
        small.first.model_folder,
        product_ids=list(small.first.product_ids),
        embeddings=vectors,
        index=build_index(vectors, small.settings.release),
        products=small.first.products,
        metrics={},
        provenance={},
        parts=insight_parts({"cheaper": shop.folder("cheaper")}),
    )
    promote(small.workspace.root, release.id)
    application = Application(
        ServiceConfig(Settings.model_validate({"service": {"encoder": "eager"}}), small.workspace.root)
    )
    assert application.engine.refresh()
    client = TestClient(FastPath(Starlette(), running=Running(application), spec=dict))
    prices = small.first.products.set_index("product_id")["price"]
    dearest = str(prices.idxmax())
    asked = client.post("/cheaper", json={"product_id": dearest}).json()["result"]
    sale = client.post("/products/change", json={"change": {"product_id": dearest, "price": 0.5}})
    assert sale.status_code == 200, sale.text
    after = client.post("/cheaper", json={"product_id": dearest}).json()["result"]
    from bentos.service import openapi_spec

    said = {
        "statuses": statuses,
        "packed": sorted(name for name in release.manifest["files"] if name.startswith("insights/")),
        "insights": client.get("/release").json()["insights"],
        "price": float(prices.max()),
        "hits": asked["hits"],
        "after the sale": len(after["hits"]),
        "unknown": client.post("/cheaper", json={"product_id": "nobody"}).status_code,
        "documented": ENDPOINTS["cheaper"].path in openapi(openapi_spec())["paths"],
    }
    application.close()
    return said


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))
