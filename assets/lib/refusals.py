"""Our own refusals, as Dagster's UI shows them: the sentence first, then where it was raised."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from shelfspace.errors import ShelfspaceError

__all__ = ["refusals_first"]


@contextmanager
def refusals_first() -> Iterator[None]:
    """Turn a refusal into Dagster's own failure, which it shows by its description; a bug stays as it is.

    Raises:
        dagster.Failure: with the refusal's sentence, and the refusal as its cause.
    """
    try:
        yield
    except ShelfspaceError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
