"""Builds the face engine that the options describe."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import cv2

from wios_assets.errors import BadInput
from wios_assets.vision.alignment import LANDMARKS_FILE, file_hash, model_path
from wios_assets.vision.dlib_engine import EMBEDDER_FILE, DlibEngine
from wios_assets.vision.dlib_engine import PREPROCESSING as DLIB_PREPROCESSING
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.face_aligner import FaceAligner
from wios_assets.vision.mmod_detector import DETECTOR_FILE, MmodDetector, Pyramid
from wios_assets.vision.model_description import (
    DetectorDescription,
    EmbedderDescription,
    description_path,
    read_description,
)
from wios_assets.vision.onnx_engine import PREPROCESSING as ONNX_PREPROCESSING
from wios_assets.vision.onnx_engine import CnnDetector, Detector, DlibEmbedder, Embedder, TwoPartEngine
from wios_assets.vision.options import EngineOptions
from wios_assets.vision.own_models import BoxesDetector, OwnEmbedder, SFace
from wios_assets.vision.paired_embedder import DlibNetwork, PairedEmbedder
from wios_assets.vision.sface import ChipSFace
from wios_assets.vision.yunet import THRESHOLD as YUNET_THRESHOLD
from wios_assets.vision.yunet import YuNet
from wios_assets.vision.zoo import SFACE_FILE, YUNET_FILE, zoo_file
from wios_assets.vision.zoo_graphs import is_yunet


@lru_cache(maxsize=2)
def load_engine(options: EngineOptions) -> FaceEngine:
    """The engine that `options` describe; one instance a process, made at the first call.

    OpenCV's own threads are limited to `options.threads`, too.

    Raises:
        BadInput: a model file or its description is missing or not understood, or an option does not fit the engine.
        Unavailable: the device or a package is absent.
    """
    cv2.setNumThreads(options.threads)
    if options.engine == "dlib":
        _refuse_beside_dlib(options)
        reference = DlibEngine(_threshold(options, 0.0))
        return TwoPartEngine(reference, _paired(reference, options))
    return TwoPartEngine(_detector(options), _embedder(options))


def results_version(options: EngineOptions) -> str:
    """Hash of all that decides an engine's boxes, landmarks and embeddings, the contents of the model files and of
    their descriptions included.

    Threads and the cache folder do not count, nor does the path of a model file.

    Raises:
        BadInput: a model file is missing.
    """
    facts = asdict(options)
    for name in ("cache", "threads"):
        del facts[name]
    for name in ("detector_model", "embedder_model"):
        facts[name] = facts[name] and _content(_existing(facts[name], name))
    shipped = [file_hash(model_path(name)) for name in (DETECTOR_FILE, LANDMARKS_FILE, EMBEDDER_FILE)]
    shipped += [file_hash(zoo_file(name)) for name in (YUNET_FILE, SFACE_FILE)]
    code = DLIB_PREPROCESSING if options.engine == "dlib" else ONNX_PREPROCESSING
    return hashlib.sha256(repr((sorted(facts.items()), shipped, code)).encode()).hexdigest()[:16]


def _refuse_beside_dlib(options: EngineOptions) -> None:
    if options.device != "cpu":
        raise BadInput("device `cuda`: engine `dlib` runs on the CPU; set engine to `onnx`, or device to `cpu`")
    for name in ("detector_model", "embedder_model"):
        if getattr(options, name):
            raise BadInput(f"{name}: engine `dlib` takes no own models; set engine to `onnx`")


def _detector(options: EngineOptions) -> Detector:
    cache, threads, device = Path(options.cache), options.threads, options.device
    if not options.detector_model and options.detector == "mmod":
        pyramid = Pyramid(options.smallest_face, options.largest_face, options.pyramid_ratio)
        precision, threshold = options.detector_precision, _threshold(options, 0.0)
        return CnnDetector(MmodDetector(cache, threads, device, precision, pyramid, threshold))
    path = _existing(options.detector_model, "detector_model") if options.detector_model else zoo_file(YUNET_FILE)
    if not options.detector_model or is_yunet(path):
        return YuNet(path, cache, threads, device, _threshold(options, YUNET_THRESHOLD), options.smallest_face)
    description = read_description(path, DetectorDescription, "YuNet")
    return BoxesDetector(path, threads, device, description, _threshold(options, 0.7))


def _embedder(options: EngineOptions) -> Embedder:
    if not options.embedder_model:
        first = DlibEmbedder(Path(options.cache), options.threads, options.device)
        return _paired(first, options)
    path = _existing(options.embedder_model, "embedder_model")
    if not description_path(path).exists():
        return SFace(path)
    description = read_description(path, EmbedderDescription, "SFace")
    return OwnEmbedder(path, options.threads, options.device, description)


def _paired(first: DlibNetwork, options: EngineOptions) -> PairedEmbedder:
    cache = Path(options.cache)
    sface = ChipSFace(cache, options.threads, options.device)
    return PairedEmbedder(first, sface, FaceAligner(cache, options.threads, options.device))


def _threshold(options: EngineOptions, default: float) -> float:
    return default if options.detector_threshold is None else options.detector_threshold


def _existing(path: str, name: str) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise BadInput(f"{name}: {file}: there is no such file; correct the path")
    return file


def _content(model: Path) -> tuple[str, str | None]:
    description = description_path(model)
    return file_hash(model), file_hash(description) if description.is_file() else None
