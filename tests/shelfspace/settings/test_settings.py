"""params.yaml: typed, frozen, and refused with name, value and remedy."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from shelfspace.errors import SettingsError
from shelfspace.settings import Settings, load_settings, merge
from shelfspace.settings.page import page
from tests.conftest import PROJECT


def test_shipped_file_gives_the_defaults() -> None:
    assert load_settings(PROJECT / "params.yaml") == Settings(), "params.yaml and the defaults are one truth"


@pytest.mark.parametrize(
    "section", [name for name, field in Settings.model_fields.items() if name != "workspaces"]
)
def test_a_file_of_a_few_lines_changes_those_alone(tmp_path: Path, section: str) -> None:
    shipped = yaml.safe_load((PROJECT / "params.yaml").read_text())
    few = tmp_path / "few.yaml"
    few.write_text(yaml.safe_dump({"workspaces": ["own"], section: shipped[section]}))
    whole = load_settings(PROJECT / "params.yaml")
    assert load_settings(few) == whole.model_copy(update={"workspaces": ("own",)})


def test_shipped_file_names_every_setting() -> None:
    written = yaml.safe_load((PROJECT / "params.yaml").read_text())
    assert merge(Settings().model_dump(mode="json"), written).keys() == written.keys()
    for section, values in Settings().model_dump(mode="json").items():
        if isinstance(values, dict):
            assert set(written[section]) == set(values), section


@pytest.mark.parametrize(
    ("overrides", "field", "value"),
    [
        ({"training": {"epochs": 0}}, "training.epochs", "0"),
        ({"training": {"epoch": 3}}, "training.epoch", "3"),
        ({"model": {"modalities": ["video"]}}, "model.modalities.0", "video"),
        ({"gate": {"min_accuracy": 1.5}}, "gate.min_accuracy", "1.5"),
    ],
)
def test_bad_values_are_named(overrides: dict, field: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(overrides=overrides)
    assert caught.value.field == field
    assert value in caught.value.value
    assert "docs/parameters.md" in str(caught.value)


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "params.yaml"
    broken.write_text("- a list\n")
    with pytest.raises(SettingsError, match=r"mapping of sections"):
        load_settings(broken)


def test_settings_are_frozen_and_fingerprinted() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.training.epochs = 3  # type: ignore[misc]
    other = load_settings(overrides={"training": {"epochs": 3}})
    assert other.training.fingerprint != settings.training.fingerprint
    assert other.model.fingerprint == settings.model.fingerprint


def test_page_is_up_to_date() -> None:
    assert (PROJECT / "docs" / "parameters.md").read_text() == page(), (
        "run python -m shelfspace.settings.page"
    )


def test_a_share_of_drifted_columns_is_refused_with_what_took_its_place() -> None:
    with pytest.raises(SettingsError, match="drift_share: leave it out; limits now come from the shop's own"):
        load_settings(overrides={"monitoring": {"drift_share": 0.4}})
