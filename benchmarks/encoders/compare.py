"""Each family's vectors beside those of its own library: equal, refused with the reason, or wrong."""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from benchmarks.encoders.families import FAMILIES, Family
from models.pretrained.audio import FrozenAudio
from models.pretrained.text_and_image import load_frozen_image, load_frozen_text
from shelfspace.errors import SettingsError
from shelfspace.settings import Media

__all__ = ["EQUAL", "Outcome", "compare", "compare_all", "wrong"]

EQUAL = 0.9999
"""Least cosine of two vectors that count as the same."""
PRODUCTS = ("Red cotton towel", "lamp", "blue lamp " * 9, "灯 红 unknown", "RED Towel lamp: blue")
ASKED = ("red lamp", "Cotton towel", "灯")
SECONDS = 0.8


@dataclass(frozen=True)
class Outcome:
    """What became of a family.

    Attributes:
        outcome: equal, refused or wrong.
        cosine: the least, over all inputs; None where it was refused.
        reason: of a refusal, or what is wrong.
    """

    name: str
    kind: str
    outcome: str
    cosine: float | None = None
    reason: str = ""

    @property
    def described(self) -> dict[str, Any]:
        """JSON-able form."""
        return asdict(self)


def photo_files() -> list[bytes]:
    """A small photo, a wide one, and one that a decoder would be tempted to read at a quarter of its size."""
    rng = np.random.default_rng(0)
    found = []
    for height, width in ((60, 50), (33, 90), (700, 500)):
        coarse = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(coarse).resize((width, height)).save(file, "JPEG", quality=92)
        found.append(file.getvalue())
    return found


def sound_waves(rate: int) -> list[np.ndarray]:
    """Tones in noise, loud from their first sample."""
    rng, times = np.random.default_rng(0), np.arange(round(rate * SECONDS)) / rate
    tones = [0.5 * np.sin(2 * np.pi * pitch * times) for pitch in (220, 700)]
    return [(tone + 0.2 * rng.normal(size=len(tone))).clip(-1, 1).astype(np.float32) for tone in tones]


def compare(family: Family, folder: Path) -> Outcome:
    """Make a checkpoint in an empty folder, and compare."""
    family.make(folder)
    try:
        pairs = _pairs(family, folder, f"{family.scheme}:{folder}")
    except SettingsError as error:
        reason = str(error).split(": ", 2)[-1]
        expected = family.theirs is None and family.refused in reason
        return Outcome(family.name, family.kind, "refused" if expected else "wrong", reason=_short(reason))
    if family.theirs is None:
        return Outcome(family.name, family.kind, "wrong", reason=f"not refused: {family.refused}")
    least = min(_cosine(mine, own) for mine, own in pairs)
    equal = least > EQUAL and all(_told_apart(own) for _, own in pairs)
    return Outcome(family.name, family.kind, "equal" if equal else "wrong", round(least, 6))


def _pairs(family: Family, folder: Path, name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Our vectors and the library's, of products, and of a shopper's words where there are any."""
    given: Sequence[Any]
    if family.kind == "photo":
        eye, given = load_frozen_image(name), photo_files()
        mine = eye.encode([eye.recipe.open(data, Media()) for data in given])
    elif family.kind == "sound":
        ear = FrozenAudio(name)
        given = sound_waves(ear.rate)
        mine = ear.encode([ear.open(_wav(wave, ear.rate), SECONDS, Media()) for wave in given])
    else:
        reader, given = load_frozen_text(name, "cpu", *family.options), PRODUCTS
        mine = reader.encode(given)
    if family.theirs is None:
        return []
    pairs = [(mine, family.theirs(folder, given))]
    if family.theirs_of_queries is not None:
        pairs.append((reader.encode(ASKED, query=True), family.theirs_of_queries(folder, ASKED)))
    return pairs


def _wav(wave: np.ndarray, rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format="WAV", subtype="FLOAT")
    return file.getvalue()


def _cosine(mine: np.ndarray, own: np.ndarray) -> float:
    """The least over the rows; -1 where they differ in length."""
    if mine.shape != own.shape:
        return -1.0
    lengths = np.linalg.norm(mine, axis=1) * np.linalg.norm(own, axis=1)
    return float(((mine * own).sum(axis=1) / lengths).min())


def _told_apart(own: np.ndarray) -> bool:
    """Whether the checkpoint tells inputs apart at all: one that does not would be equal to anything."""
    unit = own / np.linalg.norm(own, axis=1, keepdims=True)
    return bool((unit @ unit.T).min() < EQUAL)


def _short(reason: str) -> str:
    return reason.partition(" (")[0]


def compare_all(families: Sequence[Family] = FAMILIES) -> list[Outcome]:
    """Every family, each in a folder of its own that is deleted."""
    found = []
    for family in families:
        with tempfile.TemporaryDirectory() as folder:
            found.append(compare(family, Path(folder)))
    return found


def wrong(outcomes: Sequence[Outcome]) -> int:
    """`encoder_families_wrong`: families that are neither equal nor refused."""
    return sum(one.outcome == "wrong" for one in outcomes)
