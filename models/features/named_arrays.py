"""Arrays by their names: the registered one, what has to be fitted for them, and what older models had."""

from collections.abc import Mapping, Sequence
from typing import Any

import models.inputs.colours  # noqa: F401 - registers
from models.inputs.arrays import ARRAYS, Array
from models.pretrained.arrays import FROZEN

__all__ = ["array_of", "before_named_arrays", "parts_to_fit"]

SWITCHES = {"histograms": "image", "timbre": "audio", "details": "tabular"}
"""Settings of featurizers that were written before encoders named their arrays, and what they stood for."""


def array_of(modality: str, name: str) -> Array:
    """A registered array; one that an encoder's own module defines is found by importing the encoders."""
    if name not in set(ARRAYS[modality]):
        import models.encoders  # noqa: F401 - registers

    return ARRAYS[modality][name]


def parts_to_fit(arrays: Mapping[str, Sequence[str]]) -> set[str]:
    """What has to be fitted for arrays: `tokenizer`, `words`."""
    every = [array_of(modality, name) for modality, names in arrays.items() for name in names]
    return {part for one in every for part in one.fits}


def before_named_arrays(described: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Features settings and arrays of a featurizer that was written before encoders named their arrays."""
    features = dict(described["features"])
    arrays = {
        "text": list(described.get("text_arrays", ["tokens"])),
        "image": ["pixels"],
        "audio": ["logmel", "mfcc"],
        "tabular": ["values"],
    }
    for switch, modality in SWITCHES.items():
        if features.pop(switch, False):
            arrays[modality] += ["details", "priced"] if switch == "details" else [switch]
    for modality, name in FROZEN.items():
        if features[f"{modality}_encoder"]:
            arrays[modality].append(name)
    return features, arrays
