"""A process that ends with the one that started it."""

import os
import signal
import threading
import time

__all__ = ["end_with_parent"]

EVERY_SECONDS = 1.0


def end_with_parent(parent: int) -> threading.Thread:
    """End this process, as SIGTERM does, once its parent is no more.

    A parent that is killed cannot end its children: they would go on, and hold its port.

    Args:
        parent: process id that `os.getppid` gives while it lives.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(EVERY_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=watch, name="end with parent", daemon=True)
    thread.start()
    return thread
