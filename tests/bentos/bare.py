"""Any ASGI application on a bare uvicorn in a thread, behind the service's own connections."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from bentos.http.connection import GuardedProtocol


@contextmanager
def uvicorn_serving(app: ASGIApp) -> Iterator[int]:
    """Serve on loopback; yields the port."""
    config = uvicorn.Config(app, http=GuardedProtocol, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        end = time.monotonic() + 30
        while not server.started and time.monotonic() < end:
            time.sleep(0.02)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)
