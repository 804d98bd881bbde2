"""What the layers of HTTP ask of the application behind them."""

from dataclasses import dataclass
from typing import Any, Protocol

from bentos.api.limits import Admission, Limits
from bentos.api.parsing import Files
from bentos.auth.access import ANYONE, Door, Visitor
from bentos.errors import RequestError
from bentos.serving.backend import Backend
from bentos.telemetry.access_log import AccessLog

__all__ = ["Running", "Served"]


class Served(Protocol):
    """One application.

    Attributes:
        limits, admission: bounds of one request, and of all in flight.
        backend: what pages and media are read from.
        access, door, host_names: the access log, the check of API keys, the names it may be asked by.
    """

    limits: Limits
    admission: Admission
    backend: Backend
    access: AccessLog
    door: Door
    host_names: frozenset[str]

    async def answer(
        self, name: str, body: Any, files: Files | None = None, visitor: Visitor = ANYONE
    ) -> dict[str, Any]:
        """The answer of a route to a body."""
        ...

    def refused(self, name: str, refusal: RequestError, seconds: float) -> None:
        """Take note of a refusal."""
        ...


@dataclass(eq=False)
class Running:
    """What runs in this process.

    Attributes:
        application: None before the service exists.
    """

    application: Served | None = None

    def started(self) -> Served:
        """The application.

        Raises:
            RequestError: 503 before the service exists.
        """
        if self.application is None:
            raise RequestError(503, "service", "starting", "retry when /readyz answers 200", retry_after=2)
        return self.application
