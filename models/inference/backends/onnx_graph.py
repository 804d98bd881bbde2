"""A part of the network as an ONNX graph, made in memory, and a session of ONNX Runtime on it."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor

from models.inference.backends.parts import Part

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["onnx_session"]

OPSET = 17
FATAL = 4
"""Least severity of what ONNX Runtime logs: its errors are raised as well, and its warnings are of
graph rewrites that it leaves out."""


def onnx_session(part: Part, examples: Sequence[Tensor], threads: int) -> "InferenceSession":
    """Export and load a part; rows, and the length of padded inputs, are left open.

    Raises:
        Exception: of the exporter or the runtime, which have no common base, where the part holds
            something ONNX has no operator for.
    """
    import onnxruntime

    axes = {name: {0: "rows"} for name in (*part.inputs, *part.outputs)}
    for name in part.longest:
        axes[name][1] = f"length of {name}"
    stream = io.BytesIO()
    # The exporter on torch.export takes seconds more and unrolls an LSTM.
    with no_print():
        torch.onnx.export(
            part.module, tuple(examples), cast(Any, stream), dynamo=False, opset_version=OPSET,
            input_names=list(part.inputs), output_names=list(part.outputs), dynamic_axes=axes,
        )  # fmt: skip
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A waiting thread sleeps: the cores are the web server's too.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Memory is planned for each shape and kept: lengths differ from text to text.
    options.enable_mem_pattern = False
    options.log_severity_level = FATAL
    return onnxruntime.InferenceSession(stream.getvalue(), options, providers=["CPUExecutionProvider"])


@contextmanager
def no_print() -> Iterator[None]:
    """Without the exporter's own log: it prints all of a graph that it cannot export, and has no switch."""
    said = torch._C._jit_onnx_log
    torch._C._jit_onnx_log = lambda *_: None
    try:
        yield
    finally:
        torch._C._jit_onnx_log = said
