"""Text encoders on word vectors: learnt on the catalogue's own texts, or read from a file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.encoders.base import TEXT, Spec
from models.encoders.grown import Grown
from models.encoders.text.bag import document_frequencies, inverse_frequencies
from models.encoders.text.base import TextEncoder
from models.encoders.text.vectors import glove_vectors, read_vectors, skip_gram_vectors
from models.inputs.words import FIRST, UNKNOWN, WordVocabulary
from shelfspace.errors import SettingsError
from shelfspace.settings import Training

__all__ = ["GloveFileText", "GloveText", "Word2VecText", "WordVectorText"]


class _Table(Grown):
    """A vector per word and what pools and projects them.

    The mean weighs rare words more and loses what all texts have in common, as in SIF (Arora et al.
    2017), with inverse document frequencies for the smooth inverse ones; the maximum keeps the one
    telling word of a long text.
    """

    idf: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, size: int, dim: int, width: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(size, dim) * dim**-0.5)
        self.weight = nn.Parameter(torch.empty(width, 2 * dim))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("idf", torch.cat([torch.zeros(FIRST), torch.ones(max(0, size - FIRST))]))
        self.register_buffer("centre", torch.zeros(2 * dim))
        self.register_buffer("spread", torch.ones(2 * dim))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def fit(self, vectors: np.ndarray, words: np.ndarray) -> None:
        """Take the vectors (size, dim), and fit frequencies and pooled means to (n, W) training ids."""
        size, dim = vectors.shape
        idf = inverse_frequencies(document_frequencies(words, size), len(words))
        idf[:FIRST] = 0
        self.grow("idf", torch.from_numpy(idf))
        # Unit length on average, whatever the source: the optimiser's steps mean the same for all.
        length = float(np.linalg.norm(vectors[FIRST:], axis=1).mean()) if size > FIRST else 1.0
        self.grow("vectors", torch.from_numpy(vectors / max(length, 1e-6)))
        if self.weight.shape[1] != 2 * dim:
            weight = torch.empty(len(self.weight), 2 * dim)
            nn.init.kaiming_uniform_(weight, a=5**0.5)
            self.grow("weight", weight)
        # Means and deviations settle long before a large catalogue is read through.
        sample = np.linspace(0, len(words) - 1, min(len(words), 4096)).astype(int)
        with torch.no_grad():
            ids = torch.from_numpy(np.ascontiguousarray(words[sample])).long()
            pooled = torch.cat([self.pool(part, self.idf[part]) for part in ids.split(64)])
        spread = pooled.std(dim=0, correction=0)
        self.grow("centre", pooled.mean(dim=0))
        self.grow("spread", torch.where(spread > 1e-6, spread, 1.0))

    def pool(self, ids: Tensor, shares: Tensor) -> Tensor:
        """(B, W) ids and weights, 0 where left out, to (B, 2 * dim): weighted mean and maximum."""
        vectors = self.vectors[ids]
        total = shares.sum(dim=1, keepdim=True)
        mean = (vectors * shares[..., None]).sum(dim=1) / total.clamp_min(1e-6)
        largest = vectors.masked_fill((shares <= 0)[..., None], -torch.inf).amax(dim=1)
        return torch.cat([mean, torch.where(total > 0, largest, 0.0)], dim=1)

    def forward(self, ids: Tensor, hide: float, drop: nn.Module) -> Tensor:
        """(B, W) ids to (B, width); a share of the words hidden."""
        # A word can come to stand within reach of a later text alone.
        ids = torch.where(ids < len(self.vectors), ids, UNKNOWN)
        shares = self.idf[ids]
        if hide:
            shares = shares * (torch.rand(shares.shape, device=shares.device) >= hide)
        pooled = ((self.pool(ids, shares) - self.centre) / self.spread).clamp(-8, 8)
        return functional.linear(drop(pooled), self.weight, self.bias)


class WordVectorText(TextEncoder):
    """Pooled vectors of `words` (B, W), projected; the vectors are trained on with all else.

    A subclass gives `initial(words, size)`, the vectors to begin with.
    """

    arrays = ("words",)

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        (self.size,) = self.spec["word_vocabulary"]
        self.table = _Table(self.size, width, width)
        self.drop = nn.Dropout(dropout)

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().prepare(arrays)
        words = np.asarray(arrays["words"])
        if len(words):
            self.table.fit(self.initial(words, int(torch.randint(2**31 - 1, ()))), words)

    def initial(self, words: np.ndarray, seed: int) -> np.ndarray:
        """(n, W) training ids to (size, dim) float32; rows 0 and 1 are never read."""
        raise NotImplementedError

    def read(self, values: dict[str, Tensor]) -> Tensor:
        ids = values["words"].long()
        ids = ids[:, : max(1, int((ids > 0).sum(dim=1).max()))]
        return self.table(ids, self.word_dropout if self.training else 0.0, self.drop)


@TEXT.register("word2vec")
class Word2VecText(WordVectorText):
    """Skip-gram with negative sampling (Mikolov et al. 2013) on the training rows."""

    def initial(self, words: np.ndarray, seed: int) -> np.ndarray:
        return skip_gram_vectors(words, self.size, self.width, seed)


@TEXT.register("glove")
class GloveText(WordVectorText):
    """GloVe (Pennington et al. 2014) on the co-occurrences of the training rows."""

    def initial(self, words: np.ndarray, seed: int) -> np.ndarray:
        return glove_vectors(words, self.size, self.width, seed)


@TEXT.register("glove:<vectors file>")
class GloveFileText(WordVectorText):
    """Vectors of a text file, read for training alone: a trained model holds them in its weights."""

    def __init__(self, spec: Spec, width: int, dropout: float, argument: str) -> None:
        super().__init__(spec, width, dropout)
        self.path = Path(argument)
        self.vocabulary: WordVocabulary | None = None

    def begin(self, training: Training, featurizer_dir: Path | None) -> None:
        super().begin(training, featurizer_dir)
        if featurizer_dir is not None:
            self.vocabulary = WordVocabulary.load(featurizer_dir / "words.json")

    def initial(self, words: np.ndarray, seed: int) -> np.ndarray:
        if self.vocabulary is None:
            remedy = "train with the featurizer's folder: it says which word each id stands for"
            raise SettingsError("model.text", f"glove:{self.path}", remedy)
        found = read_vectors(self.path, self.vocabulary.words, seed)
        return np.concatenate([np.zeros((FIRST, found.shape[1]), dtype=np.float32), found])
