"""Waiting for something in another process, with that process's last words when it does not come."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest


def wait_for(
    true: Callable[[], bool],
    seconds: float,
    process: "subprocess.Popen[bytes] | None" = None,
    log: Path | None = None,
    pause: float = 0.5,
) -> None:
    """Poll until `true()` holds; connection errors count as not yet.

    Fails the test when the time is up or the process has ended, showing the end of its log.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if true():
                return
        except httpx.TransportError:
            # The server is not listening yet; the deadline bounds this.
            pass
        if process is not None and process.poll() is not None:
            break
        time.sleep(pause)
    said = log.read_text(errors="replace")[-6000:] if log is not None and log.exists() else ""
    state = (
        "still running" if process is None or process.poll() is None else f"ended with {process.returncode}"
    )
    pytest.fail(f"not within {seconds:.0f} s ({state})\n{said}")
