"""Settings of earlier versions that have another name now: old name → new one, `group.name`."""

from __future__ import annotations

MOVED = {
    "segment_seconds": "footage.segment_seconds",
    "detector_precision": "detector.precision",
    "smallest_face": "detector.smallest_face",
    "largest_face": "detector.largest_face",
    "pyramid_ratio": "detector.pyramid_ratio",
    "detector_threshold": "detector.threshold",
    "duplicate_change": "footage.duplicate_change",
    "chips_per_tracklet": "chips.per_tracklet",
    "chip_spacing_seconds": "chips.spacing_seconds",
    "chip_jpeg_quality": "chips.jpeg_quality",
    "cut_ratio": "cuts.ratio",
    "cut_smallest_change": "cuts.smallest_change",
    "cut_window": "cuts.window_seconds",
    "cut_picture_width": "cuts.picture_width",
    "link_shift": "links.shift",
    "link_growth": "links.growth",
    "link_gap_seconds": "links.gap_seconds",
    "link_longest_seconds": "links.longest_seconds",
    "name_wrong_share": "naming.wrong_share",
    "name_certain": "naming.certain",
    "name_recogniser": "naming.recogniser",
    "cohort_people": "naming.cohort_people",
    "same_person": "naming.same_person",
    "settle_seconds": "inbox.settle_seconds",
    "sensor_seconds": "inbox.sensor_seconds",
    "imdb_address": "imdb_load.address",
    "imdb_quarantine_share": "imdb_load.quarantine_share",
    "imdb_refresh_hour": "imdb_load.refresh_hour",
    "tmdb_address": "tmdb.address",
    "tmdb_profiles": "tmdb.profiles",
    "tmdb_tagged": "tmdb.tagged",
    "upload_gigabytes": "page.upload_gigabytes",
    "logged_answers": "page.logged_answers",
}
"""Old setting → `group.name`."""

DESCRIBED = {
    "detector_input": "input",
    "detector_mean": "mean",
    "detector_deviation": "deviation",
    "detector_channels": "channels",
    "embedder_input": "input",
    "embedder_mean": "mean",
    "embedder_deviation": "deviation",
    "embedder_channels": "channels",
    "embedder_alignment": "alignment",
    "embedding_length": "length",
    "embedding_distance": "distance",
}
"""Old setting → key of the description beside an own model's ONNX file."""


GONE = {
    "detect_every": "every sample is searched for faces",
    "agreeing_shift": "every sample is searched for faces",
    "ui_host": "Dagster's page is served under /dagster of the page, at page_host",
    "ui_port": "Dagster's page is served under /dagster of the page, at page_port",
    "name_farthest": "probabilities alone decide names",
}
"""Old setting that nothing replaces → why."""


def new_name(old: str) -> str | None:
    """What replaces a setting of an earlier version, as words; None where `old` is no such setting."""
    if old in MOVED:
        group, name = MOVED[old].split(".")
        variable = f"WIOS_{group.upper()}__{name.upper()}"
        return f"is now {MOVED[old]}: set {variable}, or `{group}: {{{name}: …}}` in wios.yaml"
    if old in DESCRIBED:
        model = "detector_model" if old.startswith("detector") else "embedder_model"
        return f"is now `{DESCRIBED[old]}` in the description beside the file of {model}: model.yaml beside model.onnx"
    if old in GONE:
        return f"is gone, {GONE[old]}: remove it"
    return None
