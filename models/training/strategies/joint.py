"""All encoders and the fusion together, from the first step to the last."""

from models.training.strategies.registry import STRATEGY, Strategy
from shelfspace.errors import SettingsError
from shelfspace.settings import Settings

__all__ = ["JointStrategy"]


@STRATEGY.register("joint")
class JointStrategy(Strategy):
    """Nothing beside the common objective."""

    @classmethod
    def check(cls, settings: Settings) -> None:
        refuse_untrained_generator(settings)


def refuse_untrained_generator(settings: Settings) -> None:
    """A generator without its discriminator would learn nothing of what vectors look like."""
    if settings.model.completion == "adversarial":
        raise SettingsError(
            "model.completion", "adversarial", "set training.strategy: adversarial, which trains it"
        )
