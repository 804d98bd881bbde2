"""What the text encoders share: the frozen sentence vector beside them, and augmentation of texts."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.base import Encoder, Spec
from models.encoders.frozen_input import FrozenInput
from shelfspace.errors import SettingsError
from shelfspace.settings import Training

__all__ = ["TextEncoder"]

TITLE_COLUMNS = {"tokens": 0, "words": 1}


class TextEncoder(Encoder):
    """Base of the text encoders; a subclass gives `read(values)` and names its `arrays`.

    While training, some words are hidden, so that no single one carries a class, and some rows are
    cut back to their title, so that a short query is no stranger.

    Attributes:
        word_dropout: share of the words hidden; a subclass hides them.
        name_only: probability of cutting a row back to its title.
    """

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        self.word_dropout, self.name_only = 0.2, 0.0
        self.sentence = (
            FrozenInput("sentence", self.spec["sentence"][0], width, dropout)
            if "sentence" in self.spec
            else None
        )
        self.norm = nn.LayerNorm(width)

    @classmethod
    def arrays_read(cls, training: Training) -> tuple[str, ...]:
        shortened = training.name_only and TITLE_COLUMNS.keys() & set(cls.arrays)
        return (*cls.arrays, "title") if shortened else cls.arrays

    def begin(self, training: Training, featurizer_dir: Path | None) -> None:
        self.word_dropout, self.name_only = training.word_dropout, training.name_only
        if "title" in self.arrays_read(training) and "title" not in self.spec:
            remedy = "run the chain from preprocessing again: the features do not say where a title ends"
            raise SettingsError("training.name_only", self.name_only, remedy)

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        if self.sentence is not None:
            self.sentence.prepare(arrays)

    @property
    def own_sizes(self) -> dict[str, int]:
        return {} if self.sentence is None else {"text": self.spec["sentence"][0]}

    def own(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        return {} if self.sentence is None else {"text": values["sentence"]}

    def read(self, values: dict[str, Tensor]) -> Tensor:
        """Arrays of B rows to (B, width), before the sentence vector and the norm."""
        raise NotImplementedError

    def forward(self, values: dict[str, Tensor]) -> Tensor:
        if self.training and self.name_only and "title" in values:
            values = self._shortened(values)
        vector = self.read(values)
        return self.norm(vector if self.sentence is None else vector + self.sentence(values))

    def _shortened(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """Some rows with the tokens and words of their title alone, their sentence vector unknown."""
        title = values["title"]
        chosen = torch.rand(len(title), device=title.device) < self.name_only
        short = dict(values)
        for name, column in TITLE_COLUMNS.items():
            if name in values:
                kept = title[:, column]
                place = torch.arange(values[name].shape[1], device=title.device)
                beyond = (chosen & (kept > 0))[:, None] & (place[None, :] >= kept[:, None])
                short[name] = values[name].masked_fill(beyond, 0)
        if self.sentence is not None:
            # The sentence is of the whole text; its mean over the training rows says nothing.
            mean = self.sentence.standardise.mean
            short["sentence"] = torch.where(chosen[:, None], mean, values["sentence"])
        return short
