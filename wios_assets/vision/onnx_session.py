"""ONNX Runtime on the device that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import onnxruntime

from wios_assets.errors import BadInput, Unavailable

Device = Literal["cpu", "cuda"]


def open_session(path: Path, threads: int, device: Device) -> Any:
    """ONNX Runtime session of a graph, an `onnxruntime.InferenceSession`.

    Args:
        path: ONNX file.
        threads: threads that one run may use.
        device: `cpu`, or `cuda` where onnxruntime-gpu is installed and a CUDA device answers.

    Raises:
        WiosError: the device is absent, or the file is no graph that the runtime can run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait by spinning take the cores from the decoder and from other tasks.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Errors are raised; what the runtime would print besides is no use to a reader.
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    if device == "cuda":
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise Unavailable(
                "device `cuda`: the installed ONNX Runtime has no CUDA; put onnxruntime-gpu in place of onnxruntime, "
                "or set device to `cpu`"
            )
        providers.insert(0, "CUDAExecutionProvider")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:
        # The runtime has an exception class for each of its status codes and no common one.
        raise BadInput(f"{path}: ONNX Runtime cannot load this file ({error}); replace or remove it") from None
    if providers[0] not in session.get_providers():
        raise Unavailable("device `cuda`: no CUDA device answers; look at `nvidia-smi`, or set device to `cpu`")
    return session
