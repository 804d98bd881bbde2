"""All sections together, read from params.yaml with a catalogue's overrides on top."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from shelfspace.errors import SettingsError
from shelfspace.settings.data import Collection, Features, Media, Preprocessing, Validation
from shelfspace.settings.learning import Augmentation, CrossValidation, Model, Training, Tuning
from shelfspace.settings.operation import (
    Automation,
    Evaluation,
    Gate,
    Graph,
    Monitoring,
    ReleaseSettings,
    Service,
)
from shelfspace.settings.search_space import check_space
from shelfspace.settings.section import Section

__all__ = ["Settings", "load_settings", "merge"]


class Settings(Section):
    """All of params.yaml."""

    workspaces: tuple[str, ...] = ("sample",)
    seed: int = 0
    collection: Collection = Collection()
    media: Media = Media()
    validation: Validation = Validation()
    preprocessing: Preprocessing = Preprocessing()
    features: Features = Features()
    model: Model = Model()
    training: Training = Training()
    tuning: Tuning = Tuning()
    cross_validation: CrossValidation = CrossValidation()
    augmentation: Augmentation = Augmentation()
    evaluation: Evaluation = Evaluation()
    gate: Gate = Gate()
    graph: Graph = Graph()
    release: ReleaseSettings = ReleaseSettings()
    service: Service = Service()
    monitoring: Monitoring = Monitoring()
    automation: Automation = Automation()


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid over it, section by section; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def load_settings(path: Path | None = None, overrides: dict[str, Any] | None = None) -> Settings:
    """Read params.yaml (all defaults when `path` is None) with a catalogue's overrides on top.

    Raises:
        SettingsError: a file that is no YAML mapping, an unknown name, or a value out of range.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            loaded = yaml.safe_load(path.read_text()) or {}
        except (OSError, yaml.YAMLError) as error:
            raise SettingsError("params.yaml", str(path), f"give a readable YAML file ({error})") from error
        if not isinstance(loaded, dict):
            raise SettingsError(
                "params.yaml", str(path), "give a mapping of sections, as the shipped file does"
            )
        values = loaded
    try:
        settings = Settings.model_validate(merge(values, overrides or {}))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            name, first.get("input"), f"{first['msg']}; see docs/parameters.md for what it takes"
        ) from error
    check_space(settings)
    return settings
