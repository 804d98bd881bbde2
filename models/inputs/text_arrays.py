"""The arrays of texts: subwords, words and the title's character n-grams, as ids padded with 0."""

from collections.abc import Sequence

import numpy as np

from models.inputs.arrays import MANY, Fitted, array
from models.inputs.tokenizer import encode
from models.inputs.words import GRAMS, GRAMS_CODE, NAMES, name_keys, title_grams, title_of
from shelfspace.errors import ArtifactError
from shelfspace.hashing import content_hash, fingerprint

__all__ = ["gram_ids", "key_ids", "title_counts", "token_ids", "word_ids"]

TEXT_CODE = "3"
"""Changes when cleaning or tokenisation give another text or other ids for the same input."""


def tokens_fingerprint(fitted: Fitted) -> str:
    """What decides the tokens of a text."""
    described = "" if fitted.tokenizer is None else content_hash(fitted.tokenizer.to_str())
    return fingerprint([TEXT_CODE, described, fitted.preprocessing.text_length])


@array(
    "text",
    "tokens",
    shape=lambda fitted: ((fitted.preprocessing.text_length,), "<i4"),
    fingerprint=tokens_fingerprint,
    fits=("tokenizer",),
    batch=MANY,
)
def token_ids(fitted: Fitted, texts: Sequence[str]) -> np.ndarray:
    """Subwords of cleaned texts, (n, text_length) int32, padded with 0.

    Raises:
        ArtifactError: no tokenizer was fitted.
    """
    if fitted.tokenizer is None:
        raise ArtifactError("this featurizer was fitted for a text encoder that reads no tokens")
    return encode(fitted.tokenizer, texts, fitted.preprocessing.text_length)


def words_fingerprint(fitted: Fitted) -> str:
    """What decides the words of a text; "" where no vocabulary was fitted."""
    return "" if fitted.vocabulary is None else fingerprint([TEXT_CODE, fitted.vocabulary.fingerprint])


@array(
    "text",
    "words",
    shape=lambda fitted: ((fitted.preprocessing.word_length,), "<i4"),
    fingerprint=words_fingerprint,
    fits=("words",),
    batch=MANY,
)
def word_ids(fitted: Fitted, texts: Sequence[str]) -> np.ndarray:
    """Whole words and attribute names, (n, word_length) int32, padded with 0.

    Raises:
        ArtifactError: no vocabulary was fitted.
    """
    if fitted.vocabulary is None:
        raise ArtifactError("this featurizer was fitted for a text encoder that reads no words")
    return fitted.vocabulary.ids(texts)


@array(
    "text",
    "grams",
    shape=lambda fitted: ((GRAMS,), "<i4"),
    fingerprint=lambda fitted: fingerprint([TEXT_CODE, GRAMS_CODE, GRAMS]),
    batch=MANY,
)
def gram_ids(fitted: Fitted, texts: Sequence[str]) -> np.ndarray:
    """Hashed character n-grams of the titles, (n, GRAMS) int32, padded with 0."""
    return title_grams(texts)


@array(
    "text",
    "keys",
    shape=lambda fitted: ((NAMES,), "<i4"),
    fingerprint=lambda fitted: fingerprint([TEXT_CODE, "keys 1", NAMES]),
    batch=MANY,
)
def key_ids(fitted: Fitted, texts: Sequence[str]) -> np.ndarray:
    """Hashed names of the attributes that the texts tell of, (n, NAMES) int32, padded with 0."""
    return name_keys(texts)


@array(
    "text",
    "title",
    shape=lambda fitted: ((2,), "<i4"),
    fingerprint=lambda fitted: fingerprint([tokens_fingerprint(fitted), words_fingerprint(fitted)]),
    batch=MANY,
)
def title_counts(fitted: Fitted, texts: Sequence[str]) -> np.ndarray:
    """How many of a text's tokens and of its words are the title's, (n, 2) int32; 0 of what is not made."""
    counts = np.zeros((len(texts), 2), dtype=np.int32)
    if fitted.tokenizer is not None:
        counts[:, 0] = (token_ids(fitted, [title_of(text) for text in texts]) > 0).sum(axis=1)
    if fitted.vocabulary is not None:
        counts[:, 1] = fitted.vocabulary.title_lengths(texts)
    return counts
