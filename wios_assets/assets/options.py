"""From settings to the options that the core takes."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from wios_assets.settings import Settings

if TYPE_CHECKING:
    from wios_assets.vision.engines import EngineOptions


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
    from wios_assets.vision.engines import EngineOptions

    return EngineOptions(
        engine=settings.engine,
        cache=str(settings.cache),
        threads=threads,
        device=settings.device,
        smallest_face=settings.smallest_face,
        largest_face=settings.largest_face,
        pyramid_ratio=settings.pyramid_ratio,
        detector_threshold=settings.detector_threshold,
    )
