"""Shoppers by their pseudonyms: the service never keeps an identifier that a shop gives."""

from pathlib import Path

from bentos.errors import RequestError
from catalog.snapshot.user_key import pseudonym, read_user_key
from shelfspace.errors import ArtifactError

__all__ = ["Shoppers"]


class Shoppers:
    """Turns shopper ids into the same keyed hashes as collection does.

    Args:
        path: file of the secret; it may come later. None where the service has none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._key = b""

    def pseudonym(self, user_id: str, field: str = "user_id") -> str:
        """The keyed hash of an id; "" of none.

        Raises:
            RequestError: 400 where there is no key, naming `field`.
        """
        return pseudonym(user_id, self._secret(field)) if user_id else ""

    def _secret(self, field: str) -> bytes:
        try:
            if self._path is None:
                raise FileNotFoundError
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                self._key, self._seen = read_user_key(self._path), seen
        except (OSError, ArtifactError) as error:
            why = "is damaged" if isinstance(error, ArtifactError) else "is not there"
            remedy = (
                f"leave it out, or name the key of shopper ids in service.user_key_file (the file {why}); "
                "without it no shopper's id can be kept safely"
            )
            # Not the id: an answer may end in somebody's log.
            raise RequestError(400, field, "a shopper", remedy) from error
        return self._key
