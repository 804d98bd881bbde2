"""The surroundings of a training run: deterministic arithmetic, and no chatter."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["deterministic", "quiet"]


@contextmanager
def deterministic() -> Iterator[None]:
    """Keep what Lightning's `deterministic` sets to the block, and its costly debugging aid off."""
    before = torch.are_deterministic_algorithms_enabled()
    switches: Any = torch.utils.deterministic
    filling = switches.fill_uninitialized_memory
    # Filling fresh memory with NaN finds bugs in kernels, and doubles the time of a step.
    switches.fill_uninitialized_memory = False
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS is not deterministic
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        switches.fill_uninitialized_memory = filling


@contextmanager
def quiet() -> Iterator[None]:
    """Without Lightning's notices, and without the warnings that do not apply here."""
    with warnings.catch_warnings():
        # Lightning asks torch for a name that torch has deprecated.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*")
        # Validation rows may be absent; the history says so by having no validation columns.
        warnings.filterwarnings("ignore", message="You defined a `validation_step` but have no")
        import pytorch_lightning  # noqa: F401 - it sets its loggers' levels when imported

        loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
        levels = [logger.level for logger in loggers]
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
