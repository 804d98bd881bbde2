"""The service measures how to run its encoder, answers by it as eager would, and shows what it chose."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bentos.application import Application
from bentos.config import ServiceConfig
from bentos.endpoints.release import manifest
from bentos.serving.encoder_backend import same_way, sample_features, sample_items
from bentos.telemetry.metrics import METRICS
from catalog.product import ProductInput
from models.inference.backends import EAGER
from models.inference.product_encoder import ProductEncoder
from tests.bentos.shop import Shop


@pytest.fixture(scope="module")
def measured(shop: Shop, tmp_path_factory: pytest.TempPathFactory):
    settings = shop.settings.model_copy(
        update={
            "service": shop.settings.service.model_copy(update={"encoder": "auto", "encoder_seconds": 60})
        }
    )
    root = tmp_path_factory.mktemp("ways")
    made = Application(ServiceConfig(settings, releases=root, baked_release=shop.first.folder))
    made.tell_metrics()
    made.engine.refresh()
    yield made
    made.close()


def test_release_says_what_was_measured_and_chosen(measured: Application, shop: Shop) -> None:
    said = manifest(measured.backend)["encoder"]
    assert said["setting"] == "auto"
    assert set(said["ways"]) == {"text", "image", "audio", "tabular", "head"}
    assert said["ways"]["text"] != EAGER
    assert said["ways"]["image"] == EAGER, "the test's catalogue has no photo files to measure with"
    assert "image" in said["unmeasured"]
    assert said["agreement"]["least_cosine"] >= 0.999
    assert said["text_microseconds"]["chosen"] < said["text_microseconds"]["eager"]
    assert {trial["way"] for trial in said["trials"]} == {"onnx", "traced", "bfloat16"}


def test_metrics_say_it_too(measured: Application) -> None:
    measured.tell_metrics()
    text = METRICS.text().decode()
    ways = manifest(measured.backend)["encoder"]["ways"]
    assert f'text="{ways["text"]}"' in next(
        line for line in text.splitlines() if "shelfspace_encoder_info{" in line
    )
    assert 'shelfspace_encoder_text_seconds{way="chosen"}' in text
    assert "shelfspace_encoder_problem 0.0" in text


def test_answers_are_those_of_eager_and_a_put_lands_on_the_releases_vector(
    measured: Application, shop: Shop
) -> None:
    items = [
        {"title": "red running shoe"}, {"title": "x"}, {"title": "a lamp", "price": 20.0}, {"price": 5.0},
    ]  # fmt: skip

    async def ask() -> tuple[dict, dict]:
        embedded = await measured.answer("embed", {"items": items})
        put = {key: value for key, value in shop.items[3].items() if key != "product_id"}
        await measured.answer("products/put", {"item": {"product_id": "TWIN", **put}})
        return embedded, await measured.answer("embed", {"items": [put]})

    embedded, twin = asyncio.run(ask())
    eager = ProductEncoder.load(shop.first.model_folder)
    base = eager.embed([ProductInput(**item) for item in items])
    assert np.abs(np.array([r["vector"] for r in embedded["results"]]) - base).max() < 1e-3
    view = measured.engine.require().view()
    assert np.abs(np.asarray(view.vector_of("TWIN")) - np.array(twin["results"][0]["vector"])).max() < 1e-3


def test_a_release_keeps_its_way_and_the_next_gets_its_own(measured: Application, shop: Shop) -> None:
    first = measured.engine.require()
    second = measured.engine._prepared(shop.second)
    assert second.choice is not None
    assert second.choice is not first.choice
    assert second.encoder is not first.encoder


def test_the_next_release_of_the_same_model_waits_for_no_measuring(
    measured: Application, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = measured.engine.require()
    assert first.choice is not None
    whole = replace(first, choice=replace(first.choice, unmeasured=()))
    monkeypatch.setattr(measured.engine, "loaded", whole)
    second = measured.engine._prepared(shop.second)
    assert second.choice is whole.choice
    assert second.encoder is not first.encoder
    title = [ProductInput(title="red running shoe")]
    assert np.abs(second.encoder.embed(title) - shop.encoder.embed(title)).max() < 1e-3
    assert same_way("000002", second.encoder, first.encoder, first.choice) is None, (
        "of some parts it had no rows"
    )
    monkeypatch.setattr(second.encoder, "_fingerprint", "another")
    assert same_way("000002", second.encoder, first.encoder, whole.choice) is None


def test_samples_are_titles_alone_and_whole_products(shop: Shop) -> None:
    items = sample_items(shop.first.products, None)
    assert len(items) == 48
    assert sum(item == ProductInput(title=item.title) for item in items) >= 36
    assert any(item.price for item in items)
    assert sample_items(shop.first.products[:0], None) == []


def test_a_file_that_is_refused_is_left_out(shop: Shop) -> None:
    items = [
        ProductInput(title="a lamp"),
        ProductInput(photos=(b"no photo",)),
        ProductInput(photos=(shop.photo,)),
    ]
    features = sample_features(shop.encoder, items, shop.settings.media)
    assert len(features) == 2
    assert features.modalities["image"].present.tolist() == [False, True]


def test_eager_is_measured_not_at_all(shop: Shop, tmp_path: Path) -> None:
    made = Application(ServiceConfig(shop.settings, releases=tmp_path, baked_release=shop.first.folder))
    made.engine.refresh()
    said = manifest(made.backend)["encoder"]
    made.close()
    assert set(said["ways"].values()) == {EAGER}
    assert said["trials"] == []
