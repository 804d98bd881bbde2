"""One featurizer, two callers: a stored feature row equals the one a request gets, bit for bit."""

import io
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from catalog.media.colours import colour_size
from catalog.product import ProductInput
from models.features import extract
from models.features.featurizer import Featurizer
from models.features.needs import needed_arrays
from models.features.store import Counts
from models.features.table import FeatureTable
from shelfspace.errors import ArtifactError, MediaError, SettingsError
from shelfspace.hashing import content_hash
from shelfspace.settings import Settings, load_settings
from tests.models.pretrained.sentence_folders import bert_folder
from tests.models.pretrained.test_text_and_image import clip_folder


class Shelf(dict[str, bytes]):
    """Media in memory."""

    def read(self, key: str) -> bytes:
        return self[key]

    def digest(self, key: str) -> str:
        return content_hash(self[key])


def photo(seed: int, form: str = "JPEG") -> bytes:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 5 + seed % 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((90 + 13 * seed, 130), Image.Resampling.BICUBIC).save(buffer, form)
    return buffer.getvalue()


def sound(seed: int, rate: int = 22_050) -> bytes:
    random = np.random.default_rng(seed)
    t = np.arange(round(rate * (0.2 + 0.3 * seed))) / rate
    wave = 0.4 * np.sin(2 * np.pi * (200 + 90 * seed) * t) + 0.05 * random.normal(size=len(t))
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate, format="FLAC")
    return buffer.getvalue()


def settings_of(text: str = "lstm", name_only: float = 0.0, **features: object) -> Settings:
    return load_settings(
        overrides={
            "model": {"text": text, "image": "cnn"},
            "training": {"name_only": name_only},
            "preprocessing": {
                "image_size": 40,
                "sound_seconds": 1.0,
                "vocabulary": 150,
                "text_length": 20,
                "word_length": 16,
            },
            "features": {"n_mels": 32, "n_mfcc": 8, "device": "cpu", **features},
        }
    )


MEDIA = Shelf(
    {f"{i}.jpg": photo(i, "PNG" if i == 3 else "JPEG") for i in range(6)}
    | {f"{i}.flac": sound(i) for i in range(6)}
)
PRODUCTS = [
    (
        ProductInput("Red cotton towel", "<p>Soft. Price: Rs. 899</p>", "Sathiyas", {"Colour": "red"}, 899.0),
        0,
        0,
    ),
    (ProductInput("灯 暖光", "护眼台灯", "明亮", {}, 128.0), 1, None),
    (ProductInput("Lamp", price=None), None, 2),
    (ProductInput(), 3, 3),
    (ProductInput("Blue cotton towel", "Soft", "Sathiyas", {"Colour": "blue"}, 450.0), None, None),
    (ProductInput("<br>", price=0.0), 5, 5),
    (
        ProductInput("Red cotton towel", "<p>Soft. Price: Rs. 899</p>", "Sathiyas", {"Colour": "red"}, 899.0),
        0,
        0,
    ),
]
ITEMS = [item for item, _, _ in PRODUCTS]
PHOTOS = [None if p is None else f"{p}.jpg" for _, p, _ in PRODUCTS]
FIRST = [[] if p is None else [f"{p}.jpg"] for _, p, _ in PRODUCTS]
SOUNDS = [None if s is None else f"{s}.flac" for _, _, s in PRODUCTS]


def requests() -> list[ProductInput]:
    """The same products as a service gets them: with the raw bytes of their media."""
    return [
        ProductInput(
            i.title, i.description, i.brand, i.attributes, i.price,
            (MEDIA[p],) if p else (), (MEDIA[s],) if s else (),
        )
        for i, p, s in zip(ITEMS, PHOTOS, SOUNDS, strict=True)
    ]  # fmt: skip


def fitted(settings: Settings) -> Featurizer:
    blank = fitted_on([], settings)
    return fitted_on([blank.text(item) for item in ITEMS], settings)


def fitted_on(texts: list[str], settings: Settings) -> Featurizer:
    return Featurizer.fit(texts, np.array([np.nan if i.price is None else i.price for i in ITEMS]), settings)


def extracted(
    featurizer: Featurizer, root: Path, settings: Settings
) -> tuple[FeatureTable, dict[str, Counts]]:
    texts = [featurizer.text(item) for item in ITEMS]
    made = {
        "text": extract.extract_text(texts, featurizer, root, settings, progress=False),
        "image": extract.extract_image(MEDIA, FIRST, featurizer, root, settings, progress=False),
        "audio": extract.extract_audio(MEDIA, SOUNDS, featurizer, root, settings, progress=False),
        "tabular": extract.extract_tabular(ITEMS, featurizer, root, settings),
    }
    table = FeatureTable(tuple(map(str, range(len(ITEMS)))), {k: v for k, (v, _) in made.items()})
    return table, {k: counts for k, (_, counts) in made.items()}


def assert_equal_bits(one: FeatureTable, other: FeatureTable) -> None:
    assert one.product_ids == other.product_ids
    assert list(one.modalities) == list(other.modalities)
    for name, part in one.modalities.items():
        twin = other.modalities[name]
        assert (part.present == twin.present).all(), name
        assert sorted(part.values) == sorted(twin.values)
        for key, array in part.values.items():
            assert array.dtype == twin.values[key].dtype, (name, key)
            assert array.tobytes() == twin.values[key].tobytes(), (name, key)


def with_frozen(tmp_path: Path) -> Settings:
    return settings_of(
        text_encoder=bert_folder(tmp_path / "bert"), image_encoder=clip_folder(tmp_path / "clip")
    )


def as_chosen(tmp_path: Path, how: str) -> Settings:
    if how == "sentence alone":
        return settings_of(bert_folder(tmp_path / "bert"))
    if how == "words":
        return settings_of("tfidf", name_only=0.3)
    return with_frozen(tmp_path) if how == "frozen" else settings_of()


ARRAYS = {
    "plain": {"tokens"},
    "frozen": {"tokens", "sentence", "frozen"},
    "words": {"words", "grams", "keys", "title"},
    "sentence alone": {"sentence", "words", "grams", "keys"},
}


@pytest.mark.parametrize("how", ARRAYS)
def test_a_request_equals_the_stored_row_bit_for_bit(tmp_path: Path, how: str) -> None:
    settings = as_chosen(tmp_path, how)
    featurizer = fitted(settings)
    featurizer.save(tmp_path / "kept")
    featurizer = Featurizer.load(tmp_path / "kept")
    stored, _ = extracted(featurizer, tmp_path / "store", settings)
    for name in ("text", "image", "audio", "tabular"):
        assert 0 < stored.modalities[name].present.sum() < len(ITEMS), name
    assert_equal_bits(stored, featurizer.featurize(requests()))
    for row, item in enumerate(requests()):
        assert_equal_bits(stored.take([row]), featurizer.featurize([item], ids=[str(row)]))
    arrays = {key for part in stored.modalities.values() for key in part.values}
    assert arrays == {"pixels", "colour", "mfcc", "values"} | ARRAYS[how]


def test_shapes_types_and_presence(tmp_path: Path) -> None:
    table = fitted(settings_of()).featurize(requests())
    shapes = {
        key: (array.shape[1:], array.dtype.name)
        for part in table.modalities.values()
        for key, array in part.values.items()
    }
    assert shapes == {
        "tokens": ((20,), "int32"),
        "pixels": ((40, 40, 3), "uint8"),
        "colour": ((colour_size(),), "float32"),
        "mfcc": ((48,), "float32"),
        "values": ((3,), "float32"),
    }
    assert table.present().tolist() == [
        [True, True, True, True],
        [True, True, False, True],
        [True, False, True, False],
        [False, True, True, False],
        [True, False, False, True],
        [False, True, True, False],
        [True, True, True, True],
    ]
    for part in table.modalities.values():
        for array in part.values.values():
            assert np.isfinite(array.astype(np.float64)).all()
            assert not array[~part.present].any()


def test_words_and_titles_of_a_text(tmp_path: Path) -> None:
    settings = settings_of("tfidf", name_only=0.3, arrays=("tokens",))
    featurizer = fitted(settings)
    _, counts = extracted(featurizer, tmp_path / "store", settings)
    assert (counts["text"].computed, counts["text"].reused) == (4, 1)
    part = featurizer.featurize(requests()).modalities["text"]
    shapes = {key: (array.shape[1:], array.dtype.name) for key, array in part.values.items()}
    assert shapes == {
        "tokens": ((20,), "int32"), "words": ((16,), "int32"),
        "grams": ((256,), "int32"), "keys": ((48,), "int32"), "title": ((2,), "int32"),
    }  # fmt: skip
    assert part.values["title"][0].tolist()[1] == 3
    assert part.values["title"][3].tolist() == [0, 0]
    # The title's tokens are the first ones of the text's.
    alone = featurizer.compute("text", "tokens", ["Red cotton towel"])[0]
    count = int((alone > 0).sum())
    assert part.values["title"][0][0] == count
    assert part.values["tokens"][0][:count].tolist() == alone[:count].tolist()


def test_tokens_are_shared_by_text_encoders_and_words_are_added(tmp_path: Path) -> None:
    plain, worded = fitted(settings_of()), fitted(settings_of("word2vec", arrays=("tokens",)))
    keys = [featurizer.array_fingerprints["text"] for featurizer in (plain, worded)]
    assert keys[0]["tokens"] == keys[1]["tokens"]
    assert plain.fingerprints["text"] != worded.fingerprints["text"]
    assert {k for k in plain.fingerprints if plain.fingerprints[k] != worded.fingerprints[k]} == {"text"}
    longer = settings_of("word2vec", arrays=("tokens",))
    longer = longer.model_copy(
        update={"preprocessing": longer.preprocessing.model_copy(update={"word_length": 17})}
    )
    assert fitted(longer).fingerprints["text"] != worded.fingerprints["text"]
    other = fitted_on(["quite other words"] * 5, settings_of("word2vec"))
    assert other.array_fingerprints["text"]["words"] != keys[1]["words"]


def test_the_text_encoder_decides_which_sentence_vectors_there_are(tmp_path: Path) -> None:
    name = bert_folder(tmp_path / "bert")
    assert fitted(settings_of(name)).features.text_encoder == name
    assert fitted(settings_of(name, text_encoder=name)).features.text_encoder == name
    assert fitted(settings_of("tfidf", text_encoder=name)).features.text_encoder == name
    with pytest.raises(SettingsError, match="leave it null") as refusal:
        fitted(settings_of(name, text_encoder="minilm"))
    assert refusal.value.field == "features.text_encoder"
    with pytest.raises(SettingsError, match=r"model\.text.*use one of"):
        fitted(settings_of("fasttext"))


def test_a_featurizer_of_before_named_arrays_still_makes_what_it_made(tmp_path: Path) -> None:
    everything = settings_of(arrays=("logmel", "timbre", "histograms"), colour=False)
    fitted(everything).save(tmp_path / "kept")
    described = json.loads((tmp_path / "kept" / "featurizer.json").read_text())
    del described["arrays"], described["features"]["arrays"]
    described["features"] |= {"histograms": True, "timbre": True, "details": False}
    (tmp_path / "kept" / "featurizer.json").write_text(json.dumps(described))
    found = Featurizer.load(tmp_path / "kept").featurize(requests())
    assert_equal_bits(found, fitted(everything).featurize(requests()))


@pytest.mark.parametrize("modalities", [["text"], ["image", "tabular"]])
def test_arrays_are_made_of_the_configured_modalities_alone(tmp_path: Path, modalities: list[str]) -> None:
    settings = load_settings(overrides={"model": {"text": "lstm", "image": "cnn", "modalities": modalities}})
    featurizer = fitted(settings)
    assert list(featurizer.arrays) == modalities
    assert list(featurizer.featurize(requests()).modalities) == modalities
    _, counts = extracted(featurizer, tmp_path / "store", settings)
    stores = {path.name for path in (tmp_path / "store").iterdir()}
    assert stores == {name for names in featurizer.arrays.values() for name in names}
    assert all(counts[name].computed == 0 for name in counts if name not in modalities)


def test_arrays_follow_the_encoder_and_what_tuning_may_choose() -> None:
    def arrays(**sections: dict) -> dict[str, tuple[str, ...]]:
        model = {"text": "lstm", "image": "cnn", **sections.pop("model", {})}
        return needed_arrays(load_settings(overrides={"model": model, **sections}))

    plain = {"text": ("tokens",), "image": ("colour", "pixels"), "audio": ("mfcc",), "tabular": ("values",)}
    assert arrays(model={"audio": "mfcc"}) == plain
    chosen = arrays(model={"text": "tfidf", "image": "fisher", "audio": "logmel_cnn", "tabular": "details"})
    assert chosen == {
        "text": ("grams", "keys", "words"), "image": ("colour", "histograms", "pixels"), "audio": ("logmel",),
        "tabular": ("details", "priced", "values"),
    }  # fmt: skip
    searched = {"model.audio": {"choices": ["mfcc", "logmel_cnn"]}}
    assert arrays(tuning={"space": searched})["audio"] == ("logmel", "mfcc")
    asked = arrays(features={"arrays": ["timbre"]})
    assert asked == plain | {"audio": ("mfcc", "timbre")}
    with pytest.raises(SettingsError, match=r"features\.arrays.*use some of colour, details"):
        arrays(features={"arrays": ["voice"]})


def test_nothing_changed_computes_nothing_and_one_change_one_row(tmp_path: Path) -> None:
    settings = with_frozen(tmp_path)
    featurizer = fitted(settings)
    first, counts = extracted(featurizer, tmp_path / "store", settings)
    assert {k: (c.computed, c.reused) for k, c in counts.items()} == {
        "text": (4, 1), "image": (4, 1), "audio": (4, 1), "tabular": (3, 1),
    }  # fmt: skip
    again, counts = extracted(featurizer, tmp_path / "store", settings)
    assert {k: (c.computed, c.reused) for k, c in counts.items()} == {
        "text": (0, 5), "image": (0, 5), "audio": (0, 5), "tabular": (0, 4),
    }  # fmt: skip
    assert_equal_bits(first, again)
    texts = [featurizer.text(item) for item in ITEMS]
    texts[4] += " new"
    _, count = extract.extract_text(texts, featurizer, tmp_path / "store", settings, progress=False)
    assert (count.computed, count.reused) == (1, 4)


def test_another_frozen_encoder_shares_nothing_but_what_it_does_not_decide(tmp_path: Path) -> None:
    settings = with_frozen(tmp_path)
    extracted(fitted(settings), tmp_path / "store", settings)
    other = settings_of(
        text_encoder=bert_folder(tmp_path / "bert2", seed=5),
        image_encoder=clip_folder(tmp_path / "clip2", seed=5),
    )
    featurizer = fitted(other)
    stored, counts = extracted(featurizer, tmp_path / "store", other)
    assert {k: c.computed for k, c in counts.items()} == {"text": 4, "image": 4, "audio": 0, "tabular": 0}
    assert_equal_bits(stored, featurizer.featurize(requests()))


def test_what_is_stored_is_not_read_again(tmp_path: Path) -> None:
    settings = settings_of()
    featurizer = fitted(settings)
    extracted(featurizer, tmp_path, settings)

    class Sealed(Shelf):
        def read(self, key: str) -> bytes:
            raise AssertionError(f"{key} is decoded a second time")

    sealed = Sealed(MEDIA)
    image, count = extract.extract_image(sealed, FIRST, featurizer, tmp_path, settings, progress=False)
    assert (count.computed, image.values["pixels"].shape) == (0, (7, 40, 40, 3))
    audio, count = extract.extract_audio(sealed, SOUNDS, featurizer, tmp_path, settings, progress=False)
    assert count.computed == 0
    assert audio.present.tolist() == [s is not None for s in SOUNDS]


def test_arrays_that_lack_the_same_rows_open_each_file_once(tmp_path: Path) -> None:
    settings = settings_of(arrays=("logmel", "timbre"))
    seen: list[str] = []

    class Counted(Shelf):
        def read(self, key: str) -> bytes:
            seen.append(key)
            return super().read(key)

    def heard(settings: Settings) -> Counts:
        media = Counted(MEDIA)
        return extract.extract_audio(media, SOUNDS, fitted(settings), tmp_path, settings, progress=False)[1]

    assert (heard(settings).computed, sorted(seen)) == (4, ["0.flac", "2.flac", "3.flac", "5.flac"])
    # Another number of bands is no other timbre.
    more = settings_of(n_mels=40, arrays=("timbre",))
    assert (heard(more).computed, len(seen)) == (4, 8)
    assert len(list((tmp_path / "timbre").iterdir())) == 1
    assert len(list((tmp_path / "mfcc").iterdir())) == 2


def test_a_refused_file_is_named(tmp_path: Path) -> None:
    settings = settings_of()
    broken = Shelf({**MEDIA, "1.jpg": MEDIA["1.jpg"][:200]})
    with pytest.raises(MediaError, match=r"^1\.jpg: photo"):
        extract.extract_image(broken, FIRST, fitted(settings), tmp_path, settings, progress=False)
    with pytest.raises(MediaError, match="photo"):
        fitted(settings).featurize([ProductInput(photos=(b"no photo",))])


def test_saved_and_loaded_it_does_the_same_whatever_params_say(tmp_path: Path) -> None:
    settings = with_frozen(tmp_path)
    featurizer = fitted(settings)
    featurizer.save(tmp_path / "kept")
    loaded = Featurizer.load(tmp_path / "kept")
    assert loaded.fingerprint == featurizer.fingerprint
    assert loaded.preprocessing == settings.preprocessing
    assert_equal_bits(loaded.featurize(requests()), featurizer.featurize(requests()))
    # Extraction under other parameters still follows the model's own.
    stored, _ = extracted(loaded, tmp_path / "store", settings_of(n_mels=64, n_mfcc=20))
    assert_equal_bits(stored, featurizer.featurize(requests()))
    names = sorted(p.name for p in (tmp_path / "kept").iterdir())
    assert names == ["encoders", "featurizer.json", "tokenizer.json"]


def test_fingerprints_tell_what_changed(tmp_path: Path) -> None:
    base = fitted(settings_of()).fingerprints
    mels = fitted(settings_of(n_mels=40)).fingerprints
    assert {k for k in base if base[k] != mels[k]} == {"audio"}
    other = fitted_on(["quite other words"] * 5, settings_of()).fingerprints
    assert {k for k in base if base[k] != other[k]} == {"text"}
    assert fitted(settings_of()).fingerprint == fitted(settings_of()).fingerprint


def test_an_exchanged_frozen_encoder_is_refused(tmp_path: Path) -> None:
    settings = settings_of(text_encoder=bert_folder(tmp_path / "bert"))
    fitted(settings).save(tmp_path / "kept")
    described = json.loads((tmp_path / "kept" / "featurizer.json").read_text())
    other = bert_folder(tmp_path / "other", seed=9)
    described["features"]["text_encoder"] = other
    (tmp_path / "kept" / "featurizer.json").write_text(json.dumps(described))
    with pytest.raises(ArtifactError, match="not the text encoder this model was trained with"):
        Featurizer.load(tmp_path / "kept").featurize([ProductInput("red lamp")])


@pytest.mark.parametrize("damage", ["missing", "featurizer.json", "tokenizer.json", "words.json", "field"])
def test_a_damaged_folder_is_refused(tmp_path: Path, damage: str) -> None:
    if damage != "missing":
        fitted(settings_of("glove", arrays=("tokens",))).save(tmp_path / "kept")
    if damage == "field":
        described = json.loads((tmp_path / "kept" / "featurizer.json").read_text())
        del described["scaler"]
        (tmp_path / "kept" / "featurizer.json").write_text(json.dumps(described))
    elif damage != "missing":
        (tmp_path / "kept" / damage).write_text("{")
    with pytest.raises(ArtifactError, match="kept"):
        Featurizer.load(tmp_path / "kept")


def test_more_coefficients_than_bands_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"features\.n_mfcc"):
        fitted(settings_of(n_mels=6))


def test_threads_may_share_one() -> None:
    featurizer = fitted(settings_of())
    expected = featurizer.featurize(requests())
    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(lambda _: featurizer.featurize(requests()), range(18)):
            assert_equal_bits(expected, found)


def test_a_text_query_is_fast_and_needs_neither_torch_nor_transformers(tmp_path: Path) -> None:
    settings = load_settings(overrides={"model": {"text": "lstm", "image": "cnn"}})
    featurizer = fitted_on(["red cotton towel", "棉质 毛巾"] * 5, settings)
    featurizer.save(tmp_path / "kept")
    query = [ProductInput("red cotton bath towel for kids under Rs. 500")]
    featurizer.featurize(query)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        featurizer.featurize(query)
        times.append(time.perf_counter() - began)
    assert sorted(times)[15] < 0.002
    code = (
        "import sys; from pathlib import Path; from models.features.featurizer import Featurizer\n"
        "from catalog.product import ProductInput\n"
        "Featurizer.load(Path(sys.argv[1])).featurize([ProductInput('red towel')])\n"
        "assert not {'torch', 'transformers', 'jieba', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "kept")], check=True)


def test_what_no_item_has_is_left_out_for_a_request_and_absent_beside_others() -> None:
    featurizer = fitted(settings_of())
    items = [ProductInput(title="red towel"), *requests()]
    alone = [featurizer.featurize([item], ids=[str(row)], only_given=True) for row, item in enumerate(items)]
    assert set(alone[0].modalities) == {"text"}
    together = FeatureTable.concatenate(alone)
    whole = featurizer.featurize(items)
    assert_equal_bits(
        whole, FeatureTable(together.product_ids, {n: together.modalities[n] for n in whole.modalities})
    )


def test_names_of_attributes_are_ids_whatever_their_values() -> None:
    from models.inputs.words import name_keys

    texts = ["Towel . Colour: red; Fabric: cotton", "Clock . Colour: blue", "Towel: no attribute here?"]
    ids = name_keys(texts, 3)
    assert ids[0, 0] == ids[1, 0] > 0
    assert (ids > 0).sum(axis=1).tolist() == [2, 1, 1]
