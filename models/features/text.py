"""The text half of the featurizer: the arrays that encoders read a text by, fitted on training rows."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from catalog.product import ProductInput
from catalog.text.clean import product_text
from models.features.table import ModalityFeatures
from models.inputs.tokenizer import encode
from models.inputs.words import GRAMS, GRAMS_CODE, WordVocabulary, title_grams, title_of
from shelfspace.errors import ArtifactError
from shelfspace.hashing import content_hash, fingerprint
from shelfspace.settings import Preprocessing

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from models.pretrained.clip_text import FrozenClipText
    from models.pretrained.text_and_image import FrozenText

__all__ = ["TextFeaturizer"]

TEXT_CODE = "2"
"""Changes when cleaning or tokenisation give another text or other ids for the same input."""


class TextFeaturizer:
    """Tokenizer and, where an encoder reads words, the vocabulary of the training rows.

    Attributes:
        preprocessing: the settings at fitting time.
        text_arrays: names of the arrays that `text_array` makes, as the text encoder reads them.
        vocabulary: words of the training rows; None where no array is made of them.
    """

    def __init__(
        self,
        tokenizer: "Tokenizer",
        preprocessing: Preprocessing,
        text_arrays: Sequence[str] = ("tokens",),
        vocabulary: WordVocabulary | None = None,
    ) -> None:
        self.tokenizer, self.preprocessing = tokenizer, preprocessing
        self.text_arrays, self.vocabulary = tuple(text_arrays), vocabulary

    @property
    def vocabulary_size(self) -> int:
        """Entries of the tokenizer, padding included."""
        return int(self.tokenizer.get_vocab_size())

    @cached_property
    def text_fingerprints(self) -> dict[str, str]:
        """What identifies each array that `text_array` makes, by its name."""
        shape = self.preprocessing
        tokens = fingerprint([TEXT_CODE, content_hash(self.tokenizer.to_str()), shape.text_length])
        known = "" if self.vocabulary is None else fingerprint([TEXT_CODE, self.vocabulary.fingerprint])
        every = {
            "tokens": tokens,
            "words": known,
            "grams": fingerprint([TEXT_CODE, GRAMS_CODE, GRAMS]),
            "title": fingerprint([tokens, known]),
        }
        return {name: every[name] for name in self.text_arrays}

    @cached_property
    def text_layout(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of one row of each text array."""
        shape = self.preprocessing
        lengths = {"tokens": shape.text_length, "words": shape.word_length, "grams": GRAMS, "title": 2}
        return {name: ((lengths[name],), "<i4") for name in self.text_arrays}

    def text(self, item: ProductInput) -> str:
        """The cleaned text of a product."""
        return product_text(item, self.preprocessing.max_text_characters)

    def tokens(self, texts: Sequence[str]) -> np.ndarray:
        """(n, text_length) int32."""
        return encode(self.tokenizer, texts, self.preprocessing.text_length)

    def text_array(self, name: str, texts: Sequence[str]) -> np.ndarray:
        """One of the arrays of `text_arrays`, (n, length) int32.

        `tokens` are subwords, `words` ids of whole words and attribute names, `grams` hashed
        character n-grams of the title, each padded with 0; `title` (n, 2) is how many of the tokens
        and of the words are the title's, the latter 0 where no words are made.
        """
        if name == "tokens":
            return self.tokens(texts)
        if name == "grams":
            return title_grams(texts)
        if name == "words":
            return self._words.ids(texts)
        counts = np.zeros((len(texts), 2), dtype=np.int32)
        counts[:, 0] = (self.tokens([title_of(text) for text in texts]) > 0).sum(axis=1)
        if self.vocabulary is not None:
            counts[:, 1] = self.vocabulary.title_lengths(texts)
        return counts

    @property
    def _words(self) -> WordVocabulary:
        if self.vocabulary is None:
            raise ArtifactError("this featurizer was fitted for a text encoder that reads no words")
        return self.vocabulary

    def text_features(
        self, items: Sequence[ProductInput], encoder: "FrozenText | FrozenClipText | None"
    ) -> ModalityFeatures:
        """The arrays of n products, and their sentence vectors where there is an encoder."""
        texts = [self.text(item) for item in items]
        present = np.array([bool(t) for t in texts], dtype=bool)
        arrays = {name: self.text_array(name, texts) for name in self.text_arrays}
        if encoder is not None:
            vectors = np.zeros((len(items), encoder.dim), dtype=np.float32)
            vectors[present] = encoder.encode([t for t in texts if t])
            arrays["sentence"] = vectors
        return ModalityFeatures(arrays, present)
