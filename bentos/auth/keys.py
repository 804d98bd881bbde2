"""API keys: who may ask, for what, and how often.

The keys file holds no key, only SHA-256 hashes. A key is 32 random bytes, so nobody can try
candidates against its hash; the slow, salted hashes made for passwords would only cost the
service time on every request (OWASP, Password Storage Cheat Sheet, treats guessable secrets).

    shelfspace keys create --name storefront --scopes read
    shelfspace keys list
    shelfspace keys revoke KEY_ID

The service reads the file again when it changes, so keys come and go without a restart. Several
keys are valid at once: create the new one, move the clients, revoke the old one.
"""

import hashlib
import hmac
import logging
import math
import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bentos.auth.rate_limit import Bucket
from shelfspace.errors import SettingsError
from shelfspace.files import write_bytes

__all__ = ["SCOPES", "Key", "KeyRing", "KeysFile", "ScopeName", "create_key", "read_keys", "write_keys"]

logger = logging.getLogger("shelfspace.keys")

PREFIX = "shelfspace_"
"""What every key begins with, so that a scanner finds one that was committed by mistake."""
MAX_FILE_BYTES = 1_000_000
LOOK_EVERY_SECONDS = 1.0

ScopeName = Literal["read", "write", "shopper", "events", "insights"]
"""Search and read products; change them; ask by a shopper's history; hand in events that train what is
recommended (without it impressions and clicks alone); read what the shop's people see."""
SCOPES: tuple[ScopeName, ...] = get_args(ScopeName)


class Key(BaseModel):
    """One key, without the key.

    Attributes:
        hash: SHA-256 of the whole key as it is sent, in hexadecimal.
        rate, burst: requests a second, and at once.
        expires: from when on it is refused; null for never.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,32}$")]
    name: Annotated[str, Field(max_length=100)] = ""
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[tuple[ScopeName, ...], Field(min_length=1)] = ("read",)
    rate: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 50
    burst: Annotated[float, Field(ge=1, le=1e6, allow_inf_nan=False)] = 100
    created: AwareDatetime
    expires: AwareDatetime | None = None

    def expired(self, now: float) -> bool:
        """Whether it is over at `now`, in seconds since 1970."""
        return self.expires is not None and self.expires.timestamp() <= now


class KeysFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    keys: Annotated[tuple[Key, ...], Field(max_length=1000)] = ()


def read_keys(path: Path) -> KeysFile:
    """The keys file.

    Raises:
        SettingsError: it is absent, unreadable, or of another form; says where.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise SettingsError("keys", f"{path.name}: over {MAX_FILE_BYTES} bytes", "revoke keys")
        found = KeysFile.model_validate_json(data)
    except OSError as error:
        raise SettingsError("keys", str(path), f"name a readable file ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise SettingsError("keys", f"{path.name}: {place}", f"mend it: {first['msg']}") from None
    if len({key.id for key in found.keys}) != len(found.keys):
        raise SettingsError("keys", path.name, "give every key an id of its own")
    return found


def write_keys(path: Path, keys: KeysFile) -> None:
    """Replace the file at once, readable by its owner alone."""
    before = os.umask(0o077)
    try:
        write_bytes(path, keys.model_dump_json(indent=2).encode() + b"\n")
    finally:
        os.umask(before)


def create_key(
    name: str = "",
    scopes: tuple[ScopeName, ...] = ("read",),
    rate: float = 50,
    burst: float = 100,
    expires: datetime | None = None,
) -> tuple[str, Key]:
    """A new key as it is sent, which is shown once, and what the file keeps of it."""
    token = PREFIX + secrets.token_urlsafe(32)
    key = Key(
        id=secrets.token_hex(4),
        name=name,
        hash=digest(token),
        scopes=scopes,
        rate=rate,
        burst=burst,
        created=datetime.now(UTC).replace(microsecond=0),
        expires=expires,
    )
    return token, key


def digest(token: str) -> str:
    """SHA-256 of a key, in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


class KeyRing:
    """The keys that are valid now; follows the file. Used from the event loop only.

    A file that goes missing or is damaged leaves the keys as they were, and the log says so. A
    file that is damaged from the start lets nobody in: an error must not open the service.

    Args:
        path: the keys file, or None for a service that has none.
        clock: seconds that never run backwards.
        now: seconds since 1970, for expiry.

    Attributes:
        required: whether a request needs a key; so from the moment a keys file is there, even an empty one.
        due: when, by the clock, the file is to be looked at again.
    """

    def __init__(
        self,
        path: Path | None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self.clock = clock
        self._now = now
        self._keys: tuple[Key, ...] | None = None
        self._buckets: dict[str, Bucket] = {}
        self._seen: tuple[int, int, int] | None = None
        self.required = False
        self.due = 0.0 if path else math.inf
        self.problem = ""
        self.refresh()

    def refresh(self) -> None:
        """Look at the file, at most once a second, and take over its keys if it changed."""
        now = self.clock()
        if self._path is None or now < self.due:
            return
        self.due = now + LOOK_EVERY_SECONDS
        try:
            state = self._path.stat()
        except OSError as error:
            if self._keys is not None or not isinstance(error, FileNotFoundError):
                self._keep(f"keys file {self._path} cannot be looked at: {error.strerror}")
                self._seen = None
            return
        seen = (state.st_mtime_ns, state.st_ino, state.st_size)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            keys = read_keys(self._path).keys
        except SettingsError as error:
            self._keep(f"{error}")
            return
        self._take_over(keys)

    def find(self, token: str) -> Key | None:
        """The key that `token` is, expired or not; None where it is none.

        Every key is compared, in time that does not depend on how much of a hash agrees.
        """
        asked = digest(token)
        found = None
        for key in self._keys or ():
            if hmac.compare_digest(key.hash, asked):
                found = key
        return found

    def expired(self, key: Key) -> bool:
        """Whether the key is over by now."""
        return key.expired(self._now())

    def take(self, key: Key) -> int:
        """Count a request of this key; 0, or the seconds until it may ask again."""
        return self._buckets[key.id].take()

    def _take_over(self, keys: tuple[Key, ...]) -> None:
        old = self._buckets
        self._buckets = {}
        for key in keys:
            bucket = old.get(key.id)
            if bucket is None or (bucket.rate, bucket.burst) != (key.rate, key.burst):
                bucket = Bucket(key.rate, key.burst, self.clock)
            self._buckets[key.id] = bucket
        self._keys, self.required = keys, True
        self.problem = ""
        logger.info("%d API keys are known", len(keys))

    def _keep(self, problem: str) -> None:
        if self._keys is None:
            self._keys, self.required = (), True
        if problem != self.problem:
            logger.error("%s; the %d keys known before stay", problem, len(self._keys))
        self.problem = problem
