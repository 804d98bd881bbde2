"""The objects that a DVC repository keeps in its cache and its remotes: where, which, and taking some away.

DVC's own `gc` goes by what is named now; an erasure goes by what the objects hold.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.lib.dvc import QUIET
from assets.lib.dvc_words import explained
from shelfspace.errors import ArtifactError

__all__ = ["CACHE", "ObjectStore", "delete_objects", "object_stores"]

CACHE = "cache"
SCRIPT = """
import json, sys
from dvc.repo import Repo
oids = json.load(sys.stdin)
told = {}
with Repo(".") as repo:
    for name in ["cache", *repo.config["remote"]]:
        try:
            store = repo.cache.local if name == "cache" else repo.cloud.get_remote_odb(name)
            held = set(store.all())
            gone = [oid for oid in oids if oid in held]
            for oid in gone:
                store.delete(oid)
            local = store.fs.protocol in ("local", "file")
            left = sorted(held - set(gone))
            told[name] = {"path": store.path, "local": local, "held": left, "gone": gone, "wrong": ""}
        except Exception as error:
            wrong = str(error) or repr(error)
            told[name] = {"path": "", "local": False, "held": [], "gone": [], "wrong": wrong}
print(json.dumps(told))
"""
"""What a process with DVC in it does: one store after the other, so that one that is away stops no other."""


@dataclass(frozen=True)
class ObjectStore:
    """A cache or a remote.

    Attributes:
        name: "cache", or the remote's name.
        path: where its objects lie: a folder of this machine where `local`.
        held: the MD5s of its objects; lists of folders end in `.dir`.
        gone: those that were taken away now.
        wrong: why it could not be asked; "" where it could.
    """

    name: str
    path: str
    local: bool
    held: frozenset[str]
    gone: frozenset[str]
    wrong: str

    def file(self, oid: str) -> Path:
        """Where an object of a local store lies."""
        return Path(self.path) / oid[:2] / oid[2:]

    def listed(self, oid: str) -> set[str]:
        """The objects that a list of a folder names."""
        return {entry["md5"] for entry in json.loads(self.file(oid).read_bytes())}


def object_stores(home: Path) -> list[ObjectStore]:
    """The cache, then the remotes of a repository.

    Raises:
        ArtifactError: DVC refuses to look.
    """
    return delete_objects(home, [])


def delete_objects(home: Path, oids: Iterable[str]) -> list[ObjectStore]:
    """Take objects out of the cache and every remote of a repository; all stores as they are then.

    Raises:
        ArtifactError: DVC refuses; one remote that is away says so in its `wrong`.
    """
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(sorted(oids)),
        cwd=home,
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ArtifactError(explained(["look at its objects"], home, done.stderr))
    told: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return [
        ObjectStore(
            name, one["path"], one["local"], frozenset(one["held"]), frozenset(one["gone"]), one["wrong"]
        )
        for name, one in told.items()
    ]
