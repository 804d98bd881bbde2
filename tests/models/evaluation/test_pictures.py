"""Pictures are PNGs of a sensible size, the same twice, for 2 to 30 classes and any script."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from models.evaluation.evaluate import evaluate
from models.evaluation.metrics import classification, roc_points
from models.evaluation.pictures import confusion_picture, embedding_map, pictures, roc_picture
from shelfspace.drawing import short
from shelfspace.fonts import drawable, label_font
from shelfspace.settings import Settings
from tests.models.judged import LABELS, PrototypeEncoder, make_table


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    assert image.format == "PNG"
    return image


def judged_classes(count: int) -> dict:
    generator = np.random.default_rng(0)
    truth = np.arange(20 * count) % count
    probs = generator.random((len(truth), count))
    probs[np.arange(len(truth)), truth] += 0.5
    probs /= probs.sum(axis=1, keepdims=True)
    names = [f"Section {i} > Shelf of many things {i}" for i in range(count)]
    return {"overall": classification(truth, probs, names), "roc": roc_points(truth, probs, names)}


@pytest.mark.parametrize("count", [2, 30])
def test_confusion_and_roc_of_few_and_many_classes(count: int) -> None:
    found = judged_classes(count)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matrix, roc = opened(confusion_picture(found)), opened(roc_picture(found))
    assert 500 < matrix.width < 2600
    assert roc.size == opened(roc_picture(found)).size
    # Shades of the matrix: a wrong picture is blank or of one colour.
    assert len(matrix.convert("RGB").getcolors(1 << 20)) > 50


def test_more_classes_than_fit_keep_the_largest() -> None:
    assert opened(confusion_picture(judged_classes(40))).width < 2600


def test_all_pictures_with_chinese_labels_raise_no_warning() -> None:
    table, codes = make_table(90)
    names = np.array(LABELS, dtype=object)[codes]
    settings = Settings.model_validate({"evaluation": {"bootstrap": 20}})
    encoder = PrototypeEncoder(weighs=True)
    found, _ = evaluate(encoder, table, names, np.arange(90), settings, progress=False)
    vectors = PrototypeEncoder().embed_features(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = pictures(found, vectors, names)
        assert set(drawn) == {"confusion", "subsets", "roc", "modality_weights", "embedding_map"}
        assert drawn == pictures(found, vectors, names)
    for data in drawn.values():
        opened(data)


def test_pictures_without_labels_is_the_map_alone() -> None:
    table, _ = make_table(40)
    encoder = PrototypeEncoder(labels=())
    settings = Settings.model_validate({"evaluation": {"bootstrap": 20}})
    unknown = np.full(40, "", dtype=object)
    found, _ = evaluate(encoder, table, unknown, np.arange(40), settings, progress=False)
    assert set(pictures(found, encoder.embed_features(table), unknown)) == {"embedding_map"}


def test_a_map_of_very_few_products() -> None:
    vectors = np.eye(4, dtype=np.float32)
    opened(embedding_map(vectors, np.array(["a", "a", "b", ""], dtype=object)))


def test_a_label_no_font_can_write_is_numbered() -> None:
    order = ["lamp", "\U0001f9ff\ue000", "chair"]
    assert drawable(order, order) == ["lamp", "class 2", "chair"]
    assert label_font(["lamp"]) == ["DejaVu Sans"]


def test_short_keeps_the_last_nodes() -> None:
    assert short("Home > Lamps") == "Home > Lamps"
    assert short("Home and Garden > Lighting > Lamps for desks") == "Lighting > Lamps for desks"
    assert len(short("x" * 80)) == 34


def test_a_chinese_label_in_the_title_is_written_in_a_font_that_has_it() -> None:
    """A glyph that is missing is a warning, and warnings are errors here."""
    overall = {"confusion": [[3, 1], [0, 4]], "labels": ["lamp", "家居 > 灯具"], "accuracy": 0.9, "rows": 8}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert confusion_picture({"overall": overall}).startswith(b"\x89PNG")
