"""No completion: the fusion sees what is absent and deals with it by its own learned stand-ins."""

from torch import Tensor

from models.completion.registry import COMPLETION, Completion

__all__ = ["TokenCompletion"]


@COMPLETION.register("none")
@COMPLETION.register("token")
class TokenCompletion(Completion):
    """Pass vectors and presence on as they are."""

    def forward(self, vectors: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        return vectors, present
