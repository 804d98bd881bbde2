"""A flipped bit, as a disk or a cable makes one."""

import random
from pathlib import Path

__all__ = ["flip"]


def flip(file: Path, draw: random.Random) -> None:
    """Turn one bit of a file."""
    data, mode = bytearray(file.read_bytes()), file.stat().st_mode
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    file.unlink()  # another name of the same file stays whole
    file.write_bytes(data)
    file.chmod(mode)
