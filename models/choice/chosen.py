"""What was chosen and why: a JSON file, and the settings with it laid over them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shelfspace.errors import ArtifactError
from shelfspace.files import read_artifact, write_json
from shelfspace.settings import Settings

__all__ = ["AUTO", "Choice", "Chosen", "auto_modalities"]

AUTO = "auto"
MODALITIES = ("text", "image")
"""Where `auto` may be written."""
FILE = "choice.json"


@dataclass(frozen=True)
class Chosen:
    """The encoder of one modality.

    Attributes:
        encoder: of `model.<modality>`.
        beside: a frozen encoder beside it, of `features.<modality>_encoder`; "" for none.
        weights: fingerprint of the frozen encoder's weights; "" where there is none.
        why: one sentence.
        figures: candidate to its share of right labels, and the comparisons that decided; {} without.
        passed_over: candidates that were too large beside the champion of that time.
    """

    encoder: str
    beside: str = ""
    weights: str = ""
    why: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    passed_over: Sequence[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.encoder} + {self.beside}" if self.beside else self.encoder


@dataclass(frozen=True)
class Choice:
    """The encoders of the modalities whose settings say `auto`."""

    by_modality: Mapping[str, Chosen] = field(default_factory=dict)

    def settings(self, given: Settings) -> Settings:
        """The settings with the chosen encoders in the place of `auto`.

        Raises:
            ArtifactError: nothing was chosen for one that is `auto`.
        """
        model: dict[str, str] = {}
        features: dict[str, str] = {}
        for modality in auto_modalities(given):
            if modality not in self.by_modality:
                raise ArtifactError(
                    f"no {modality} encoder was chosen; run the chain from preprocessing again"
                )
            chosen = self.by_modality[modality]
            model[modality] = chosen.encoder
            field_name = f"{modality}_encoder"
            if chosen.beside and getattr(given.features, field_name) is None:
                features[field_name] = chosen.beside
        return given.model_copy(
            update={
                "model": given.model.model_copy(update=model),
                "features": given.features.model_copy(update=features),
            }
        )

    def save(self, folder: Path) -> None:
        """Write choice.json."""
        write_json(folder / FILE, {name: asdict(chosen) for name, chosen in self.by_modality.items()})

    def uses(self, encoders: Collection[str]) -> bool:
        """Whether one of some encoders was chosen."""
        return any({one.encoder, one.beside} & set(encoders) for one in self.by_modality.values())

    def named(self) -> dict[str, str]:
        """Settings by dotted name that give the same encoders where no champion reigns, or another; {} where
        nothing was passed over: then the same data give the same choice."""
        bound = {name: one for name, one in self.by_modality.items() if one.passed_over}
        beside = {f"features.{name}_encoder": one.beside for name, one in bound.items() if one.beside}
        return {**{f"model.{name}": one.encoder for name, one in bound.items()}, **beside}

    @classmethod
    def load(cls, folder: Path) -> "Choice":
        """Read what `save` wrote.

        Raises:
            ArtifactError: it is missing or damaged.
        """
        return read_artifact(folder / FILE, "the chosen encoders", cls._of)

    @classmethod
    def _of(cls, stored: dict[str, Any]) -> "Choice":
        return cls({name: Chosen(**said) for name, said in stored.items()})


def auto_modalities(settings: Settings) -> list[str]:
    """Modalities of the model whose encoder is to be chosen."""
    return [
        name
        for name in MODALITIES
        if name in settings.model.modalities and getattr(settings.model, name) == AUTO
    ]
