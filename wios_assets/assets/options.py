"""Options of the core, from the settings."""

from __future__ import annotations

import os
import re

from wios_assets.errors import WiosError
from wios_assets.naming.options import GalleryOptions, NamingOptions
from wios_assets.naming.selection import RECOGNISERS, Recogniser
from wios_assets.settings import Settings
from wios_assets.vision.engines import results_version
from wios_assets.vision.options import EngineOptions, FootageOptions, LinkOptions, ShotOptions
from wios_assets.vision.tracks import TrackOptions

YUNET_FAINT = 0.95
"""`GalleryOptions.faint` for YuNet, whose scores are close together: of 83 photos of 30 people the best score of one is
0.955 of another's at least. Of dlib's CNN it is 0.73."""


def local_workers(settings: Settings) -> int:
    """Segments of a film that this machine analyses at once, as `spark_master` says: `local[N]`, or all its cores."""
    match = re.fullmatch(r"local(?:\[(\d+|\*)(?:,\d+)?\])?", settings.spark_master)
    if match and match[1] is None:
        return 1
    return int(match[1]) if match and match[1] != "*" else cores()


def runs_in_processes(settings: Settings) -> bool:
    """Whether a film's segments run in processes of this machine, and not as Spark tasks."""
    if settings.footage.runner == "auto":
        return not has_cluster(settings)
    return settings.footage.runner == "processes"


def has_cluster(settings: Settings) -> bool:
    """Whether `spark_master` names a cluster; a local master has no workers of its own."""
    return re.fullmatch(r"local(\[.*\])?", settings.spark_master) is None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of_a_task(settings: Settings) -> int:
    """Threads of one segment's engine, so that segments × threads equals the cores; a task of a cluster has one."""
    return max(1, cores() // local_workers(settings))


def engine_options(settings: Settings, threads: int) -> EngineOptions:
    """Options of the face engine, with this many threads."""
    detector = settings.detector
    return EngineOptions(
        cache=str(settings.cache),
        threads=threads,
        engine=settings.engine,
        device=settings.device,
        detector=detector.network,
        detector_precision=detector.precision,
        smallest_face=detector.smallest_face,
        largest_face=detector.largest_face,
        pyramid_ratio=detector.pyramid_ratio,
        detector_threshold=detector.threshold,
        detector_model=str(settings.detector_model) if settings.detector_model else None,
        embedder_model=str(settings.embedder_model) if settings.embedder_model else None,
    )


def worker_engine(settings: Settings) -> EngineOptions:
    """Options of the engine of one of `local_workers`."""
    return engine_options(settings, threads_of_a_task(settings))


def engine_identity(settings: Settings) -> str:
    """Hash of all that decides the engine's results, the model files included."""
    try:
        return results_version(engine_options(settings, 1))
    except WiosError as missing:
        # The graph can still be looked at; the run says what is missing.
        return str(missing)


def footage_options(settings: Settings, samples_per_second: float) -> FootageOptions:
    """Options of sampling, detection, chips, cuts and tracklets."""
    footage, chips, cuts, links = settings.footage, settings.chips, settings.cuts, settings.links
    return FootageOptions(
        samples_per_second=samples_per_second,
        smallest_face=settings.detector.smallest_face,
        duplicate_change=footage.duplicate_change,
        chips_per_tracklet=chips.per_tracklet,
        chip_spacing_s=chips.spacing_seconds,
        chip_jpeg_quality=chips.jpeg_quality,
        decoder=footage.decoder,
        decoder_threads=threads_of_a_task(settings),
        shots=ShotOptions(
            ratio=cuts.ratio,
            smallest_change=cuts.smallest_change,
            window_s=cuts.window_seconds,
            picture_width=cuts.picture_width,
        ),
        links=LinkOptions(
            largest_shift=links.shift,
            largest_growth=links.growth,
            longest_gap_s=links.gap_seconds,
            longest_s=links.longest_seconds,
        ),
    )


def gallery_options(settings: Settings) -> GalleryOptions:
    """Limits for using a photo."""
    detects_with_yunet = (
        settings.engine == "onnx" and settings.detector.network == "yunet" and settings.detector_model is None
    )
    return GalleryOptions(faint=YUNET_FAINT) if detects_with_yunet else GalleryOptions()


def track_options() -> TrackOptions:
    """Limits for linking faces into one track."""
    return TrackOptions()


def naming_options(settings: Settings, chosen: Recogniser | None = None) -> NamingOptions:
    """Limits for naming a track.

    Args:
        settings: what the user has set.
        chosen: the recogniser to use where the user has pinned none; the default one where None.
    """
    naming = settings.naming
    pinned = next((recogniser for recogniser in RECOGNISERS if recogniser.name == naming.recogniser), chosen)
    nearest_photos = pinned.nearest_photos if pinned else None
    return NamingOptions(
        nearest_photos=NamingOptions.nearest_photos if nearest_photos is None else nearest_photos,
        wrong_names=naming.wrong_share,
        certain=naming.certain,
        perhaps=naming.perhaps,
        same_person=naming.same_person,
    )
