"""Which features the chosen encoders read, so that two settings cannot disagree.

`model.image: transformers:<folder>` is enough: `features.image_encoder` follows it. Naming another
one there is an error, since one array cannot hold the vectors of both.
"""

from typing import Any

from shelfspace.errors import SettingsError
from shelfspace.settings import Features, Settings

__all__ = ["needed_features"]

FOLLOWS = {"image": "image_encoder", "audio": "audio_encoder"}
"""Modality to the setting that names its frozen encoder."""


def needed_features(settings: Settings) -> Features:
    """`settings.features` with what `settings.model` implies.

    A frozen encoder named under `features` alone stands beside the trained one (`model.image: cnn`).

    Raises:
        SettingsError: features and model name two frozen encoders of one modality, or table details
            are asked for and the tabular encoder does not read them.
    """
    model, implied = settings.model, dict[str, Any]()
    for modality, field in FOLLOWS.items():
        name, given = getattr(model, modality), getattr(settings.features, field)
        if ":" not in name or modality not in model.modalities:
            continue
        if given not in (None, name):
            remedy = f"leave it null: model.{modality} asks for {name}"
            raise SettingsError(f"features.{field}", given, remedy)
        implied[field] = name
    if model.image in ("histograms", "fisher") and "image" in model.modalities:
        implied["histograms"] = True
    if model.audio == "timbre" and "audio" in model.modalities:
        implied["timbre"] = True
    if model.tabular == "details":
        implied["details"] = True
    elif settings.features.details:
        remedy = "set model.tabular: details; another encoder would take a brand for a price"
        raise SettingsError("features.details", True, remedy)
    from models.features.text_choice import sentence_encoder

    return settings.features.model_copy(update={**implied, "text_encoder": sentence_encoder(settings)})
