"""What tuning may change: ranges and choices by dotted setting name, checked against the settings.

Only `model.*` and `training.*` can be searched. Everything before them decides the features, which
one study shares.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shelfspace.errors import SettingsError
from shelfspace.settings.dimension import Dimension
from shelfspace.settings.parameters import SEE, Settings
from shelfspace.settings.section import Section, refused

__all__ = ["check_space", "current_values", "fixed_settings", "tunable", "with_values"]

SECTIONS = ("model", "training")
UNTUNABLE = {
    "model.modalities": "a model that sees less is another product",
    "training.epochs": "it is the budget of a trial, and trials are compared epoch by epoch",
    "training.device": "it changes the speed alone",
    "training.precision": "it changes the speed alone",
}
"""Names in the searchable sections that are not searched, with the reason."""


def tunable(settings: Settings) -> list[str]:
    """Every dotted name that may be searched."""
    names = [f"{part}.{field}" for part in SECTIONS for field in type(getattr(settings, part)).model_fields]
    return [name for name in names if name not in UNTUNABLE]


def check_space(settings: Settings) -> dict[str, Dimension]:
    """The searched settings by name, with bounds and choices of the type that each setting takes.

    A name set to null is left out: so a catalogue takes out what params.yaml searches.

    Raises:
        SettingsError: an unknown name, one that is not searched, or a bound that the setting refuses.
    """
    known = tunable(settings)
    found: dict[str, Dimension] = {}
    for name, dimension in settings.tuning.space.items():
        field = f"tuning.space.{name}"
        if name in UNTUNABLE:
            raise SettingsError(field, name, f"leave it out: {UNTUNABLE[name]}")
        if name not in known:
            raise SettingsError(field, name, f"use one of {', '.join(known)}")
        if dimension is None:
            continue
        if settings.tuning.metric == "loss" and name.endswith(("_weight", "label_smoothing")):
            remedy = "leave it out, or judge by log_loss or accuracy: it changes what the loss means"
            raise SettingsError(field, name, remedy)
        if dimension.choices is not None:
            taken = {"choices": tuple(_taken(settings, name, value) for value in dimension.choices)}
        else:
            taken = {end: _taken(settings, name, getattr(dimension, end)) for end in ("low", "high")}
            if any(isinstance(v, bool) or not isinstance(v, int | float) for v in taken.values()):
                raise SettingsError(field, dimension.low, "give choices: this setting is not a number")
        found[name] = dimension.model_copy(update=taken)
    return found


def _taken(settings: Settings, name: str, value: Any) -> Any:
    """The value as the setting takes it: `1e-4` is a string to YAML, and a number to a learning rate."""
    try:
        return _read(with_values(settings, {name: value}), name)
    except SettingsError as error:
        raise SettingsError(f"tuning.space.{name}", value, error.remedy) from error


def _read(settings: Settings, name: str) -> Any:
    section, field = name.split(".")
    return getattr(getattr(settings, section), field)


def current_values(settings: Settings, names: Mapping[str, Any]) -> dict[str, Any]:
    """What the settings hold now under the given dotted names."""
    return {name: _read(settings, name) for name in names}


def with_values(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """The settings with values laid over them by dotted name.

    Raises:
        SettingsError: an unknown name, or a value out of range.
    """
    changed: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        section, _, field = name.partition(".")
        if section not in SECTIONS:
            raise SettingsError(name, value, f"use one of {', '.join(tunable(settings))}")
        changed.setdefault(section, {})[field] = value
    return settings.model_copy(
        update={section: _section(settings, section, fields) for section, fields in changed.items()}
    )


def _section(settings: Settings, name: str, fields: Mapping[str, Any]) -> Section:
    old: Section = getattr(settings, name)
    try:
        return type(old).model_validate({**old.model_dump(), **fields})
    except ValidationError as error:
        raise refused(error, SettingsError, SEE, f"{name}.") from error


def fixed_settings(settings: Settings) -> dict[str, Any]:
    """What every trial of a study shares: the settings that decide a training, less those searched."""
    searched = check_space(settings)
    shared: dict[str, Any] = {"seed": settings.seed}
    for section in SECTIONS:
        for field, value in getattr(settings, section).model_dump(mode="json").items():
            name = f"{section}.{field}"
            if name not in searched and name != "training.device":
                shared[name] = value
    return shared
