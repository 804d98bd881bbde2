"""A subword tokenizer trained on the catalogue: BPE (Sennrich et al. 2016) over English and Chinese.

Han characters are split off before merging, so that Chinese words are learned from characters and
English ones from letters, in one vocabulary. Unknown characters become `<unk>`; id 0 is padding.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["encode", "train_tokenizer"]

PAD, UNKNOWN = "<pad>", "<unk>"
ALPHABET = 3000
"""Characters at most; half of the vocabulary where that is less."""


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> "Tokenizer":
    """Train on cleaned texts; equal texts, in any order of rows, give an equal tokenizer.

    Args:
        vocabulary: entries at most, `<pad>` (0) and `<unk>` (1) included.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Whitespace(),
            # Runs of Han characters stand by themselves; numbers go digit by digit.
            pre_tokenizers.Split(Regex(r"[\u3400-\u4dbf\u4e00-\u9fff]+"), behavior="isolated"),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    seen = list(texts)
    alphabet = _alphabet(seen, min(ALPHABET, vocabulary // 2))
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[PAD, UNKNOWN],
        # The trainer's own choice among equally frequent characters differs from run to run.
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(seen, trainer)
    return tokenizer


def _alphabet(texts: Sequence[str], size: int) -> list[str]:
    """The most frequent characters, ties by code point."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(unicodedata.normalize("NFKC", text).lower())
    ranked = sorted((-count, c) for c, count in counts.items() if not c.isspace())
    return sorted(c for _, c in ranked[:size])


def encode(tokenizer: "Tokenizer", texts: Sequence[str], length: int) -> np.ndarray:
    """Token ids, (n, length) int32; longer texts are cut, shorter ones padded with 0."""
    ids = np.zeros((len(texts), length), dtype=np.int32)
    for row, encoding in enumerate(tokenizer.encode_batch_fast(list(texts))):
        found = encoding.ids[:length]
        ids[row, : len(found)] = found
    return ids
