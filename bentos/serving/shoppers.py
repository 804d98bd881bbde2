"""Shoppers and orders by their pseudonyms: the service never keeps an identifier that a shop gives."""

from pathlib import Path

from bentos.errors import RequestError
from catalog.snapshot.user_key import order_pseudonym, pseudonym, read_user_key
from shelfspace.errors import ArtifactError

__all__ = ["Shoppers"]


class Shoppers:
    """Turns ids of shoppers and orders into the same keyed hashes as collection does.

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
        return pseudonym(user_id, self._secret(field, "a shopper")) if user_id else ""

    def order(self, order_id: str, field: str) -> str:
        """The same of an order's id."""
        return order_pseudonym(order_id, self._secret(field, "an order")) if order_id else ""

    def _secret(self, field: str, what: str) -> bytes:
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
                f"without it no id of {what} can be kept safely"
            )
            # Not the id: an answer may end in somebody's log.
            raise RequestError(400, field, what, remedy) from error
        return self._key
