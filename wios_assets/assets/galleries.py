"""Photos of a film's cast, each with its verdict, and the embeddings of those that are used."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from wios_assets.assets.film_files import CAST_PHOTOS
from wios_assets.assets.imdb_rows import nfo_of_film
from wios_assets.assets.options import gallery_options
from wios_assets.assets.photo_faces import faces_of_photos
from wios_assets.assets.results import check, nullable, picture
from wios_assets.assets.specs import check_spec, table_out
from wios_assets.errors import BadInput, NotFound
from wios_assets.failures import one_line_failures
from wios_assets.films.nfo import series_folder
from wios_assets.films.portraits import portraits_of
from wios_assets.films.registry import film_source, gallery_folders
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.partitions import films
from wios_assets.photos.contact_sheet import contact_sheet
from wios_assets.photos.folders import ACTORS_FOLDER, photos_of_cast
from wios_assets.photos.tmdb import Cast, CastPhotos, TmdbPhotos
from wios_assets.photos.verdicts import gallery_tables, judge_photos
from wios_assets.settings import Settings
from wios_assets.tables import FILM
from wios_assets.text import name_key


@dg.multi_asset(
    name="gallery",
    partitions_def=films,
    # Before the footage: a film without usable photos shows it at once.
    op_tags={"dagster/priority": "1"},
    deps=[CAST_PHOTOS],
    outs={
        table: table_out(table, "galleries", code_version="2", kinds={"python", "parquet"})
        for table in ("gallery_photos", "gallery_embeddings")
    },
    check_specs=[
        check_spec("every_actor_has_a_photo", "gallery_photos", "Each cast member has a usable photo.", blocking=False),
        check_spec(
            "finite_and_of_right_length",
            "gallery_embeddings",
            "Each embedding has the engine's length and finite values.",
            blocking=True,
        ),
    ],
)
@one_line_failures
def gallery(
    context: dg.AssetExecutionContext, cast: pd.DataFrame, settings: dg.ResourceParam[Settings]
) -> Iterator[Any]:
    started = time.monotonic()
    people: Cast = list(zip(cast["actor"], nullable(cast["nconst"]), strict=True))
    photos, problems = candidate_photos(settings, context.partition_key, people)
    for problem in problems:
        context.log.warning(problem)
    every_photo = [photo for own in photos.values() for photo in own]
    found, engine = faces_of_photos(settings, every_photo, f"photos of film {context.partition_key!r}")
    faces = {actor: [found[photo] for photo in own] for actor, own in photos.items()}
    judged, used = gallery_tables(faces, judge_photos(faces, gallery_options(settings)), engine, dict(people))
    verdicts = judged["verdict"].value_counts()
    without = [actor for actor, _ in people if actor not in set(used["actor"])]
    metadata: dict[str, Any] = {
        "seconds": time.monotonic() - started,
        "engine": engine.name,
        "model hash": engine.model_hash,
        **({"problems": dg.MetadataValue.json(problems)} if problems else {}),
    }
    yield dg.Output(
        judged,
        output_name="gallery_photos",
        metadata={
            **metadata,
            **{f"photos {name}": int(number) for name, number in verdicts.items()},
            "contact sheet": picture(contact_sheet(judged), "photos and their verdicts", "jpeg"),
        },
    )
    yield check("every_actor_has_a_photo", "gallery_photos", without, warn=True)
    if used.empty:
        raise BadInput(
            f"film {context.partition_key!r}: none of {len(judged)} photos can be used "
            f"({', '.join(f'{number} {name}' for name, number in verdicts.items())}); see gallery_photos for each"
        )
    yield dg.Output(
        used,
        output_name="gallery_embeddings",
        metadata={
            **metadata,
            "actors": int(used["actor"].nunique()),
            "photos an actor": dg.MetadataValue.json(
                {str(name): int(n) for name, n in used["actor"].value_counts().items()}
            ),
        },
    )
    bad = [row.photo for row in used.itertuples() if not usable(row.embedding, engine.embedding_length)]
    yield check("finite_and_of_right_length", "gallery_embeddings", bad)


def candidate_photos(settings: Settings, film: str, people: Cast) -> tuple[dict[str, tuple[Path, ...]], list[str]]:
    """Photos of each actor from the gallery folders and TMDB, and what went wrong with TMDB.

    Raises:
        NotFound: there is no photo of anybody.
    """
    entry, sidecar = film_source(settings, film)
    film_file = Path(entry.path)
    folders = gallery_folders(settings, entry, sidecar)
    beside = film_file if (film_file.parent / ACTORS_FOLDER).is_dir() else film_file.resolve()
    series = series_folder(film_file, settings.films) if entry.episode else None
    files = photos_of_cast(people, folders, beside, series)
    portraits = portraits_of(settings, nfo_of_film(settings, entry))
    photos = {
        actor: tuple(dict.fromkeys([*own.photos, *own.others, *portraits.get(name_key(actor), ())]))
        for actor, own in files.items()
    }
    problems: list[str] = []
    if settings.tmdb_key is not None:
        fetched = photos_from_tmdb(settings, people, film)
        problems = fetched.problems
        for actor in photos:
            photos[actor] += tuple(photo.path for photo in fetched.photos[actor])
    if not any(photos.values()):
        raise NotFound(
            f"film {film!r}: no photos of any of its {len(people)} actors in {', '.join(map(str, folders))}; put them "
            f"into a folder called by an actor's name or nconst, such as {settings.galleries / people[0][0]}"
        )
    return photos, problems


def photos_from_tmdb(settings: Settings, people: Cast, film: str) -> CastPhotos:
    """TMDB's photos of a cast. Problems are listed beside the photos in the cache, and do not stop the film."""
    key = settings.tmdb_key.get_secret_value() if settings.tmdb_key else ""
    tconst = None
    if has_rows_of(settings.lake, FILM, film):
        tconst = read_rows(settings.lake, FILM, film)["tconst"][0].as_py()
    provider = TmdbPhotos(
        key, settings.cache / "tmdb", settings.tmdb.address, settings.tmdb.profiles, settings.tmdb.tagged
    )
    return provider.photos(people, tconst)


def usable(embedding: object, length: int) -> bool:
    """Whether an embedding has the engine's length and only finite values."""
    vector = pd.Series(embedding, dtype="float64")
    return len(vector) == length and bool(vector.abs().lt(float("inf")).all())
