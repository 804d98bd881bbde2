"""Who decides: the name of a key that was given, else a name that nothing vouches for, marked so."""

import os

from shelfspace.approvals import somebody
from shelfspace.errors import SettingsError
from shelfspace.workspace import Workspace

__all__ = ["KEY", "person"]

KEY = "SHELFSPACE_KEY"
"""Variable with a key of the service; its name then stands for the person."""


def person(workspace: Workspace, name: str = "") -> str:
    """The person behind a command or a run.

    Args:
        name: as they gave it; not vouched for.

    Raises:
        SettingsError: SHELFSPACE_KEY is no key of this workspace with the scope `write`.
    """
    token = os.environ.get(KEY)
    if not token:
        return somebody(name)
    from bentos.auth.keys import KeyRing
    from bentos.auth.manage import keys_path

    path = keys_path(workspace)
    key = KeyRing(path).find(token) if path.exists() else None
    if key is None or "write" not in key.scopes:
        raise SettingsError(
            KEY, f"{token[:4]}…", "give a key of this workspace with the scope write, or unset it"
        )
    return key.name or key.id
