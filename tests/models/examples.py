"""A usable name for each registered encoder, with small files made on the spot where it reads some.

A name that is registered with an argument gets its example here; without one the contract tests fail.
"""

import atexit
import shutil
import tempfile
from pathlib import Path

import numpy as np

from models.encoders import ENCODERS
from models.inputs.words import FIRST, WordVocabulary

__all__ = ["FEATURIZER", "example_name", "needs_frozen"]

SIZE = 60
_ROOT = Path(tempfile.mkdtemp(prefix="shelfspace-encoders-"))
atexit.register(shutil.rmtree, _ROOT, ignore_errors=True)
FEATURIZER = _ROOT / "featurizer"
"""A featurizer's folder as far as encoders read it: the words behind the ids of `features_table`."""


def _vectors_file() -> str:
    path = _ROOT / "vectors.txt"
    if not path.exists():
        FEATURIZER.mkdir()
        words = [f"w{i}" for i in range(FIRST, SIZE)]
        WordVocabulary(words, 12).save(FEATURIZER / "words.json")
        rows = np.random.default_rng(0).normal(size=(SIZE, 7))
        lines = [f"{w} " + " ".join(f"{x:.4f}" for x in row) for w, row in zip(words, rows, strict=False)]
        path.write_text("\n".join(lines))
    return str(path)


EXAMPLES = {
    ("text", "glove:<vectors file>"): lambda: f"glove:{_vectors_file()}",
    ("text", "sentence-transformers:<name or folder>"): lambda: "sentence-transformers:some/encoder",
    ("text", "transformers:<name or folder>"): lambda: "transformers:some/encoder",
    ("text", "open_clip:<name>/<weights>"): lambda: "open_clip:some-encoder/weights",
    ("image", "transformers:<name or folder>"): lambda: "transformers:some/encoder",
    ("image", "efficientnet_lite0:<views>"): lambda: "efficientnet_lite0:padded+centre",
    ("image", "timm:<name>"): lambda: "timm:some_encoder",
    ("image", "open_clip:<name>/<weights>"): lambda: "open_clip:some-encoder/weights",
    ("audio", "transformers:<name or folder>"): lambda: "transformers:some/encoder",
}


def example_name(modality: str, registered: str) -> str:
    """The name to ask for: the registered one, or with an argument in its place."""
    if ":" not in registered:
        return registered
    return EXAMPLES[modality, registered]()


def needs_frozen(modality: str, registered: str) -> bool:
    """Whether the encoder reads nothing but what a frozen one gave."""
    return bool({"sentence", "frozen"} & set(ENCODERS[modality][registered].arrays))
