"""Encoders that the settings name: what is computed for them, and that requests equal stored rows."""

import json
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from catalog.errors import SettingsError
from catalog.settings import Media, load_settings
from models import extract
from models.encoders.photo_textures import COLUMNS
from models.features import FeatureTable, ModalityFeatures
from models.featurizer import Featurizer
from models.frozen import load_frozen_image, load_frozen_text
from models.frozen_clip_text import FrozenClipText
from models.frozen_optional import open_clip_recipe, timm_recipe
from models.frozen_sounds import FrozenAudio
from models.inputs.item import ProductInput
from models.inputs.sounds import sound_wave
from models.needed_features import needed_features
from models.product_encoder import ProductEncoder
from models.training import train
from tests.models.learning import CLASSES, features_table, quick_settings, splits_of
from tests.models.test_featurizer import MEDIA, Shelf, assert_equal_bits, photo, sound
from tests.models.test_frozen import IMAGE_FOLDERS, bert_folder, clip_folder, offline, vit_folder

__all__ = ["offline"]

SMALL = {"preprocessing": {"image_size": 24, "sound_seconds": 1.0, "vocabulary": 150, "text_length": 12}}


def settings_of(**sections: dict):
    base = {**SMALL, "features": {"n_mels": 32, "n_mfcc": 8, "device": "cpu"}}
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values}
    return load_settings(overrides=base)


def wav2vec2_folder(folder: Path, seed: int = 0) -> str:
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(seed)
    config = Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        conv_dim=(8, 8), conv_stride=(10, 8), conv_kernel=(20, 8), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=16_000).save_pretrained(folder)
    return f"transformers:{folder}"


def ast_folder(folder: Path, seed: int = 0) -> str:
    from transformers import ASTConfig, ASTFeatureExtractor, ASTModel

    torch.manual_seed(seed)
    config = ASTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_length=64, num_mel_bins=32,
    )  # fmt: skip
    ASTModel(config).save_pretrained(folder)
    ASTFeatureExtractor(max_length=64, num_mel_bins=32).save_pretrained(folder)
    return f"transformers:{folder}"


def clap_folder(folder: Path, seed: int = 0) -> str:
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    torch.manual_seed(seed)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = ClapConfig(
        text_config={**small, "vocab_size": 20, "projection_dim": 12},
        audio_config={
            "spec_size": 64, "num_mel_bins": 16, "window_size": 4, "patch_size": 4, "patch_stride": [4, 4],
            "patch_embeds_hidden_size": 8, "depths": [1, 1], "num_attention_heads": [1, 2],
            "hidden_size": 16, "projection_dim": 12,
        },
        projection_dim=12,
    )  # fmt: skip
    ClapModel(config).save_pretrained(folder)
    ClapFeatureExtractor(
        feature_size=16, sampling_rate=48_000, hop_length=480, max_length_s=1, fft_window_size=512,
        frequency_min=50, frequency_max=14_000, truncation="rand_trunc",
    ).save_pretrained(folder)  # fmt: skip
    return f"transformers:{folder}"


AUDIO_FOLDERS = {"wav2vec2": wav2vec2_folder, "ast": ast_folder, "clap": clap_folder}


def clip_with_words(folder: Path) -> str:
    """A CLIP folder that can read: with a tokenizer of a dozen words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    name = clip_folder(folder)
    words = ["<pad>", "<s>", "</s>", "<unk>", "red", "blue", "cotton", "towel", "lamp"]
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 1), ("</s>", 2)])
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        model_max_length=16,
    ).save_pretrained(folder)  # fmt: skip
    return name


@pytest.mark.parametrize("kind", sorted(AUDIO_FOLDERS))
def test_audio_encoders_give_unit_vectors_that_depend_on_the_sound(tmp_path: Path, kind: str) -> None:
    name = AUDIO_FOLDERS[kind](tmp_path / "a")
    encoder = FrozenAudio(name)
    assert encoder.rate == (48_000 if kind == "clap" else 16_000)
    opened = [encoder.open(sound(i), 2.0, Media()) for i in (0, 1, 4)]
    vectors = encoder.encode(opened)
    assert vectors.shape == (3, encoder.dim) == (3, 12 if kind == "clap" else 16)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-5
    assert all((encoder.encode([one])[0] == row).all() for one, row in zip(opened, vectors, strict=True))
    assert (encoder.encode([encoder.open(sound(4), 2.0, Media())])[0] == vectors[2]).all()
    assert FrozenAudio(name).fingerprint == encoder.fingerprint
    assert FrozenAudio(AUDIO_FOLDERS[kind](tmp_path / "b", seed=3)).fingerprint != encoder.fingerprint


def test_a_sound_vector_is_what_the_model_says_of_its_own_recipe(tmp_path: Path) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    encoder = FrozenAudio(wav2vec2_folder(tmp_path))
    wave = sound_wave(sound(2), 16_000, 2.0, Media())
    batch = Wav2Vec2FeatureExtractor.from_pretrained(tmp_path)(
        wave, sampling_rate=16_000, return_tensors="pt"
    )
    with torch.inference_mode():
        mean = encoder.model(batch["input_values"]).last_hidden_state.mean(dim=1)
    expected = torch.nn.functional.normalize(mean, dim=1)[0].numpy()
    assert np.allclose(encoder.encode([encoder.open(sound(2), 2.0, Media())])[0], expected, atol=1e-6)


def test_what_is_no_audio_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="go online once"):
        FrozenAudio("transformers:/no/such/folder")
    with pytest.raises(SettingsError, match="or null"):
        FrozenAudio("clap")
    name = wav2vec2_folder(tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(SettingsError, match=r"preprocessor_config\.json"):
        FrozenAudio(name)


def test_one_clip_folder_encodes_texts_and_photos_alike(tmp_path: Path) -> None:
    name = clip_with_words(tmp_path)
    text, image = load_frozen_text(name), load_frozen_image(name)
    assert text.dim == image.dim == 12
    texts = ["red cotton towel", "lamp", "blue " * 40]
    vectors = text.encode(texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    with torch.inference_mode():
        batch = text.tokenizer("red cotton towel", return_tensors="pt")
        found = text.model.get_text_features(batch["input_ids"], batch["attention_mask"])
    expected = torch.nn.functional.normalize(getattr(found, "pooler_output", found), dim=1)[0].numpy()
    assert np.allclose(vectors[0], expected, atol=1e-6)
    assert all((text.encode([t])[0] == row).all() for t, row in zip(texts, vectors, strict=True))


def test_a_folder_without_a_text_half_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CLIP-like"):
        FrozenClipText(vit_folder(tmp_path))


def test_the_model_s_name_decides_what_is_computed() -> None:
    plain = load_settings()
    assert needed_features(plain) == plain.features
    named = settings_of(model={"image": "transformers:a", "audio": "transformers:b"})
    found = needed_features(named)
    assert (found.image_encoder, found.audio_encoder, found.timbre) == (
        "transformers:a",
        "transformers:b",
        False,
    )
    beside = settings_of(features={"image_encoder": "transformers:a"})
    assert needed_features(beside).image_encoder == "transformers:a"
    asked = needed_features(settings_of(model={"audio": "timbre", "tabular": "details"}))
    assert (asked.timbre, asked.details) == (True, True)
    absent = settings_of(model={"image": "transformers:a", "modalities": ["text"]})
    assert needed_features(absent).image_encoder is None


def test_settings_that_disagree_are_refused() -> None:
    two = settings_of(model={"image": "transformers:a"}, features={"image_encoder": "transformers:b"})
    with pytest.raises(SettingsError, match=r"features\.image_encoder.*model\.image asks for transformers:a"):
        needed_features(two)
    with pytest.raises(SettingsError, match=r"features\.details.*model\.tabular: details"):
        needed_features(settings_of(features={"details": True}))


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
            "tabular": extract.extract_tabular(PRODUCTS, featurizer, root)[0],
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
    assert image.values["pixels"].shape == (4, 3, 24, 24, 3)
    assert image.values["frozen"].shape == (4, 3, 12)
    assert not image.values["pixels"][1, 1:].any()
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
    assert one.fingerprints["image"] == one.fingerprints["pixels"] == three.fingerprints["pixels"]
    assert one.fingerprints["image"] != three.fingerprints["image"]
    assert one.fingerprint != three.fingerprint
    assert set(one.featurize(requests()).modalities["image"].values) == {"pixels"}


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


# timm and open_clip: what is ours is tested with a stand-in library; with the real one where it imports.

TIMM = {
    "input_size": (3, 32, 32),
    "crop_pct": 0.8,
    "interpolation": "bicubic",
    "mean": (0.5,) * 3,
    "std": (0.25,) * 3,
}
OPEN_CLIP = {
    "size": 32,
    "resize_mode": "shortest",
    "interpolation": "bicubic",
    "mean": (0.5,) * 3,
    "std": (0.25,) * 3,
}


class Flat(torch.nn.Module):
    """The smallest encoder there is."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 7)
        self.visual = types.SimpleNamespace(preprocess_cfg=OPEN_CLIP)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x.mean(dim=(2, 3)))

    encode_image = forward


def test_recipes_of_timm_and_open_clip() -> None:
    made = timm_recipe(TIMM, "timm:x")
    assert (made.shortest, made.height, made.width, made.resample) == (40, 32, 32, 3)
    assert timm_recipe({**TIMM, "crop_pct": 1.0, "crop_mode": "squash"}, "timm:x").shortest == 0
    assert open_clip_recipe(OPEN_CLIP, "open_clip:x/y").shortest == 32
    assert (
        open_clip_recipe({**OPEN_CLIP, "size": (32, 40), "resize_mode": "squash"}, "open_clip:x/y").width
        == 40
    )
    for read, described in (
        (timm_recipe, {**TIMM, "crop_mode": "border"}), (timm_recipe, {**TIMM, "interpolation": "random"}),
        (open_clip_recipe, {**OPEN_CLIP, "resize_mode": "longest"}),
    ):  # fmt: skip
        with pytest.raises(SettingsError, match=r"features\.image_encoder"):
            read(described, "some:name")


@pytest.mark.parametrize(("library", "name"), [("timm", "timm:flat"), ("open_clip", "open_clip:flat/tag")])
def test_an_optional_library_is_asked_for_its_model_and_recipe(monkeypatch, library: str, name: str) -> None:
    asked: list[tuple[str, dict]] = []

    def create_model(kind: str, **options: object) -> Flat:
        asked.append((kind, options))
        torch.manual_seed(0)
        return Flat()

    data = types.SimpleNamespace(resolve_model_data_config=lambda model: TIMM)
    monkeypatch.setitem(sys.modules, library, types.SimpleNamespace(create_model=create_model, data=data))
    encoder = load_frozen_image(name)
    assert asked[0][0] == "flat"
    assert encoder.dim == 7
    vectors = encoder.encode([encoder.recipe.open(photo(i), Media()) for i in range(2)])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4


@pytest.mark.parametrize(("library", "name"), [("timm", "timm:none"), ("open_clip", "open_clip:none/tag")])
@pytest.mark.parametrize("how", ["absent", "torchvision"])
def test_an_optional_library_that_does_not_import_names_the_remedy(
    monkeypatch, tmp_path: Path, library: str, name: str, how: str
) -> None:
    if how == "absent":
        monkeypatch.setitem(sys.modules, library, None)
    else:
        (tmp_path / f"{library}.py").write_text(
            "raise RuntimeError('operator torchvision::nms does not exist')"
        )
        monkeypatch.delitem(sys.modules, library, raising=False)
        monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match=rf"shelfspace\[{library}\].*torchvision"):
        load_frozen_image(name)


def test_the_weights_of_open_clip_are_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", types.SimpleNamespace())
    with pytest.raises(SettingsError, match="name the weights too"):
        load_frozen_image("open_clip:ViT-B-32")


def real(library: str):
    """The library, or a skip that says why it does not import."""
    try:
        return __import__(library)
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        pytest.skip(f"{library} does not import here: {error}")


def test_a_real_timm_folder(tmp_path: Path) -> None:
    timm = real("timm")
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = timm.create_model("test_vit", pretrained=False)
    save_file(model.state_dict(), str(tmp_path / "model.safetensors"))
    config = {
        "architecture": "test_vit",
        "num_classes": 1000,
        "pretrained_cfg": {"input_size": [3, 160, 160]},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    encoder = load_frozen_image(f"timm:local-dir:{tmp_path}")
    vectors = encoder.encode([encoder.recipe.open(photo(i), Media()) for i in range(2)])
    assert vectors.shape == (2, model.num_features)


def test_a_real_open_clip_recipe() -> None:
    library = real("open_clip")
    model = library.create_model("RN50", pretrained=None)
    assert open_clip_recipe(model.visual.preprocess_cfg, "open_clip:RN50/x").height == 224


def test_a_text_encoder_still_reads_sentences(tmp_path: Path) -> None:
    assert load_frozen_text(bert_folder(tmp_path)).dim == 16


def test_what_the_settings_name_is_trained_saved_and_loaded(tmp_path: Path) -> None:
    table, labels, log_price = features_table(90, frozen=True, photos=3)
    settings = quick_settings(
        model={"image": "transformers:some", "audio": "timbre", "tabular": "details"},
        augmentation={"photo_strength": 0.5},
    )
    out = tmp_path / "encoder"
    train(
        table, labels, CLASSES, log_price, splits_of(90), settings, None, out, tmp_path / "run",
        progress=False,
    )  # fmt: skip
    encoder = ProductEncoder.load(out)
    assert encoder.model.image == "transformers:some"
    found = encoder.encode_features(table)
    right = (found.probabilities.argmax(axis=1) == labels)[splits_of(90) == "test"].mean()
    assert right > 0.6
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
