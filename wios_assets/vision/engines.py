"""Which face engine runs: options in, the process's one engine out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from wios_assets.vision.engine import FaceEngine


@dataclass(frozen=True)
class EngineOptions:
    """Everything that chooses and shapes a face engine; plain data, so that it can travel to a worker process.

    Attributes:
        engine: `dlib` (the reference, through dlib) or `onnx` (the CNN detector and the same embedder, faster).
        cache: folder for converted models.
        threads: threads that one engine may use; tasks × threads should equal the cores.
        device: `cpu`, or `cuda` (engine `onnx` only; needs onnxruntime-gpu and a CUDA device).
        detector_precision: `int8` (CPU only) or `float`; `cuda` always takes `float`.
        smallest_face: height of the smallest face that must be found, as a share of the frame height.
        largest_face: height of the largest face, as a share of the frame height.
        pyramid_ratio: size of a level that the detector looks at, as a share of the one above it, below 1.
        detector_threshold: lowest detector score that makes a face.
    """

    engine: Literal["dlib", "onnx"]
    cache: str
    threads: int
    device: Literal["cpu", "cuda"]
    detector_precision: Literal["int8", "float"]
    smallest_face: float
    largest_face: float
    pyramid_ratio: float
    detector_threshold: float


@lru_cache(maxsize=2)
def load_engine(options: EngineOptions) -> FaceEngine:
    """The engine that `options` describe; one instance a process, made at the first call.

    Raises:
        WiosError: a model file is missing or not understood, or the device is absent.
    """
    if options.engine == "dlib":
        from wios_assets.vision.dlib_engine import DlibEngine

        return DlibEngine()
    from wios_assets.vision.mmod_detector import MmodDetector, Pyramid
    from wios_assets.vision.onnx_engine import DlibEmbedder, OnnxEngine

    cache = Path(options.cache)
    pyramid = Pyramid(options.smallest_face, options.largest_face, options.pyramid_ratio)
    detector = MmodDetector(
        cache,
        options.threads,
        options.device,
        options.detector_precision,
        pyramid,
        options.detector_threshold,
    )
    return OnnxEngine(detector, DlibEmbedder(cache, options.threads, options.device))
