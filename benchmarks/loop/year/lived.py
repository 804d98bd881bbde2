"""What a platform did in the half year: the record that its live half leaves and that areas are made of."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shelfspace.files import read_json, write_json

__all__ = ["Lived", "LivedStep"]

FILE = "lived.json"


@dataclass(frozen=True)
class LivedStep:
    """One step, once the platform was at rest again.

    Attributes:
        step: its number.
        release: id of the release that the service says is live.
        model: folder, below that of the record, of the encoder in that release; a copy that stays.
        trainings: that the daemon began in this step, however they ended: promoted, refused, failed.
        said: what happened, in sentences for the timeline.
        seconds: until it was at rest.
    """

    step: int
    release: str
    model: str
    trainings: int = 0
    said: Sequence[str] = field(default_factory=tuple)
    seconds: float = 0.0


@dataclass(frozen=True)
class Lived:
    """All steps so far, in order, and the release before the first of them."""

    folder: Path
    start: LivedStep
    steps: tuple[LivedStep, ...] = ()

    @property
    def models(self) -> list[Path]:
        """Folder of the model that was live at the start, and after each step."""
        return [self.folder / one.model for one in (self.start, *self.steps)]

    @property
    def trainings(self) -> int:
        """Trainings after the first one."""
        return sum(one.trainings for one in self.steps)

    def save(self) -> None:
        """Write lived.json into the folder."""
        said: dict[str, Any] = {"start": asdict(self.start), "steps": [asdict(one) for one in self.steps]}
        write_json(self.folder / FILE, said)

    @classmethod
    def load(cls, folder: Path) -> "Lived | None":
        """What lies in the folder; None where nothing was recorded."""
        if not (folder / FILE).is_file():
            return None
        said = read_json(folder / FILE)
        return cls(folder, LivedStep(**said["start"]), tuple(LivedStep(**one) for one in said["steps"]))
