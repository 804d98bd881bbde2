"""Ways to run one part of a network, and how each is prepared.

eager      PyTorch, op by op, float32: always there, and what the others are judged by
traced     a TorchScript graph recorded and frozen in memory; never read from a file, which would be pickle
onnx       an ONNX graph made in memory, run by ONNX Runtime (the extra `onnx`)
bfloat16   weights of linear layers and convolutions in bfloat16, the rest under autocast; an LSTM stays
           in float32, which autocast cannot run (quick where the processor has AMX)
compiled   torch.compile; needs a C++ compiler and minutes, so it is used only where it is asked for
"""

import copy
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.inference.backends.onnx_graph import onnx_session
from models.inference.backends.parts import Part, tensors

__all__ = ["EAGER", "QUICK", "WAYS", "Call", "Unavailable"]

Call = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]
"""The inputs of a part to its outputs; safe for several threads."""
Prepare = Callable[[Part, Sequence[np.ndarray], int], Call]
"""A part, inputs of a few rows to make it ready by, and threads, to a call."""


class Unavailable(Exception):  # noqa: N818 - no error: this way is not for this machine
    """A way that cannot be had here; the message says what it lacks."""


def eager(part: Part, examples: Sequence[np.ndarray], threads: int) -> Call:
    """The module itself."""
    return by_torch(part.module)


def traced(part: Part, examples: Sequence[np.ndarray], threads: int) -> Call:
    """A frozen TorchScript graph of the module."""
    with graphs_of_plain_ops(), torch.no_grad():
        graph = torch.jit.trace(part.module, tuple(tensors(filled(part, examples))), check_trace=False)
        return by_torch(torch.jit.freeze(graph))


def onnx(part: Part, examples: Sequence[np.ndarray], threads: int) -> Call:
    """An ONNX graph of the module in a session of ONNX Runtime."""
    try:
        import onnxruntime  # noqa: F401 - said here, not from within the export
    except ImportError as error:
        raise Unavailable("ONNX Runtime is not installed: add the extra `onnx`") from error
    with graphs_of_plain_ops(), torch.no_grad():
        session = onnx_session(part, tensors(filled(part, examples)), threads)
    # An array that the encoder does not look at is no input of its graph.
    wanted = {given.name for given in session.get_inputs()}

    def call(inputs: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        named = zip(part.inputs, inputs, strict=True)
        return session.run(None, {name: array for name, array in named if name in wanted})

    return call


def bfloat16(part: Part, examples: Sequence[np.ndarray], threads: int) -> Call:
    """The module with its matrix products in bfloat16."""
    module = copy.deepcopy(part.module)
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.RNNBase):
                setattr(parent, name, _Float32(child))
            elif isinstance(child, nn.Linear | nn.Conv1d | nn.Conv2d):
                child.to(torch.bfloat16)
    run = by_torch(module)

    def call(inputs: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        with torch.autocast("cpu", torch.bfloat16):
            return run(inputs)

    return call


def compiled(part: Part, examples: Sequence[np.ndarray], threads: int) -> Call:
    """The module through torch.compile, shapes left open."""
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        raise Unavailable("torch.compile needs a C++ compiler, and none is on the path")
    run = by_torch(torch.compile(part.module, dynamic=True))
    run(examples)
    return run


QUICK: Mapping[str, Prepare] = {"onnx": onnx, "traced": traced, "bfloat16": bfloat16}
"""What a start tries by itself: each is ready within a second or two."""
EAGER = "eager"
WAYS: Mapping[str, Prepare] = {EAGER: eager, **QUICK, "compiled": compiled}


class _Float32(nn.Module):
    """A module that autocast leaves alone."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *values: Tensor) -> Any:
        with torch.autocast("cpu", enabled=False):
            return self.module(*(value.float() for value in values))


def by_torch(module: Callable[..., tuple[Tensor, ...]]) -> Call:
    """A call of arrays through something that takes tensors."""

    def call(inputs: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        with torch.inference_mode():
            return [output.numpy() for output in module(*tensors(inputs))]

    return call


def filled(part: Part, examples: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The examples at full length, the first row's padding overwritten by that row's first id.

    An encoder cuts texts to the longest of them, and a recorded graph holds the length it saw as a
    constant. Having seen the full length it cuts nothing off: whoever calls it has done so.
    """
    found = []
    for name, array in zip(part.inputs, examples, strict=True):
        full = array
        if name in part.longest:
            full = np.pad(array, ((0, 0), (0, part.longest[name] - array.shape[1])))
            full[0] = np.where(full[0] == 0, max(int(full[0, 0]), 1), full[0])
        found.append(full)
    return found


@contextmanager
def graphs_of_plain_ops() -> Iterator[None]:
    """While a graph is recorded: no fused transformer layer, which graphs lack, and no tracer's warnings.

    The warnings are of values that become constants; what that does is found by the agreement on
    other rows.
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
