"""The chosen director's films with their casts, and what is missing to analyse them."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from wios_assets.assets.results import check, content_version
from wios_assets.assets.specs import check_spec, table_spec
from wios_assets.failures import one_line_failures
from wios_assets.films.index import read_index
from wios_assets.films.registry import index_path
from wios_assets.imdb.files import IMDB_FILES
from wios_assets.imdb.filmography import filmography_of, unknown_director, wanted_for
from wios_assets.imdb.lookup import ImdbLookup
from wios_assets.lake.paths import partition_folder, partition_keys
from wios_assets.settings import Settings
from wios_assets.tables import FILM, GALLERY_PHOTOS

GROUP = "imdb"
KINDS = {"duckdb", "parquet"}


@dg.asset(
    **table_spec("filmography", GROUP, kinds=KINDS, more="The setting `director` says whose films."),
    code_version="1",
    deps=[dg.AssetKey(table.split("/")) for table in IMDB_FILES],
    check_specs=[
        check_spec(
            "director_known",
            "filmography",
            "IMDB's tables know the director and a film of theirs.",
            blocking=False,
            by_film=False,
        )
    ],
)
@one_line_failures
def filmography(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    with ImdbLookup(settings.lake) as lookup:
        rows = filmography_of(lookup, settings.director)
        unknown = unknown_director(lookup, settings.director) if rows.empty else None
    if unknown:
        context.log.warning(unknown)
    billed = rows[rows["billing"].notna()]
    films = rows.drop_duplicates("tconst")[["year", "title", "tconst"]]
    left_out = rows[rows["left_out"].notna()][["title", "actor", "character", "left_out"]]
    yield dg.Output(
        rows,
        data_version=content_version(rows),
        metadata={
            "films": dg.MetadataValue.md(films.to_markdown(index=False) if len(films) else unknown or "none"),
            "films without a cast": int((~films["tconst"].isin(billed["tconst"])).sum()),
            "people in casts": int(billed["nconst"].nunique()),
            "left out": dg.MetadataValue.md(left_out.to_markdown(index=False)) if len(left_out) else "nobody",
        },
    )
    yield check("director_known", "filmography", [unknown] if unknown else [], warn=True)


@dg.asset_check(
    asset="filmography", blocking=True, description="Each film's billing counts from 1 upwards without a gap."
)
def billing_without_gaps(filmography: pd.DataFrame) -> dg.AssetCheckResult:
    billed = filmography[filmography["billing"].notna()]
    billings = billed.groupby("tconst")["billing"].agg(list)
    gaps = [tconst for tconst, own in billings.items() if own != list(range(1, len(own) + 1))]
    return check("billing_without_gaps", "filmography", gaps)


@dg.asset(
    **table_spec("wanted", GROUP, kinds=KINDS),
    code_version="1",
    deps=[dg.AssetKey("film"), dg.AssetKey("gallery_photos")],
)
@one_line_failures
def wanted(filmography: pd.DataFrame, settings: dg.ResourceParam[Settings]) -> dg.Output[Any]:
    rows = wanted_for(
        filmography,
        videos_there(settings),
        usable_photos(settings),
        [settings.galleries],
        settings.enough_photos,
    )
    counts = rows["what"].value_counts()
    return dg.Output(
        rows,
        data_version=content_version(rows),
        metadata={
            "films without a video": int(counts.get("video", 0)),
            "people with too few photos": int(counts.get("photos", 0)),
        },
    )


@dg.asset_check(asset="wanted", blocking=True, description="No film and no person is listed twice.")
def each_once(wanted: pd.DataFrame) -> dg.AssetCheckResult:
    keys = wanted["tconst"].fillna(wanted["nconst"])
    return check("each_once", "wanted", keys[keys.duplicated()].tolist())


def videos_there(settings: Settings) -> frozenset[str]:
    """tconsts of the films whose video file is in the inbox."""
    index = read_index(index_path(settings))
    present = [film for film in partition_keys(settings.lake, FILM.name) if film in index.films]
    rows = _column_of(settings, FILM.name, [film for film in present if index.films[film].present], "tconst")
    return frozenset(tconst for (tconst,) in rows)


def usable_photos(settings: Settings) -> dict[str, int]:
    """Usable photos by nconst, for people of films with a gallery; of several films, the largest number."""
    most: dict[str, int] = {}
    for film in partition_keys(settings.lake, GALLERY_PHOTOS.name):
        counted = "nconst, count(*) FILTER (verdict = 'used')"
        for nconst, photos in _column_of(settings, GALLERY_PHOTOS.name, [film], counted, "GROUP BY nconst"):
            most[nconst] = max(photos, most.get(nconst, 0))
    return most


def _column_of(settings: Settings, table: str, films: list[str], what: str, tail: str = "") -> list[tuple[Any, ...]]:
    folders = [partition_folder(settings.lake, table, film) for film in films]
    files = [str(file) for folder in folders for file in sorted(folder.glob("*.parquet"))]
    key = what.split(",")[0]
    if not files:
        return []
    with duckdb.connect() as db:
        return db.execute(
            f"SELECT {what} FROM read_parquet($files, hive_partitioning = false) WHERE {key} IS NOT NULL {tail}",
            {"files": files},
        ).fetchall()
