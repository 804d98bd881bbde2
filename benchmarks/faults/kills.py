"""Kills and disks that refuse, at a chosen write: the process's own calls are counted, no code is changed."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["fail_at", "kill_at"]


def kill_at(
    number: int, calls: tuple[str, ...] = ("replace", "fsync"), where: str = ""
) -> Callable[[], None]:
    """Arm a kill -9 of this very process at the n-th write that counts, before it is done.

    Args:
        calls: functions of `os` that are counted.
        where: text in the path of a call that counts; of a file handle the path is looked up.
    """

    def end() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return armed(number, calls, where, end)


def fail_at(number: int, code: int = errno.ENOSPC, where: str = "") -> Callable[[], None]:
    """Arm a disk that refuses from the n-th write on."""

    def refuse() -> None:
        raise OSError(code, os.strerror(code))

    return armed(number, ("replace", "fsync"), where, refuse, once=False)


def armed(
    number: int, calls: tuple[str, ...], where: str, act: Callable[[], None], once: bool = True
) -> Callable[[], None]:
    def arm() -> None:
        counted = 0

        def watch(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                nonlocal counted
                if not where or any(where in path_of(argument) for argument in arguments):
                    counted += 1
                    if counted == number or (counted > number and not once):
                        act()
                return original(*arguments, **named)

            return call

        for name in calls:
            setattr(os, name, watch(getattr(os, name)))

    return arm


def path_of(argument: object) -> str:
    """The path that an argument of a call stands for."""
    if isinstance(argument, int):
        try:
            return str(Path(f"/proc/self/fd/{argument}").readlink())
        except OSError:
            return ""
    return str(argument)
