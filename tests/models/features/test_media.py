"""Encoders that the settings name: what is computed for them, and that requests equal stored rows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.product import ProductInput
from models.encoders.image.photo_textures import COLUMNS
from models.features import extract
from models.features.featurizer import Featurizer
from models.features.needs import needed_features
from models.features.table import FeatureTable, ModalityFeatures
from models.inference.product_encoder import ProductEncoder
from models.training.train import train
from shelfspace.errors import SettingsError
from tests.models.features.test_featurizer import MEDIA, Shelf, assert_equal_bits
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of
from tests.models.media_folders import (
    clap_folder,
    clip_with_words,
    settings_of,
)
from tests.models.pretrained.test_text_and_image import IMAGE_FOLDERS, offline

__all__ = ["offline"]


def test_the_model_s_name_decides_what_is_computed() -> None:
    plain = settings_of()
    assert needed_features(plain) == plain.features
    named = settings_of(model={"image": "transformers:a", "audio": "transformers:b"})
    found = needed_features(named)
    assert (found.image_encoder, found.audio_encoder) == ("transformers:a", "transformers:b")
    beside = settings_of(features={"image_encoder": "transformers:a"})
    assert needed_features(beside).image_encoder == "transformers:a"
    absent = settings_of(model={"image": "transformers:a", "modalities": ["text"]})
    assert needed_features(absent).image_encoder is None


def test_settings_that_disagree_are_refused() -> None:
    two = settings_of(model={"image": "transformers:a"}, features={"image_encoder": "transformers:b"})
    with pytest.raises(SettingsError, match=r"features\.image_encoder.*model\.image asks for transformers:a"):
        needed_features(two)


PRODUCTS = [
    ProductInput("Red towel", brand="Sathiyas", price=9.0),
    ProductInput("Lamp", attributes={"Colour": " RED ", "Power": "5 W"}),
    ProductInput("Bare"),
    ProductInput("Red lamp", brand="sathiyas", attributes={"Colour": "red"}, price=9.0),
]
PHOTOS = [["0.jpg", "1.jpg", "2.jpg", "4.jpg"], ["1.jpg"], [], ["5.jpg", "0.jpg"]]
SOUNDS = [None, "2.flac", "3.flac", "2.flac"]


def requests() -> list[ProductInput]:
    return [
        replace(p, photos=tuple(MEDIA[k] for k in own), sounds=() if s is None else (MEDIA[s],))
        for p, own, s in zip(PRODUCTS, PHOTOS, SOUNDS, strict=True)
    ]


def stored(featurizer: Featurizer, root: Path, settings, media=MEDIA) -> FeatureTable:
    return FeatureTable(
        tuple(map(str, range(len(PRODUCTS)))),
        {
            "text": extract.extract_text([featurizer.text(i) for i in PRODUCTS], featurizer, root, settings)[
                0
            ],
            "image": extract.extract_image(media, PHOTOS, featurizer, root, settings)[0],
            "audio": extract.extract_audio(media, SOUNDS, featurizer, root, settings)[0],
            "tabular": extract.extract_tabular(PRODUCTS, featurizer, root, settings)[0],
        },
    )


def fitted(settings) -> Featurizer:
    prices = np.array([np.nan if p.price is None else p.price for p in PRODUCTS])
    return Featurizer.fit(["red towel", "lamp bare"], prices, settings)


def test_everything_at_once_a_request_equals_the_stored_row_bit_for_bit(tmp_path: Path) -> None:
    settings = settings_of(
        preprocessing={"max_photos": 3},
        features={"text_encoder": clip_with_words(tmp_path / "clip")},
        model={
            "image": f"transformers:{tmp_path / 'clip'}",
            "audio": clap_folder(tmp_path / "clap"),
            "tabular": "details",
        },
    )
    featurizer = fitted(settings)
    table = stored(featurizer, tmp_path / "store", settings)
    assert_equal_bits(table, featurizer.featurize(requests()))
    for row, item in enumerate(requests()):
        assert_equal_bits(table.take([row]), featurizer.featurize([item], ids=[str(row)]))
    image = table.modalities["image"]
    assert image.values["photos"].tolist() == [3, 1, 0, 2]
    assert set(image.values) == {"frozen", "colour", "photos"}, "nobody reads pixels"
    assert image.values["frozen"].shape == (4, 3, 12)
    assert not image.values["frozen"][1, 1:].any()
    assert image.present.tolist() == [True, True, False, True]
    assert table.modalities["audio"].values["frozen"].shape == (4, 12)
    kept = tmp_path / "kept"
    featurizer.save(kept)
    loaded = Featurizer.load(kept)
    assert loaded.fingerprint == featurizer.fingerprint
    assert_equal_bits(loaded.featurize(requests()), table)
    assert sorted(json.loads((kept / "featurizer.json").read_text())["frozen"]) == ["audio", "image", "text"]


def test_each_photo_is_decoded_once_and_only_those_that_are_read(tmp_path: Path) -> None:
    settings = settings_of(preprocessing={"max_photos": 3})
    featurizer = fitted(settings)
    seen: list[str] = []

    class Counted(Shelf):
        def read(self, key: str) -> bytes:
            seen.append(key)
            return super().read(key)

    _, counts = extract.extract_image(Counted(MEDIA), PHOTOS, featurizer, tmp_path, settings, progress=False)
    assert sorted(seen) == ["0.jpg", "1.jpg", "2.jpg", "5.jpg"]
    assert (counts.computed, counts.reused) == (4, 2)
    single = settings_of()
    _, counts = extract.extract_image(
        Counted(MEDIA), PHOTOS, fitted(single), tmp_path, single, progress=False
    )
    assert (counts.computed, counts.reused) == (0, 3)
    assert len(seen) == 4


def test_one_photo_a_product_is_laid_out_and_stored_as_before(tmp_path: Path) -> None:
    one, three = fitted(settings_of()), fitted(settings_of(preprocessing={"max_photos": 3}))
    assert one.array_fingerprints["image"] == three.array_fingerprints["image"]
    assert one.fingerprints["image"] != three.fingerprints["image"]
    assert one.fingerprint != three.fingerprint
    assert set(one.featurize(requests()).modalities["image"].values) == {"pixels", "colour"}


def test_details_are_ids_of_cleaned_pairs_and_present_without_a_price(tmp_path: Path) -> None:
    settings = settings_of(model={"tabular": "details"})
    table = fitted(settings).featurize(PRODUCTS).modalities["tabular"]
    ids = [set(row[row > 0].tolist()) for row in table.values["details"]]
    assert [len(own) for own in ids] == [1, 2, 0, 2]
    assert ids[0] < ids[3]  # the same brand, whatever its case
    assert len(ids[1] & ids[3]) == 1  # Colour red
    assert table.present.tolist() == [True, True, False, True]
    assert table.values["priced"][:, 0].tolist() == [1, 0, 0, 1]
    price = fitted(settings_of()).featurize(PRODUCTS).modalities["tabular"]
    assert price.present.tolist() == [True, False, False, True]
    assert set(price.values) == {"values"}


def test_timbre_is_computed_when_a_model_reads_it(tmp_path: Path) -> None:
    settings = settings_of(model={"audio": "timbre"})
    featurizer = fitted(settings)
    table = stored(featurizer, tmp_path, settings)
    assert_equal_bits(table, featurizer.featurize(requests()))
    timbre = table.modalities["audio"].values["timbre"]
    assert np.isfinite(timbre).all()
    assert np.abs(timbre[1] - timbre[2]).max() > 1
    assert (timbre[1] == timbre[3]).all()
    assert featurizer.fingerprints["audio"] != fitted(settings_of()).fingerprints["audio"]


@pytest.mark.parametrize("most", [1, 3])
def test_photo_statistics_are_computed_when_a_model_reads_them(tmp_path: Path, most: int) -> None:
    settings = settings_of(
        model={"image": "histograms"}, preprocessing={"image_size": 32, "max_photos": most}
    )
    featurizer = fitted(settings)
    table = stored(featurizer, tmp_path, settings)
    assert_equal_bits(table, featurizer.featurize(requests()))
    for row, item in enumerate(requests()):
        assert_equal_bits(table.take([row]), featurizer.featurize([item], ids=[str(row)]))
    found = table.modalities["image"].values["histograms"]
    assert found.shape == ((4, 2, COLUMNS) if most == 1 else (4, 3, 2, COLUMNS))
    assert not found[2].any()  # the product without a photo
    plain = fitted(settings_of(preprocessing={"image_size": 32, "max_photos": most}))
    assert featurizer.fingerprints["image"] != plain.fingerprints["image"]


@pytest.mark.parametrize("kind", sorted(IMAGE_FOLDERS))
def test_any_image_folder_serves_as_the_image_encoder(tmp_path: Path, kind: str) -> None:
    settings = settings_of(model={"image": IMAGE_FOLDERS[kind](tmp_path)})
    table = fitted(settings).featurize(requests())
    assert table.modalities["image"].values["frozen"].shape == (4, 12 if kind == "clip" else 16)


def test_what_the_settings_name_is_trained_saved_and_loaded(tmp_path: Path) -> None:
    table, labels, log_price = features_table(90, frozen=True, photos=3)
    settings = quick_settings(
        model={"image": "transformers:some", "audio": "timbre", "tabular": "details"},
        augmentation={"photo_strength": 0.5},
        training={"epochs": 8, "patience": 8},
    )
    out = tmp_path / "encoder"
    train(
        table, labels, CLASSES, log_price, splits_of(90), settings, None, out, tmp_path / "run",
        progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(out)
    assert encoder.model.image == "transformers:some"
    found = encoder.encode_features(table)

    def right(probabilities: np.ndarray) -> float:
        return float((probabilities.argmax(axis=1) == labels)[splits_of(90) == "test"].mean())

    assert right(found.probabilities) > 0.6, "the network by itself"
    assert encoder.expert is not None
    named, alone = right(encoder.classify_features(table)), right(encoder.expert.probabilities(table))
    assert named > 0.9, "whoever names the category"
    assert named >= max(alone, right(found.probabilities)), "no worse than its parts"
    assert np.array_equal(ProductEncoder.load(out).embed_features(table), found.vectors)
    assert np.abs(encoder.embed_features(table.take([4])) - found.vectors[4]).max() < 1e-5
    # What the table says, brand and price alike, is hidden from the price that is predicted.
    tabular = table.modalities["tabular"]
    other = {key: np.roll(array, 1, axis=0) for key, array in tabular.values.items()}
    moved = FeatureTable(
        table.product_ids, {**table.modalities, "tabular": ModalityFeatures(other, tabular.present)}
    )
    seen = table.present()[:, :3].any(axis=1)
    assert np.array_equal(encoder.encode_features(moved).prices[seen], found.prices[seen])
