"""Registry names, plain and with an argument."""

import pytest

from models.registry import Registry
from shelfspace.errors import SettingsError


@pytest.fixture
def registry() -> Registry[str]:
    made: Registry[str] = Registry("model.text")
    made.register("lstm")("LSTM")
    made.register("glove")("trained here")
    made.register("glove:<vectors file>")("from a file")
    made.register("transformers:<name or folder>")("frozen")
    return made


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lstm", ("LSTM", None)),
        ("glove", ("trained here", None)),
        ("glove:v/en.txt", ("from a file", "v/en.txt")),
        ("transformers:C:\\models\\clip", ("frozen", "C:\\models\\clip")),
        ("transformers:org/name@1.0", ("frozen", "org/name@1.0")),
    ],
)
def test_a_name_is_split_at_its_first_colon(registry, name, found):
    assert registry.resolve(name) == found
    assert registry[name] == found[0]


@pytest.mark.parametrize("name", ["resnet", "lstm:2", "transformers", "", ":x"])
def test_what_is_not_registered_names_the_choices(registry, name):
    with pytest.raises(SettingsError) as refusal:
        registry.resolve(name)
    assert refusal.value.field == "model.text"
    assert refusal.value.remedy == (
        "use one of glove, glove:<vectors file>, lstm, transformers:<name or folder>"
    )


@pytest.mark.parametrize("name", ["transformers:", "transformers: "])
def test_a_missing_argument_is_asked_for(registry, name):
    with pytest.raises(SettingsError, match="write transformers:<name or folder>"):
        registry.resolve(name)


def test_all_names_are_listed_once(registry):
    assert list(registry) == ["glove", "glove:<vectors file>", "lstm", "transformers:<name or folder>"]
    assert len(registry) == 4


@pytest.mark.parametrize("name", ["lstm", "glove:<another file>"])
def test_a_name_is_given_once(registry, name):
    with pytest.raises(ValueError, match="registered twice"):
        registry.register(name)("again")
