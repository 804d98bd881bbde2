"""What is opened of each application when a release is loaded: one file an application, one table of them.

A file here holds an `Opener`. An application that only has rows by product needs none: its table is read
anyway (`asked.loaded.insight`). The table takes the records of all modules here, by name.
"""

from importlib import import_module
from pkgutil import iter_modules

from bentos.serving.applications.opener import Opener

__all__ = ["OPENERS"]

OPENERS: dict[str, Opener] = {
    record.name: record
    for module in sorted(found.name for found in iter_modules(__path__))
    for record in vars(import_module(f"{__name__}.{module}")).values()
    if isinstance(record, Opener)
}
"""By application."""
