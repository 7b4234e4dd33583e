"""The jobs: groups of assets that are run together."""

from dagster import AssetSelection, define_asset_job

from wios_assets.tables import FILM_TABLES

# Every event stands in the run's own log; terminals stay readable.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

FOOTAGE = ("shots", "frame_samples", "faces", "face_embeddings")
DECIDED = ("track_names", "appearances", "minute_appearances", "screen_time", "evaluation")
TABLES_OF_JOB = {
    "film_map": FILM_TABLES,
    "film_names": tuple(name for name in FILM_TABLES if name not in FOOTAGE),
    "film_decisions": DECIDED,
    "film_evaluation": ("evaluation",),
}
"""Tables of a film that each of its jobs makes."""

PUBLISHED = ("player_files", "library", "published")
"""What a film's jobs make of its tables for those who watch."""

film_map = define_asset_job(
    "film_map",
    selection=AssetSelection.assets(*TABLES_OF_JOB["film_map"], *PUBLISHED),
    config=QUIET,
    description="Everything of a film: from the video file to the library.",
)
film_names = define_asset_job(
    "film_names",
    selection=AssetSelection.assets(*TABLES_OF_JOB["film_names"], *PUBLISHED),
    config=QUIET,
    description="A film's cast, galleries and names again; the video, its faces and embeddings stay as they are.",
)
film_decisions = define_asset_job(
    "film_decisions",
    selection=AssetSelection.assets(*TABLES_OF_JOB["film_decisions"], *PUBLISHED),
    config=QUIET,
    description="What follows from a person's decision: names, and everything after them.",
)
film_evaluation = define_asset_job(
    "film_evaluation",
    selection=AssetSelection.assets(*TABLES_OF_JOB["film_evaluation"]),
    config=QUIET,
    description="A film's map against its truth.",
)
recogniser_comparison = define_asset_job(
    "recogniser_comparison",
    selection=AssetSelection.assets("recogniser_selection", "recogniser_runs"),
    config=QUIET,
    description="Ways of recognising against each other, on all galleries.",
)
library_refresh = define_asset_job(
    "library_refresh",
    selection=AssetSelection.assets("library"),
    config=QUIET,
    description="The list of films that can be asked about, and the published DuckDB file.",
)
imdb_refresh = define_asset_job(
    "imdb_refresh",
    selection=AssetSelection.groups("imdb"),
    config=QUIET,
    description="IMDB's tables from its files.",
)
refined_tables = define_asset_job(
    "refined_tables",
    selection=AssetSelection.groups("refined"),
    config=QUIET,
    description="The tables over all films: screen time of actors, people together, statistics, outliers.",
)
publish = define_asset_job(
    "publish",
    selection=AssetSelection.assets("published_library"),
    config=QUIET,
    description="Everything on the SQL server that differs from the lake: films, tables over all films, films gone.",
)
JOBS = [
    film_map,
    film_names,
    film_decisions,
    film_evaluation,
    recogniser_comparison,
    library_refresh,
    imdb_refresh,
    refined_tables,
    publish,
]
