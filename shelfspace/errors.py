"""Every error Shelfspace raises on purpose, as one tree.

Catch `ShelfspaceError` for "the platform refused and says why"; anything else is a bug.

    ShelfspaceError
    ├── InputError        something a person supplied is wrong: names field, value and remedy
    │   ├── SettingsError   a value in params.yaml or catalog.yaml
    │   ├── CapacityError   a store that is at its configured size
    │   ├── CatalogError    a table, column or path of a catalogue
    │   └── MediaError      a photo or sound that must not or cannot be decoded
    ├── ArtifactError     a stored artefact (model, release, feature shard) is missing or damaged
    ├── StaleCheckError   a stage was asked to build on data whose checks failed or never ran
    └── BusyError         another run holds the workspace
"""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "ArtifactError",
    "BusyError",
    "CapacityError",
    "CatalogError",
    "InputError",
    "MediaError",
    "SettingsError",
    "ShelfspaceError",
    "StaleCheckError",
]


class ShelfspaceError(Exception):
    """Base of all deliberate refusals."""


class InputError(ShelfspaceError):
    """Bad input; the message names the field, the value and the remedy.

    Args:
        field: what was wrong, as its owner calls it (column, parameter, JSON field).
        value: the offending value; shown shortened to 80 characters.
        remedy: what to do instead, as a full clause.
    """

    def __init__(self, field: str, value: object, remedy: str) -> None:
        shown = repr(value)
        self.field = field
        self.value = shown if len(shown) <= 80 else shown[:77] + "..."
        self.remedy = remedy
        super().__init__(f"{field} = {self.value}: {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        # Python restores an exception by calling it with its message alone, which breaks the process
        # pool that a worker's error comes back through.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[InputError], args: tuple[Any, ...], state: Mapping[str, Any]) -> InputError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class SettingsError(InputError):
    """A setting in params.yaml or catalog.yaml is not usable."""


class CapacityError(InputError):
    """A store is at its configured size; the remedy says how to make room."""


class CatalogError(InputError):
    """A table, column or path of a catalogue is not usable."""


class MediaError(InputError):
    """A photo or sound is refused before or while decoding."""


class ArtifactError(ShelfspaceError):
    """A stored artefact is missing, damaged or of another version."""


class StaleCheckError(ShelfspaceError):
    """The checks of an input failed, or never ran on the bytes that lie there now."""


class BusyError(ShelfspaceError):
    """Another run holds the workspace's lock."""
