"""Joint training beside a game: a generator completes hidden modalities, a discriminator judges them."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from models.completion.adversarial import AdversarialCompletion
from models.network import ProductNetwork
from models.training.losses import hide_modalities
from models.training.objective import Step, Weighted
from models.training.strategies.registry import STRATEGY, Strategy
from shelfspace.errors import SettingsError
from shelfspace.settings import Settings

__all__ = ["AdversarialStrategy", "Discriminator"]

# Half of what a product has is hidden for the game: there the truth is known.
HIDE = 0.5


class Discriminator(nn.Module):
    """Is this the true vector of that modality, given the others? (Mirza & Osindero 2014, eq. 2)."""

    def __init__(self, modalities: int, width: int) -> None:
        super().__init__()
        self.modalities = modalities
        self.net = nn.Sequential(
            nn.Linear((modalities + 1) * width + 2 * modalities, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * width, width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, 1),
        )

    def forward(self, vectors: Tensor, which: Tensor, given: Tensor, mask: Tensor) -> Tensor:
        """(N, W) vectors of modality (N,), given (N, M, W) others under (N, M) bool, to (N,) scores."""
        kind = functional.one_hot(which, self.modalities).to(vectors.dtype)
        shown = torch.where(mask[..., None], given, 0.0).flatten(1)
        return self.net(torch.cat([vectors, kind, shown, mask.to(vectors.dtype)], dim=1)).squeeze(1)


@STRATEGY.register("adversarial")
class AdversarialStrategy(Strategy):
    """Conditional GAN on the encoders' vectors, after Cai 2018 (KDD): adversarial and reconstruction loss.

    Hinge losses (Lim & Ye 2017). Both players step at once with the one optimiser: the
    discriminator sees generated vectors without their gradient, and the generator is judged by a
    discriminator whose weights are held fixed. The encoders take no part in the game, or they
    would make their vectors easy to forge; what the fusion makes of a completion does reach them
    and the generator, by the common objective.
    """

    def __init__(self, network: ProductNetwork, settings: Settings) -> None:
        super().__init__(network, settings)
        self.discriminator = Discriminator(len(network.modalities), network.width)

    @classmethod
    def check(cls, settings: Settings) -> None:
        if settings.model.completion != "adversarial":
            raise SettingsError(
                "model.completion",
                settings.model.completion,
                "set it to adversarial, which training.strategy: adversarial trains",
            )

    def losses(self, step: Step, epoch: int) -> Weighted:
        completion = self.network.completion
        assert isinstance(completion, AdversarialCompletion)  # noqa: S101 - `check` has seen to it
        if not self.training:
            return {}
        given = hide_modalities(step.present, HIDE)
        row, which = (step.present & ~given).nonzero(as_tuple=True)
        if not len(row):
            return {}
        truth = step.vectors[..., : self.network.width].detach()
        fake = completion.generate(truth, given)[row, which]
        real, condition = truth[row, which], (which, truth[row], given[row])
        said_real = self.discriminator(real, *condition)
        said_fake = self.discriminator(fake.detach(), *condition)
        fixed = {name: p.detach() for name, p in self.discriminator.named_parameters()}
        deceived = functional_call(self.discriminator, fixed, (fake, *condition))
        training = self.settings.training
        return {
            "discriminator": (1.0, (functional.relu(1 - said_real) + functional.relu(1 + said_fake)).mean()),
            "deception": (training.adversarial_weight, -deceived.mean()),
            "reconstruction": (training.reconstruction_weight, functional.mse_loss(fake, real)),
        }
