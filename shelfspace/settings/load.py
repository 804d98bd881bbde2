"""Reading params.yaml, with a catalogue's overrides on top."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from shelfspace.errors import SettingsError
from shelfspace.settings.parameters import SEE, Settings, merge
from shelfspace.settings.search_space import check_space
from shelfspace.settings.section import refused

__all__ = ["load_settings"]


def load_settings(path: Path | None = None, overrides: dict[str, Any] | None = None) -> Settings:
    """Read params.yaml (all defaults when `path` is None) with a catalogue's overrides on top.

    Raises:
        SettingsError: a file that is no YAML mapping, an unknown name, or a value out of range.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = yaml.safe_load(path.read_text()) or {}
        except (OSError, yaml.YAMLError) as error:
            raise SettingsError("params.yaml", str(path), f"give a readable YAML file ({error})") from error
        if not isinstance(values, dict):
            raise SettingsError(
                "params.yaml", str(path), "give a mapping of sections, as the shipped file does"
            )
    try:
        settings = Settings.model_validate(merge(values, overrides or {}))
    except ValidationError as error:
        raise refused(error, SettingsError, SEE) from error
    check_space(settings)
    return settings
