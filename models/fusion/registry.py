"""The registry of fusions and what every fusion promises."""

from torch import Tensor, nn

from models.registry import Registry

__all__ = ["FUSION", "Fusion"]


class Fusion(nn.Module):
    """One vector out of the vectors of the modalities that are present.

    What stands in an absent place never changes the result, not even when it is huge or NaN.

    Args:
        modalities: number of modalities M.
        width: length W of each modality's vector.
        dim: length of the fused vector.
        dropout: dropout probability while training.
    """

    def __init__(self, modalities: int, width: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.modalities = modalities
        self.width = width
        self.dim = dim

    def forward(self, vectors: Tensor, present: Tensor) -> Tensor:
        """(B, M, W) vectors and (B, M) bool presence to (B, dim)."""
        raise NotImplementedError

    def weights(self, vectors: Tensor, present: Tensor) -> Tensor | None:
        """How much each modality counts: (B, M), rows sum to 1, zero where absent.

        None for a fusion that has no such weights; then nobody may make them up.
        """
        return None


FUSION: Registry[type[Fusion]] = Registry("model.fusion")
