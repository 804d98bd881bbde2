"""Named implementations of one thing: an encoder, a fusion, an index.

A new entry is a decorated class; the contract tests run over all that is registered. A name may
carry an argument behind its first colon: what is registered as `glove:<vectors file>` is asked for
as `glove:vectors/en.txt`.
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from shelfspace.errors import SettingsError

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
        self._with_argument: dict[str, tuple[str, T]] = {}  # prefix to its full name and entry

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files its target under `name`; a name is given once.

        Args:
            name: `plain`, or `prefix:<what the argument is>` for an entry that takes one. A class
                may be filed under both.
        """
        prefix, colon, _ = name.partition(":")

        def file(entry: T) -> T:
            if (prefix in self._with_argument) if colon else (name in self._entries):
                raise ValueError(f"{self.field}: {name!r} is registered twice")
            if colon:
                self._with_argument[prefix] = (name, entry)
            else:
                self._entries[name] = entry
            return entry

        return file

    def resolve(self, name: str) -> tuple[T, str | None]:
        """The entry of a name, and what stands behind the name's first colon; None where nothing may.

        Raises:
            SettingsError: no such entry, or its argument is missing; names those there are.
        """
        if name in self._entries:
            return self._entries[name], None
        prefix, colon, argument = name.partition(":")
        if colon and prefix in self._with_argument:
            shown, entry = self._with_argument[prefix]
            if not argument.strip():
                raise SettingsError(self.field, name, f"write {shown}")
            return entry, argument
        raise SettingsError(self.field, name, f"use one of {', '.join(self)}")

    def __getitem__(self, name: str) -> T:
        """The entry of a name, its argument aside; raises as `resolve`."""
        return self.resolve(name)[0]

    def __iter__(self) -> Iterator[str]:
        """All names, as registered."""
        return iter(sorted([*self._entries, *(name for name, _ in self._with_argument.values())]))

    def __len__(self) -> int:
        return len(self._entries) + len(self._with_argument)
