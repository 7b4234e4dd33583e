"""Options of the engine and of one pass over a film, with their defaults; imports nothing heavy.

The defaults stand here and nowhere else: the settings take theirs from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class EngineOptions:
    """Everything that chooses and shapes a face engine; plain data, so that it can travel to a worker process.

    Attributes:
        cache: folder for converted models.
        threads: threads that one engine may use; tasks × threads should equal the cores.
        engine: `dlib` (HOG detector and embedder through dlib, the reference) or `onnx` (a CNN detector and the same
            embedder, faster); SFace's embedding joins dlib's in both.
        device: `cpu`, or `cuda` (engine `onnx` only; needs onnxruntime-gpu and a CUDA device).
        detector: detector of the engine `onnx`: `yunet` (OpenCV's, by far the fastest) or `mmod` (dlib's CNN).
        detector_precision: precision of `mmod`: `int8` (CPU only) or `float`; `cuda` always takes `float`.
        smallest_face: height of the smallest face that must be found, as a share of the frame height.
        largest_face: height of the largest face that `mmod` must find, as a share of the frame height.
        pyramid_ratio: size of a level of `mmod`'s image pyramid, as a share of the level above it, below 1.
        detector_threshold: score above which a window is a face, on the detector's own scale: about -1 to 1.5 for
            dlib's, 0 to 1 for all others. None for the detector's default: 0 for dlib's, 0.6 for YuNet, 0.7 for others.
        detector_model: ONNX file of an own detector, engine `onnx` only. YuNet needs its path alone; any other needs
            a description beside it (`vision.model_description`).
        embedder_model: ONNX file of an own embedder, engine `onnx` only. SFace needs its path alone; any other needs
            a description beside it.
    """

    cache: str
    threads: int
    engine: Literal["dlib", "onnx"] = "onnx"
    device: Literal["cpu", "cuda"] = "cpu"
    detector: Literal["yunet", "mmod"] = "yunet"
    detector_precision: Literal["int8", "float"] = "int8"
    smallest_face: float = 1 / 12
    largest_face: float = 1.0
    pyramid_ratio: float = 0.7
    detector_threshold: float | None = None
    detector_model: str | None = None
    embedder_model: str | None = None


@dataclass(frozen=True)
class ShotOptions:
    """What counts as a cut. Changes are on a scale of 0 to 255, correlations from -1 to 1.

    Attributes:
        ratio: how many times the change at a cut exceeds the mean change of the pictures around it.
        smallest_change: least change at a cut: mean difference of the pixels' brightness and hue, hue at half weight,
            over the part of the picture that is not black in both.
        smallest_distance: least root mean square difference of the thumbnails at a cut; hue, and with it the change,
            is unsteady in the dark.
        window_s: seconds before and after within which pictures make up that mean.
        picture_width: width in pixels of the small pictures compared.
        large_change: change that is large in itself, if the pictures are unlike too; such changes are left out of the
            mean that others are compared with.
        large_ratio: how many times a large change exceeds the mean of those around it that are not large.
        unlike: correlation up to which two pictures are of different shots if their change is large.
        hardly_alike: that correlation for changes twice as large.
        unrelated: correlation up to which they are of different shots whatever stands around them.
        alike: correlation above which two pictures are of one shot, however much they differ in light.
        flash_s: longest flash, seconds.
        flash_brightness: least difference in mean brightness between a flash and what stands around it, 0 to 255.
        flat: standard deviation of a thumbnail up to which a picture is flat: black, white or of one colour.
        textured: standard deviation from which on a picture is surely not flat.
        longest_dissolve_s: longest dissolve that is recognised, seconds.
        dissolve_change: least root mean square difference between the two ends of a dissolve, 0 to 255.
        dissolve_likeness: largest correlation between its two ends where all pictures fit as of a blend of stills.
        dissolve_residual: largest distance of a picture of a dissolve from the weighted sum of its ends, as a share
            of the distance between the ends.
        blend_residual: that distance up to which they fit as of a blend of stills.
    """

    ratio: float = 3.0
    smallest_change: float = 10.0
    smallest_distance: float = 4.0
    window_s: float = 0.2
    picture_width: int = 160
    large_change: float = 20.0
    large_ratio: float = 2.0
    unlike: float = 0.45
    hardly_alike: float = 0.75
    unrelated: float = 0.15
    alike: float = 0.85
    flash_s: float = 0.25
    flash_brightness: float = 20.0
    flat: float = 2.0
    textured: float = 10.0
    longest_dissolve_s: float = 2.0
    dissolve_change: float = 20.0
    dissolve_likeness: float = 0.75
    dissolve_residual: float = 0.22
    blend_residual: float = 0.15

    @property
    def horizon_s(self) -> float:
        """Seconds after a picture within which others decide whether a shot starts with it."""
        return self.longest_dissolve_s / 2

    @property
    def lead_s(self) -> float:
        """Seconds ahead of a stretch from which pictures are needed for its first cuts."""
        return 2 * self.horizon_s


@dataclass(frozen=True)
class LinkOptions:
    """When two boxes may be the same face.

    Attributes:
        largest_shift: distance of the centres at which two faces one sample apart are no longer the same, as a
            multiple of the face's size.
        largest_growth: ratio of sizes from which on two faces are no longer the same.
        margin: by how much the cost of a link must be below that of any other link of either face; costs are shift and
            growth as shares of their limits, added up.
        longest_gap_s: how long a face may go unseen within its tracklet, seconds.
        longest_s: length at which a tracklet is closed and a new one begun, seconds; bounds memory.
    """

    largest_shift: float = 0.7
    largest_growth: float = 1.6
    margin: float = 0.2
    longest_gap_s: float = 0.6
    longest_s: float = 30.0


@dataclass(frozen=True)
class FootageOptions:
    """How a film is looked at.

    Attributes:
        samples_per_second: samples for each second of film.
        smallest_face: height of the smallest face that must be found, as a share of the frame height.
        duplicate_change: largest change of any part of the picture, in grey levels (0 to 255), at which a sample
            is a near-duplicate.
        chips_per_tracklet: most chips of a tracklet that are turned into embeddings.
        chip_spacing_s: least time between two chips of a tracklet, on average, in seconds.
        chip_jpeg_quality: JPEG quality of stored chips, 1 to 100.
        decoder: what decodes: `software`, `vaapi`, `videotoolbox` or `cuda` (NVDEC); software where that is not usable.
        decoder_threads: threads that decode one segment.
        shots: what counts as a cut.
        links: when two faces are the same.
    """

    samples_per_second: float = 4.0
    smallest_face: float = EngineOptions.smallest_face
    duplicate_change: float = 3.0
    chips_per_tracklet: int = 6
    chip_spacing_s: float = 0.5
    chip_jpeg_quality: int = 90
    decoder: Literal["software", "vaapi", "videotoolbox", "cuda"] = "software"
    decoder_threads: int = 1
    shots: ShotOptions = field(default_factory=ShotOptions)
    links: LinkOptions = field(default_factory=LinkOptions)
