"""Which face engine runs: options in, the process's one engine out."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2

from wios_assets.errors import WiosError
from wios_assets.vision.alignment import LANDMARKS_FILE, file_hash, model_path
from wios_assets.vision.dlib_engine import EMBEDDER_FILE, DlibEngine
from wios_assets.vision.dlib_engine import PREPROCESSING as DLIB_PREPROCESSING
from wios_assets.vision.engine import FaceEngine
from wios_assets.vision.mmod_detector import DETECTOR_FILE, MmodDetector, Pyramid
from wios_assets.vision.onnx_engine import PREPROCESSING as ONNX_PREPROCESSING
from wios_assets.vision.onnx_engine import CnnDetector, Detector, DlibEmbedder, Embedder, TwoPartEngine
from wios_assets.vision.own_models import BoxesDetector, OwnEmbedder, SFace, YuNet, is_yunet
from wios_assets.vision.paired_embedder import PairedEmbedder
from wios_assets.vision.sface import SFACE_FILE, YUNET_FILE, ChipSFace, zoo_file

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class EngineOptions:
    """Everything that chooses and shapes a face engine; plain data, so that it can travel to a worker process.

    Attributes:
        engine: `dlib` (HOG detector and embedder through dlib, the reference) or `onnx` (the CNN detector and the same
            embedder, faster); SFace's embedding joins dlib's in both.
        cache: folder for converted models.
        threads: threads that one engine may use; tasks × threads should equal the cores.
        device: `cpu`, or `cuda` (engine `onnx` only; needs onnxruntime-gpu and a CUDA device).
        detector_precision: `int8` (CPU only) or `float`; `cuda` always takes `float`.
        smallest_face: height of the smallest face that must be found, as a share of the frame height.
        largest_face: height of the largest face, as a share of the frame height.
        pyramid_ratio: size of a level that the detector looks at, as a share of the one above it, below 1.
        detector_threshold: score above which a window is a face, on the detector's own scale: about -1 to 1.5 for
            dlib's, 0 to 1 for own ones. None for the detector's usual one: 0 for dlib's, 0.8 for YuNet, 0.7 for others.
        detector_model: ONNX file of an own detector, engine `onnx` only. YuNet needs its path alone; any other, also
            the next four.
        detector_input: width and height in pixels of an own detector's input.
        detector_mean: colour taken off each pixel (0–255) before an own detector, in the order of its channels.
        detector_deviation: what each channel is divided by after that.
        detector_channels: order of the colours that an own detector takes.
        embedder_model: ONNX file of an own embedder, engine `onnx` only. SFace needs its path alone; any other, also
            the rest.
        embedder_input: height and width in pixels of an own embedder's chip.
        embedder_mean: colour taken off each pixel before an own embedder, in the order of its channels.
        embedder_deviation: what each channel is divided by after that.
        embedder_channels: order of the colours that an own embedder takes.
        embedder_alignment: how its chips are cut: `arcface` (eyes, nose and mouth on ArcFace's places) or `dlib`.
        embedding_length: numbers in an own embedder's embedding.
        embedding_distance: how embeddings are compared: `cosine` or `euclidean`.
    """

    engine: Literal["dlib", "onnx"]
    cache: str
    threads: int
    device: Literal["cpu", "cuda"]
    detector_precision: Literal["int8", "float"]
    smallest_face: float
    largest_face: float
    pyramid_ratio: float
    detector_threshold: float | None
    detector_model: str | None = None
    detector_input: tuple[int, int] | None = None
    detector_mean: Colour | None = None
    detector_deviation: Colour | None = None
    detector_channels: Literal["rgb", "bgr"] | None = None
    embedder_model: str | None = None
    embedder_input: int | None = None
    embedder_mean: Colour | None = None
    embedder_deviation: Colour | None = None
    embedder_channels: Literal["rgb", "bgr"] | None = None
    embedder_alignment: Literal["dlib", "arcface"] | None = None
    embedding_length: int | None = None
    embedding_distance: Literal["euclidean", "cosine"] | None = None


@lru_cache(maxsize=2)
def load_engine(options: EngineOptions) -> FaceEngine:
    """The engine that `options` describe; one instance a process, made at the first call.

    OpenCV's own threads are limited to `options.threads`, too.

    Raises:
        WiosError: a model file is missing or not understood, an option is missing, or the device is absent.
    """
    cv2.setNumThreads(options.threads)
    if options.engine == "dlib":
        _refuse_beside_dlib(options)
        reference = DlibEngine(_threshold(options, 0.0))
        return TwoPartEngine(reference, PairedEmbedder(reference, _sface(options)))
    return TwoPartEngine(_detector(options), _embedder(options))


def results_version(options: EngineOptions) -> str:
    """Hash of all that decides an engine's boxes, landmarks and embeddings, the model files' contents included.

    Threads and the cache folder do not count, nor does where a model file lies.

    Raises:
        WiosError: a model file is missing.
    """
    facts = asdict(options)
    for name in ("cache", "threads"):
        del facts[name]
    for name in ("detector_model", "embedder_model"):
        facts[name] = facts[name] and file_hash(_existing(facts[name], name))
    shipped = [file_hash(model_path(name)) for name in (DETECTOR_FILE, LANDMARKS_FILE, EMBEDDER_FILE)]
    shipped += [file_hash(zoo_file(name)) for name in (YUNET_FILE, SFACE_FILE)]
    code = DLIB_PREPROCESSING if options.engine == "dlib" else ONNX_PREPROCESSING
    return hashlib.sha256(repr((sorted(facts.items()), shipped, code)).encode()).hexdigest()[:16]


def _refuse_beside_dlib(options: EngineOptions) -> None:
    if options.device != "cpu":
        raise WiosError("device `cuda`: engine `dlib` runs on the CPU; set engine to `onnx`, or device to `cpu`")
    for name in ("detector_model", "embedder_model"):
        if getattr(options, name):
            raise WiosError(f"{name}: engine `dlib` takes no own models; set engine to `onnx`")


def _detector(options: EngineOptions) -> Detector:
    if not options.detector_model:
        pyramid = Pyramid(options.smallest_face, options.largest_face, options.pyramid_ratio)
        return CnnDetector(
            MmodDetector(
                Path(options.cache),
                options.threads,
                options.device,
                options.detector_precision,
                pyramid,
                _threshold(options, 0.0),
            )
        )
    path = _existing(options.detector_model, "detector_model")
    if is_yunet(path):
        return YuNet(path, _threshold(options, 0.8), options.smallest_face)
    names = ("detector_input", "detector_mean", "detector_deviation", "detector_channels")
    size, mean, deviation, channels = _needed(options, path, "YuNet", names)
    threshold = _threshold(options, 0.7)
    return BoxesDetector(path, options.threads, options.device, size, mean, deviation, channels, threshold)


def _embedder(options: EngineOptions) -> Embedder:
    if not options.embedder_model:
        first = DlibEmbedder(Path(options.cache), options.threads, options.device)
        return PairedEmbedder(first, _sface(options))
    path = _existing(options.embedder_model, "embedder_model")
    names = (
        "embedder_input",
        "embedder_mean",
        "embedder_deviation",
        "embedder_channels",
        "embedder_alignment",
        "embedding_length",
        "embedding_distance",
    )
    if all(getattr(options, name) is None for name in names):
        return SFace(path)
    return OwnEmbedder(path, options.threads, options.device, *_needed(options, path, "SFace", names))


def _sface(options: EngineOptions) -> ChipSFace:
    return ChipSFace(Path(options.cache), options.threads, options.device)


def _threshold(options: EngineOptions, usual: float) -> float:
    return usual if options.detector_threshold is None else options.detector_threshold


def _existing(path: str, name: str) -> Path:
    file = Path(path).expanduser()
    if not file.is_file():
        raise WiosError(f"{name}: {file}: there is no such file; correct the path")
    return file


def _needed(options: EngineOptions, path: Path, known: str, names: tuple[str, ...]) -> list:
    missing = [name for name in names if getattr(options, name) is None]
    if missing:
        raise WiosError(f"{path}: is not {known}, whose path is enough; set {', '.join(missing)} too")
    return [getattr(options, name) for name in names]
