"""Which face engine runs: options in, the process's one engine out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from wios_assets.vision.engine import FaceEngine


@dataclass(frozen=True)
class EngineOptions:
    """Everything that chooses and shapes a face engine; plain data, so that it can travel to a worker process.

    Attributes:
        engine: `dlib` (the reference, through dlib) or `onnx` (the same networks in ONNX Runtime).
        cache: folder for converted models.
        threads: threads that one engine may use; tasks × threads should equal the cores.
        device: `cpu` or `cuda` (needs onnxruntime-gpu and a CUDA device; engine `onnx` only).
    """

    engine: Literal["dlib", "onnx"]
    cache: str
    threads: int
    device: Literal["cpu", "cuda"]


@lru_cache(maxsize=2)
def load_engine(options: EngineOptions) -> FaceEngine:
    """The engine that `options` describe; one instance a process, made at the first call.

    Raises:
        WiosError: a model file is missing or not understood, or the device is absent.
    """
    from wios_assets.vision.dlib_engine import DlibEngine

    return DlibEngine()
