"""The space of a study: typed, checked against the settings, and refused by name."""

import pytest
import yaml

from shelfspace.errors import SettingsError
from shelfspace.settings import load_settings
from shelfspace.settings.search_space import check_space, fixed_settings, tunable, with_values
from tests.conftest import PROJECT

SHIPPED = dict.fromkeys(load_settings().tuning.space)
"""Every name that params.yaml searches, taken out."""


def settings_with(space: dict, **tuning: object):
    return load_settings(overrides={"tuning": {"space": {**SHIPPED, **space}, **tuning}})


def test_bounds_take_the_type_of_the_setting() -> None:
    settings = settings_with(
        {
            "training.learning_rate": {"low": "1e-4", "high": "1e-2", "log": True},  # strings to YAML
            "training.batch_size": {"low": 16, "high": 64.0},
            "training.weight_decay": {"low": 0, "high": 1},
            "model.fusion": {"choices": ["concat", "attention"]},
        }
    )
    space = check_space(settings)
    assert set(space) == {
        "training.learning_rate",
        "training.batch_size",
        "training.weight_decay",
        "model.fusion",
    }, "null takes a name out"
    assert (space["training.learning_rate"].low, space["training.learning_rate"].high) == (1e-4, 1e-2)
    assert space["training.batch_size"].whole
    assert not space["training.weight_decay"].whole
    assert space["model.fusion"].holds("concat")
    assert not space["training.batch_size"].holds(128)


@pytest.mark.parametrize(
    ("space", "field", "said"),
    [
        ({"training.learning_rat": {"low": 0.1, "high": 0.2}}, "learning_rat", "training.learning_rate"),
        ({"preprocessing.vocabulary": {"low": 100, "high": 200}}, "vocabulary", "use one of model."),
        ({"training.epochs": {"low": 5, "high": 50}}, "epochs", "budget"),
        ({"model.modalities": {"choices": [["text"], ["image"]]}}, "modalities", ""),
        ({"model.dropout": {"low": 0.1, "high": 1.5}}, "dropout", "less than or equal to 1"),
        ({"training.batch_size": {"low": 0.5, "high": 8}}, "batch_size", "integer"),
        ({"training.batch_size": {"choices": [16, "many"]}}, "batch_size", "integer"),
        ({"model.fusion": {"low": 1, "high": 2}}, "fusion", "string"),
        ({"model.dropout": {"low": 0.3, "high": 0.1}}, "dropout", "low must be below high"),
        ({"model.dropout": {"low": 0.0, "high": 0.1, "log": True}}, "dropout", "above zero"),
        ({"model.dropout": {"low": 0.1}}, "dropout", "low and high, or choices"),
        ({"model.dropout": {"low": 0.1, "high": 0.2, "choices": [0.1, 0.2]}}, "dropout", "not both"),
        ({"model.fusion": {"choices": ["concat", "concat"]}}, "fusion", "two different"),
        ({"model.dropout": {"low": 0.1, "high": 0.2, "step": 0.1}}, "dropout", "Extra inputs"),
    ],
)
def test_bad_spaces_are_refused_by_name(space: dict, field: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_with(space)
    assert caught.value.field.startswith("tuning.space.")
    assert field in caught.value.field
    assert said in str(caught.value)


def test_a_weight_of_the_loss_is_not_judged_by_the_loss() -> None:
    space = {"training.label_weight": {"low": 0.1, "high": 2.0}}
    assert check_space(settings_with(space))
    with pytest.raises(SettingsError, match="changes what the loss means"):
        settings_with(space, metric="loss")


def test_values_are_laid_over_and_refused_like_settings() -> None:
    settings = load_settings()
    changed = with_values(settings, {"training.learning_rate": "5e-3", "model.fusion": "concat"})
    assert changed.training.learning_rate == 0.005
    assert changed.model.fusion == "concat"
    assert changed.training.batch_size == settings.training.batch_size
    with pytest.raises(SettingsError) as caught:
        with_values(settings, {"training.batch_size": 0})
    assert caught.value.field == "training.batch_size"
    with pytest.raises(SettingsError, match=r"use one of model\."):
        with_values(settings, {"gate.tolerance": 0.5})


def test_what_trials_share_leaves_out_what_they_search() -> None:
    settings = load_settings()
    shared = fixed_settings(settings)
    assert not shared.keys() & check_space(settings).keys()
    assert {"seed", "training.epochs", "model.text"} <= shared.keys()
    # The best values written into the settings go on with the same study.
    assert fixed_settings(with_values(settings, {"training.learning_rate": 0.001})) == shared
    assert "training.epochs" not in tunable(settings)


def test_the_space_in_the_docs_is_accepted() -> None:
    text = (PROJECT / "docs" / "run-the-loop.md").read_text()
    shown = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    space = check_space(load_settings(overrides=shown))
    assert space["training.learning_rate"].low == 1e-4
    assert "model.width" not in space
