"""The registry of completions and what every completion promises."""

from torch import Tensor, nn

from models.registry import Registry

__all__ = ["COMPLETION", "Completion"]


class Completion(nn.Module):
    """Vectors for the modalities a product lacks, put in between the encoders and the fusion.

    What stands in an absent place never changes the result, and neither do the other rows of the
    batch: whatever is learnt of the training rows is kept in buffers, fitted once an epoch.

    Args:
        modalities: number of modalities M.
        width: length W of each modality's vector.

    Attributes:
        fitted: whether `fit` is to be called with the vectors of training rows.
    """

    fitted = False

    def __init__(self, modalities: int, width: int) -> None:
        super().__init__()
        self.modalities = modalities
        self.width = width

    def fit(self, vectors: Tensor, present: Tensor) -> None:
        """Keep what completion needs of training rows: (n, M, W), (n, M) bool, n at most `BANK`."""

    def forward(self, vectors: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """(B, M, W) vectors and (B, M) bool to the vectors, and the presence, that the fusion sees."""
        raise NotImplementedError


COMPLETION: Registry[type[Completion]] = Registry("model.completion")
