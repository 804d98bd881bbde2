"""Which device a setting means."""

import torch

from shelfspace.errors import SettingsError

__all__ = ["resolve_device"]


def resolve_device(name: str) -> torch.device:
    """`auto` is the first CUDA device where there is one, else the CPU.

    Raises:
        SettingsError: an unknown name, or cuda where there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    if name.split(":", maxsplit=1)[0] != "cuda":
        raise SettingsError("device", name, "use auto, cpu or cuda")
    if not torch.cuda.is_available():
        raise SettingsError("device", name, "no CUDA device is here; use cpu or auto")
    return torch.device(name)
