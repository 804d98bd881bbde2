"""Named implementations of one thing: an encoder, a fusion, an index.

A new entry is a decorated class; the contract tests run over all that is registered.
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from catalog.errors import SettingsError

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping from a registry name to a class or factory.

    Args:
        field: the setting that selects an entry, for error messages (`model.fusion`).
    """

    def __init__(self, field: str) -> None:
        self.field = field
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files its target under `name`; a name is given once."""

        def file(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.field}: {name!r} is registered twice")
            self._entries[name] = entry
            return entry

        return file

    def __getitem__(self, name: str) -> T:
        """The entry of that name.

        Raises:
            SettingsError: no such entry; names those there are.
        """
        if name not in self._entries:
            raise SettingsError(self.field, name, f"use one of {', '.join(sorted(self._entries))}")
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
