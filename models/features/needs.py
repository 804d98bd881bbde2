"""Which arrays are computed: exactly those that the configured encoders name.

The choice is made once, when the featurizer is fitted, and kept with it. A frozen encoder that
`model.image: transformers:<folder>` names is enough: `features.image_encoder` follows it. Naming
another one there is an error, since one array cannot hold the vectors of both.
"""

from models.encoders import ENCODERS
from models.inputs.arrays import ARRAYS
from models.inputs.colours import COLOUR
from models.pretrained.arrays import FROZEN
from shelfspace.errors import SettingsError
from shelfspace.settings import Features, Settings

__all__ = ["needed_arrays", "needed_features"]


def needed_features(settings: Settings) -> Features:
    """`settings.features` with the frozen encoders that `settings.model` names.

    A frozen encoder named under `features` alone stands beside the trained one (`model.image: cnn`).

    Raises:
        SettingsError: there is no such encoder, or features and model name two frozen encoders of one
            modality.
    """
    implied = {}
    for modality, name in FROZEN.items():
        if modality not in settings.model.modalities:
            continue
        field, chosen = f"{modality}_encoder", getattr(settings.model, modality)
        if name not in ENCODERS[modality][chosen].arrays:
            continue
        given = getattr(settings.features, field)
        if given not in (None, chosen):
            remedy = f"leave it null: model.{modality} asks for {chosen}"
            raise SettingsError(f"features.{field}", given, remedy)
        implied[field] = chosen
    return settings.features.model_copy(update=implied)


def needed_arrays(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Names of the arrays of each configured modality, sorted.

    Those that its encoder reads, and every other one that tuning may choose; the vectors of a frozen
    encoder that stands beside it; words for the linear expert; the colours of photos; and what
    `features.arrays` asks for on top.

    Raises:
        SettingsError: there is no such encoder, or no such array.
    """
    features, asked = needed_features(settings), set(settings.features.arrays)
    needed: dict[str, tuple[str, ...]] = {}
    for modality in settings.model.modalities:
        searched = settings.tuning.space.get(f"model.{modality}")
        choices = searched.choices if searched is not None and searched.choices else ()
        names = {getattr(settings.model, modality), *map(str, choices)}
        found = {
            name for chosen in names for name in ENCODERS[modality][chosen].arrays_read(settings.training)
        }
        if getattr(features, f"{modality}_encoder", None):
            found.add(FROZEN[modality])
        if modality == "text" and (found & {"words"} or not found & {"tokens"}):
            # What the linear expert of the categories reads; where there are subwords, it reads those.
            found |= {"words", "grams", "keys"}
        if modality == "image" and features.colour:
            found.add(COLOUR)
        needed[modality] = tuple(sorted(found | (asked & set(ARRAYS[modality]))))
    known = {name for registry in ARRAYS.values() for name in registry}
    if asked - known:
        remedy = f"use some of {', '.join(sorted(known - set(FROZEN.values())))}"
        raise SettingsError("features.arrays", sorted(asked - known), remedy)
    return needed
