"""What BentoML counts, by route: its middleware makes a series of each path that anybody asks for.

A photo's address holds a product's id, and a stranger invents paths without end; each would take memory and
a place in the files that BentoML counts in, and stay there. It counts under the route's name instead, the one
that stands in the access log, so there are no more series than routes and kinds of answers.
"""

from typing import Any, cast

from bentoml._internal.server.http import instruments
from starlette.types import ASGIApp, Receive, Scope, Send

from bentos.http.guard import route_of

__all__ = ["RouteMetrics", "count_by_route"]

ASKED = "shelfspace.asked"
"""Key of the request's own scope within the one that is counted."""


class RouteMetrics(instruments.RunnerTrafficMetricsMiddleware):
    """BentoML's outermost layer; what lies within sees the request as it came."""

    def __init__(self, app: ASGIApp, **options: Any) -> None:
        async def within(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope.get(ASKED, scope), receive, send)

        super().__init__(within, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request by its route; what has no path, such as the start of the server, is passed on."""
        if "path" in scope:
            scope = {**scope, "path": route_of(scope["path"]), ASKED: scope}
        await super().__call__(scope, receive, send)


def count_by_route() -> None:
    """Make this the middleware of BentoML applications that are made from now on."""
    cast(Any, instruments).RunnerTrafficMetricsMiddleware = RouteMetrics
