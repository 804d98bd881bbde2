"""A frozen sentence encoder as the text encoder: its vector, projected, and nothing beside it."""

from torch import Tensor

from models.encoders.base import TEXT, Spec
from models.encoders.text.base import TextEncoder

__all__ = ["SentenceText"]


@TEXT.register("minilm")
@TEXT.register("sentence-transformers:<name or folder>")
@TEXT.register("transformers:<name or folder>")
@TEXT.register("open_clip:<name>/<weights>")
class SentenceText(TextEncoder):
    """`sentence` (B, d) of the encoder that the name says (Reimers & Gurevych 2019), projected to `width`.

    The featurizer computes the vectors by the same name, by the words' half of a CLIP-like encoder too;
    what is trained here is the projection.
    """

    arrays = ("sentence",)

    def __init__(self, spec: Spec, width: int, dropout: float, argument: str | None = None) -> None:
        super().__init__(spec, width, dropout)

    def read(self, values: dict[str, Tensor]) -> Tensor:
        # The sentence vector is added by the base; there is nothing before it.
        return values["sentence"].new_zeros(values["sentence"].shape[0], self.width)
