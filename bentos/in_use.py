"""Bentos that a service runs from: it loads parts of its code when they are first needed."""

import os
from pathlib import Path

__all__ = ["folders_in_use"]


def folders_in_use(bentos: Path) -> set[Path]:
    """Bentos that a process of this machine was started from.

    Args:
        bentos: folder of all Bentos of a name.
    """
    import psutil

    folders, used = [path for path in bentos.iterdir() if path.is_dir()] if bentos.is_dir() else [], set()
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = [process.info["cwd"] or "", *(process.info["cmdline"] or [])]
        for folder in folders:
            tag = f"{bentos.name}:{folder.name}"
            if any(word in (tag, str(folder)) or word.startswith(str(folder) + os.sep) for word in words):
                used.add(folder)
    return used
