"""Skip-gram with negative sampling (Mikolov et al. 2013, arXiv 1310.4546), by gensim."""

import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["skip_gram_vectors"]

WINDOW, NEGATIVE = 5, 5
READ = 2_000_000
"""Words read in all: a small catalogue is gone over often, a large one a few times."""
EPOCHS = (3, 40)
KNOWN = 2


def skip_gram_vectors(words: np.ndarray, size: int, dim: int, seed: int) -> np.ndarray:
    """Vectors learnt from the texts of (n, W) ids; one thread, so equal input gives equal vectors.

    Ids 0 and 1 (padding and unknown) are left out of the texts, and their rows are 0; a word that no
    row holds starts as a random one.

    Returns:
        (size, dim) float32.
    """
    from gensim.models import Word2Vec

    random = np.random.default_rng(seed)
    vectors = (random.standard_normal((size, dim)) * dim**-0.5).astype(np.float32)
    vectors[:KNOWN] = 0
    texts = [[str(i) for i in row[row >= KNOWN]] for row in np.asarray(words)]
    total = sum(map(len, texts))
    if total == 0:
        return vectors
    with _quiet():
        model = Word2Vec(
            texts,
            vector_size=dim,
            window=WINDOW,
            min_count=1,
            sg=1,
            negative=NEGATIVE,
            seed=seed,
            workers=1,
            epochs=int(np.clip(READ // total, *EPOCHS)),
            # Python's own hash of a str differs from process to process.
            hashfxn=lambda word: zlib.crc32(word.encode()),
        )
    for word, place in model.wv.key_to_index.items():
        vectors[int(word)] = model.wv.vectors[place]
    return vectors


@contextmanager
def _quiet() -> Iterator[None]:
    """gensim's advice on batch sizes is for other machines than one thread."""
    logger = logging.getLogger("gensim")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
