"""Text encoders trained here: a bag of weighted subwords beside an LSTM or a transformer.

Both read `tokens` (B, L) int32 with 0 as padding, and `sentence` (B, d) where a frozen sentence
encoder is configured.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.encoders.base import TEXT, Spec
from models.encoders.text.bag import BagOfTokens
from models.encoders.text.base import TextEncoder
from shelfspace.settings import Training

__all__ = ["LstmText", "TokenText", "TransformerText"]


class TokenText(TextEncoder):
    """What the token encoders share: the bag, and rare tokens as one.

    A subclass gives `sequence(tokens, lengths)`.
    """

    arrays = ("tokens",)

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        (vocabulary,) = self.spec["vocabulary"]
        self.rare = vocabulary  # one more row: an id that training hardly saw
        self.bag = BagOfTokens(vocabulary, width)
        self.embedding = nn.Embedding(vocabulary + 1, width, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        with torch.no_grad():
            self.embedding.weight[0] = 0
        self.drop = nn.Dropout(dropout)

    def begin(self, training: Training, featurizer_dir: Path | None) -> None:
        super().begin(training, featurizer_dir)
        self.bag.hide = training.word_dropout

    def prepare(self, arrays: Mapping[str, np.ndarray]) -> None:
        super().prepare(arrays)
        self.bag.prepare(arrays["tokens"])

    def sequence(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """(B, L, width) embedded tokens and (B,) lengths, at least 1, to (B, width)."""
        raise NotImplementedError

    def read(self, values: dict[str, Tensor]) -> Tensor:
        tokens = values["tokens"].long()
        lengths = (tokens > 0).sum(dim=1).clamp_min(1)
        tokens = tokens[:, : int(lengths.max())]
        bag = self.bag(tokens)
        ids = torch.where(self.bag.known[tokens] | (tokens == 0), tokens, self.rare)
        if self.training:
            hidden = torch.rand(ids.shape, device=ids.device) < self.bag.hide / 2
            ids = torch.where(hidden & (ids > 0), self.rare, ids)
        return self.drop(bag) + self.sequence(self.drop(self.embedding(ids)), lengths)


def masked_mean(x: Tensor, lengths: Tensor) -> Tensor:
    """Mean over the first `lengths` positions: (B, L, W) to (B, W)."""
    mask = torch.arange(x.shape[1], device=x.device)[None, :] < lengths[:, None]
    return (x * mask[..., None]).sum(dim=1) / lengths[:, None]


@TEXT.register("lstm")
class LstmText(TokenText):
    """Bidirectional LSTM (Hochreiter 1997), mean and maximum over the tokens that are no padding."""

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        half = max(width // 2, 1)
        self.onward = nn.LSTM(width, half, batch_first=True)
        self.backward_from_end = nn.LSTM(width, half, batch_first=True)
        self.out = nn.Linear(4 * half, width)

    def sequence(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        # Two directions over right-padded rows, the second with each row turned round within its
        # length: what is read of them never saw padding, and no packed loop over time is needed,
        # which is ten times as slow on a CPU.
        place = torch.arange(embedded.shape[1], device=embedded.device)[None, :]
        turned = (lengths[:, None] - 1 - place).clamp_min(0)[..., None].expand_as(embedded)
        states = torch.cat(
            [self.onward(embedded)[0], self.backward_from_end(embedded.gather(1, turned))[0]], dim=2
        )
        mask = place < lengths[:, None]
        largest = states.masked_fill(~mask[..., None], -torch.inf).amax(dim=1)
        return self.out(self.drop(torch.cat([masked_mean(states, lengths), largest], dim=1)))


@TEXT.register("transformer")
class TransformerText(TokenText):
    """Two pre-norm transformer layers (Vaswani 2017) with sinusoidal positions, mean over tokens."""

    def __init__(self, spec: Spec, width: int, dropout: float) -> None:
        super().__init__(spec, width, dropout)
        heads = next(h for h in (4, 2, 1) if width % h == 0)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        # Nested tensors would change the numbers between training and evaluation paths.
        self.layers = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(width), enable_nested_tensor=False)

    def sequence(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        length = embedded.shape[1]
        padding = torch.arange(length, device=embedded.device)[None, :] >= lengths[:, None]
        states = self.layers(
            embedded + positions(length, self.width, embedded.device), src_key_padding_mask=padding
        )
        return masked_mean(states.masked_fill(padding[..., None], 0.0), lengths)


def positions(length: int, width: int, device: torch.device) -> Tensor:
    """(length, width) sine and cosine positions, scaled to the size of the embeddings."""
    place = torch.arange(length, device=device, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000.0) / width))
    table = torch.zeros(length, width, device=device)
    table[:, 0::2] = torch.sin(place * rate)
    table[:, 1::2] = torch.cos(place * rate[: width // 2])
    return table * width**-0.5
