"""From settings to the options that the core takes."""

from __future__ import annotations

import os
import re
from dataclasses import fields

from wios_assets.errors import WiosError
from wios_assets.naming.options import GalleryOptions, NamingOptions
from wios_assets.naming.selection import RECOGNISERS, Recogniser
from wios_assets.settings import Settings
from wios_assets.vision.engines import EngineOptions, results_version
from wios_assets.vision.footage import FootageOptions
from wios_assets.vision.shots import ShotOptions
from wios_assets.vision.tracklets import LinkOptions
from wios_assets.vision.tracks import TrackOptions


def spark_tasks(settings: Settings) -> int:
    """Tasks that Spark runs at once on this machine; on a cluster, the cores of this machine stand for a worker's."""
    match = re.fullmatch(r"local(?:\[(\d+|\*)(?:,\d+)?\])?", settings.spark_master)
    if match and match[1] is None:
        return 1
    return int(match[1]) if match and match[1] != "*" else cores()


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of_a_task(settings: Settings) -> int:
    """Threads of one Spark task's engine, so that tasks × threads equals the cores."""
    return max(1, cores() // spark_tasks(settings))


def engine_options(settings: Settings, threads: int) -> EngineOptions:
    """The face engine that the settings choose, with this many threads."""
    taken = {
        field.name: getattr(settings, field.name) for field in fields(EngineOptions) if hasattr(settings, field.name)
    }
    for name in ("detector_model", "embedder_model"):
        taken[name] = taken[name] and str(taken[name])
    return EngineOptions(**{**taken, "cache": str(settings.cache), "threads": threads})


def engine_identity(settings: Settings) -> str:
    """Hash of all that decides the engine's results, the model files included."""
    try:
        return results_version(engine_options(settings, 1))
    except WiosError as missing:
        # The graph can still be looked at; the run says what is missing.
        return str(missing)


def footage_options(settings: Settings, samples_per_second: float) -> FootageOptions:
    """How a film is looked at."""
    return FootageOptions(
        samples_per_second=samples_per_second,
        smallest_face=settings.smallest_face,
        detect_every=settings.detect_every,
        agreeing_shift=settings.agreeing_shift,
        duplicate_change=settings.duplicate_change,
        chips_per_tracklet=settings.chips_per_tracklet,
        chip_spacing_s=settings.chip_spacing_seconds,
        chip_jpeg_quality=settings.chip_jpeg_quality,
        decoder_threads=threads_of_a_task(settings),
        shots=ShotOptions(
            ratio=settings.cut_ratio,
            smallest_change=settings.cut_smallest_change,
            window=settings.cut_window,
            picture_width=settings.cut_picture_width,
        ),
        links=LinkOptions(
            largest_shift=settings.link_shift,
            largest_growth=settings.link_growth,
            longest_gap_s=settings.link_gap_seconds,
            longest_s=settings.link_longest_seconds,
        ),
    )


def gallery_options() -> GalleryOptions:
    """When a photo is used."""
    return GalleryOptions()


def track_options() -> TrackOptions:
    """When faces are one track."""
    return TrackOptions()


def naming_options(settings: Settings, chosen: Recogniser | None = None) -> NamingOptions:
    """When a track is given a name.

    Args:
        settings: what the user has set.
        chosen: the way of comparing to use where the user has pinned none; the default one where None.
    """
    pinned = next((way for way in RECOGNISERS if way.name == settings.name_recogniser), chosen)
    compared = pinned.nearest_photos if pinned else None
    return NamingOptions(
        nearest_photos=NamingOptions.nearest_photos if compared is None else compared,
        wrong_names=settings.name_wrong_share,
        certain=settings.name_certain,
        farthest=settings.name_farthest,
        same_person=settings.same_person,
    )
