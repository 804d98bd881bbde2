import os
import signal
import subprocess
import sys
import time

import pytest

CHILD = """
import os, time
from shelfspace.parent import end_with_parent
end_with_parent(os.getppid())
print("up", os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_when_its_parent_is_killed(how: int) -> None:
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        word, child = parent.stdout.readline().split()
        assert word == "up"
        parent.send_signal(how)
        parent.wait()
        end = time.monotonic() + 20
        while alive(int(child)):
            assert time.monotonic() < end, "the child lives on"
            time.sleep(0.1)


def alive(process: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        os.kill(process, 0)
        with open(f"/proc/{process}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
