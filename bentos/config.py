"""What one service process runs with: settings baked into the Bento, overridden by the environment.

SHELFSPACE_RELEASES   workspace folder whose `current` release is served and watched;
                      without it, and until that folder has one, the release inside the Bento
SHELFSPACE_LIVE       folder of the request log and of shoppers' events; without it neither is kept
SHELFSPACE_MEDIA      snapshot folder with the photos and sounds of the catalogue; default the one of the
                      workspace, else those that travel inside the Bento
SHELFSPACE_RULES      file of the merchandising rules; default rules.yaml of the workspace
SHELFSPACE_SYNONYMS   file of words that mean the same; default synonyms.yaml of the workspace
SHELFSPACE_KEYS       file of API keys; without it keys.json in the workspace folder, where there is one
SHELFSPACE_DATABASE   connection string of PostgreSQL, where service.index is postgresql
SHELFSPACE_SETTINGS   a params.yaml to use instead of the baked settings
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog.snapshot.user_key import user_key_path
from shelfspace.errors import SettingsError
from shelfspace.files import read_json
from shelfspace.settings import Settings, load_settings

__all__ = ["BAKED", "SERVER", "ServiceConfig", "database_address", "read_config"]

BAKED = Path(__file__).resolve().parent / "baked"
"""Inside a Bento: settings.json, requirements.txt, release/ and media/. Absent in the checkout."""

SERVER = "SHELFSPACE_SERVER"
"""Variable with the process id of the server that a worker ends with."""

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class ServiceConfig:
    """Everything a service process is told.

    Attributes:
        settings: all settings; the service reads service, media and preprocessing.
        releases: workspace folder to watch, or None.
        baked_release: release folder inside the Bento, or None.
        live: folder of the request log, or None for no log.
        media: folder whose `media/` are shown, a snapshot or what the Bento holds; or None.
        rules: file of the merchandising rules, which need not be there; None for no rules.
        synonyms: file of words that mean the same, which need not be there; None for none.
        poll_seconds: how often `current`, the rules and the synonyms are looked at.
        keys: file of API keys, which may not be there yet, or None.
        user_key: file of the secret that shopper ids are hashed with, which may not be there yet, or None.
        database: connection string, which may hold a password; "" where no server is used.
    """

    settings: Settings
    releases: Path | None = None
    baked_release: Path | None = None
    live: Path | None = None
    media: Path | None = None
    rules: Path | None = None
    synonyms: Path | None = None
    poll_seconds: float = POLL_SECONDS
    keys: Path | None = None
    user_key: Path | None = None
    database: str = field(default="", repr=False)


def read_config(environment: Mapping[str, str] | None = None, baked: Path = BAKED) -> ServiceConfig:
    """Read the configuration of this process.

    Raises:
        SettingsError: settings that are not usable, or a folder that is not there.
    """
    env = os.environ if environment is None else environment
    file = env.get("SHELFSPACE_SETTINGS")
    if file:
        settings = load_settings(Path(file))
    elif (baked / "settings.json").is_file():
        settings = load_settings(overrides=read_json(baked / "settings.json"))
    else:
        settings = load_settings()
    releases = _folder(env, "SHELFSPACE_RELEASES")
    if releases is not None and not releases.is_dir():
        raise SettingsError("SHELFSPACE_RELEASES", str(releases), "name the folder of a workspace")
    keys = _folder(env, "SHELFSPACE_KEYS")
    if keys is not None and not keys.is_file():
        # A mistyped name must not open the service.
        raise SettingsError("SHELFSPACE_KEYS", str(keys), "name a file that `shelfspace keys` made")
    release = baked / "release"
    rules, synonyms = _folder(env, "SHELFSPACE_RULES"), _folder(env, "SHELFSPACE_SYNONYMS")
    return ServiceConfig(
        settings=settings,
        releases=releases,
        baked_release=release if release.is_dir() else None,
        live=_folder(env, "SHELFSPACE_LIVE"),
        media=media_folder(env, releases, baked),
        rules=rules or (None if releases is None else releases / "rules.yaml"),
        synonyms=synonyms or (None if releases is None else releases / "synonyms.yaml"),
        keys=keys or (releases / "keys.json" if releases else None),
        user_key=user_key_file(settings, releases),
        database=database_address(settings, env),
    )


def media_folder(env: Mapping[str, str], releases: Path | None, baked: Path) -> Path | None:
    """Where photos and sounds lie: the named folder, else the workspace's snapshot, else the Bento."""
    named = _folder(env, "SHELFSPACE_MEDIA")
    snapshot = None if releases is None else releases / "snapshot"
    if named is not None or (snapshot is not None and snapshot.is_dir()):
        return named or snapshot
    return baked if (baked / "media").is_dir() else snapshot


def user_key_file(settings: Settings, releases: Path | None) -> Path | None:
    """The secret of shopper ids: the named file, else the workspace's; None where there is neither."""
    if not settings.service.user_key_file and releases is None:
        return None
    return user_key_path(releases / "state" if releases else Path(), settings.service.user_key_file)


def database_address(settings: Settings, env: Mapping[str, str]) -> str:
    """The connection string of PostgreSQL; "" where the release's own index is searched.

    Raises:
        SettingsError: PostgreSQL is asked for and there is no address, a malformed one, or no driver.
    """
    if settings.service.index == "release":
        return ""
    try:
        from retrieval.vectors.postgres.connection import check_address
    except ImportError as error:
        remedy = f"install the extra pgvector, or use release ({error.name} is not there)"
        raise SettingsError("service.index", settings.service.index, remedy) from error
    address = env.get("SHELFSPACE_DATABASE", "")
    if not address:
        remedy = "give the server's connection string, such as postgresql://user@host/database"
        raise SettingsError("SHELFSPACE_DATABASE", "", remedy)
    check_address("SHELFSPACE_DATABASE", address)
    return address


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    return Path(value).expanduser().resolve() if value else None
