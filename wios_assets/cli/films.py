"""`wios film add` and `wios film list`."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wios_assets.cli.asking import AsJson
from wios_assets.cli.console import console, note, say, show_json, show_table
from wios_assets.errors import Unavailable, WiosError
from wios_assets.notation import format_clock
from wios_assets.text import typed

if TYPE_CHECKING:
    from wios_assets.runs.film_runs import FilmRun
    from wios_assets.settings import Settings

_WRONG = {
    "tconst": "is not IMDB's key of a title; it looks like tt0133093",
    "title": "is blank; leave it out, and the title comes from IMDB or the file's name",
    "cast": "names nobody; write 'A;B;C'",
}
_YEAR = re.compile(r"\((\d{4})\)")


def add(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The video file.")],
    name: Annotated[str | None, typer.Option("--name", metavar="KEY", help="Key to call the film by.")] = None,
    tconst: Annotated[str | None, typer.Option("--tconst", metavar="tt…", help="IMDB's key of the title.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title, where it is not the file's name.")] = None,
    cast: Annotated[
        str | None,
        typer.Option("--cast", metavar="'A;B;C'", help="Cast: actors' names, nconsts or names of gallery folders."),
    ] = None,
    gallery: Annotated[
        Path | None, typer.Option("--gallery", metavar="DIR", help="Folder of photos, one folder an actor.")
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the film rather than link to it.")] = False,
) -> None:
    """Bring a film into the inbox, with what you know about it."""
    from pydantic import ValidationError

    from wios_assets.films.adding import add_film, check_gallery
    from wios_assets.films.sidecar import Sidecar
    from wios_assets.settings import load_settings

    settings = load_settings()
    actors = [actor.strip() for actor in cast.split(";") if actor.strip()] if cast is not None else None
    try:
        given = Sidecar(tconst=tconst, title=title, cast=actors)
    except ValidationError as error:
        option = str(error.errors()[0]["loc"][0])
        raise typer.BadParameter(_WRONG[option], param_hint=f"--{option}") from None
    if gallery is not None:
        given = given.model_copy(update={"gallery": str(check_gallery(gallery))})
    with _CopyBar(path) as bar:
        added = add_film(settings, path, name, given, how="copy" if copy else "link", progress=bar.show)
    length = format_clock(added.video.duration_s)
    verb = "is back" if added.returned else "added"
    say(f"{verb}: {added.key} ({length}, {added.video.width} × {added.video.height}), {added.path}")
    for doubt in _spelling_doubts(actors or [], [*([gallery] if gallery else []), settings.galleries]):
        note(doubt, style="yellow")
    note(f"next: wios run {typed(added.key)}", style="dim")


def _spelling_doubts(actors: list[str], galleries: list[Path]) -> list[str]:
    """A line for each cast member without a gallery folder whose name is spelt almost like a free folder's."""
    from wios_assets.photos.folders import misspelt_names, photos_of_cast

    try:
        photos = photos_of_cast([(actor, None) for actor in actors], galleries)
    except Unavailable:
        # The film is added all the same; its run names the folder that cannot be read.
        return []
    without = [actor for actor, own in photos.items() if own.folder is None]
    return [
        f"cast: {actor!r} has no gallery folder; did you mean {folder.name!r} ({folder})?"
        for actor, folder in misspelt_names(without, actors, galleries).items()
    ]


class _CopyBar:
    """A progress bar on stderr, from the first byte copied; none where stderr is no terminal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bar: Any = None

    def __enter__(self) -> _CopyBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def show(self, done: int, size: int) -> None:
        if not sys.stderr.isatty():
            return
        if self.bar is None:
            from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

            columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            self.bar = Progress(*columns, console=console(stderr=True), transient=True)
            self.task = self.bar.add_task("copy", total=size)
            self.bar.start()
        self.bar.update(self.task, completed=done)


def list_films(as_json: AsJson = False) -> None:
    """Every film: new (not analysed yet), queued, running, failed, ready, stale (made by an older engine or setting),
    or removed; and why the newest run of a film failed.
    """
    from wios_assets.runs.film_runs import newest_runs
    from wios_assets.runs.renewal import stale_films
    from wios_assets.settings import load_settings

    settings = load_settings()
    films, problems = known_films(settings)
    runs, stale = newest_runs(settings), stale_films(settings)
    films = [film | _state(film, runs.get(film["film"]), film["film"] in stale) for film in films]
    for problem in problems:
        note(f"wios: {problem}", style="yellow")
    if as_json:
        show_json(films)
        return
    if not films:
        note("no films yet: `wios film add PATH` adds one, `wios demo` shows the way")
        return
    show_table(
        ("Key", "Title", "Year", "Length", "State", "Names found", "Unknown people"),
        [
            (
                film["film"],
                film["title"],
                film["year"],
                None if film["duration_s"] is None else format_clock(film["duration_s"]),
                film["state"],
                film["people"],
                film["unknown_people"],
            )
            for film in films
        ],
        right=("Year", "Length", "Names found", "Unknown people"),
    )
    failed = [film for film in films if film["reason"] is not None]
    for film in failed:
        note(f"{film['film']}: the newest run failed: {film['reason']}", style="yellow")
    if failed:
        note("`wios run FILM` tries again; `wios ui` shows the runs", style="dim")
    if stale:
        note("stale films can be asked about as before; `wios run --stale` brings them up to date", style="dim")


def _state(film: dict[str, Any], run: FilmRun | None, stale: bool) -> dict[str, Any]:
    """A film's state as the page shows it, and the reason and id of its newest run."""
    failed = run is not None and run.kind == "failed" and film["state"] != "removed"
    shown = {"reason": run.reason if failed and run is not None else None, "run": run.run_id if run else None}
    if film["state"] == "new" and run is not None and run.kind != "done":
        return {"state": run.kind, **shown}
    return {"state": "stale" if stale else film["state"], **shown}


def known_films(settings: Settings) -> tuple[list[dict[str, Any]], list[str]]:
    """Films of the library and of the inbox, by key, and what is wrong in the inbox.

    Returns:
        Per film: film, title, year, duration_s, state (new, ready, removed), people, unknown_people, path; null
        where it is not known yet.
    """
    from wios_assets.films.inbox import contested_problem, discover
    from wios_assets.films.index import read_index
    from wios_assets.films.registry import index_path

    films: dict[str, dict[str, Any]] = {}
    index = read_index(index_path(settings))
    inbox = discover(settings.films)
    key_of = {entry.path: key for key, entry in index.films.items()}
    for key, entry in index.films.items():
        films[key] = _row(key, Path(entry.path).stem, entry.path, "new" if entry.present else "removed")
    for film in inbox.films:
        key = key_of.get(str(film.path), film.key)
        films[key] = _row(key, film.called, str(film.path), "new")
        if film.sidecar and film.sidecar.title:
            films[key] |= {"title": film.sidecar.title, "year": film.sidecar.year}
    for row in _analysed(settings):
        here = films.get(row["film"])
        gone = here["state"] == "removed" if here else not row["present"]
        kept = ("film", "title", "year", "duration_s", "people", "unknown_people", "path")
        films[row["film"]] = {name: row[name] for name in kept} | {"state": "removed" if gone else "ready"}
    problems = inbox.problems + [contested_problem(key, rivals) for key, rivals in inbox.contested.items()]
    return [films[key] for key in sorted(films)], problems


def _analysed(settings: Settings) -> list[dict[str, Any]]:
    from wios_assets.lake.library import open_library
    from wios_assets.lake.paths import parquet_files, table_folder
    from wios_assets.lake.questions import films

    if not parquet_files(table_folder(settings.lake, "library")):
        # The library is published with IMDB's tables, before the first film is ready.
        return []
    try:
        library = open_library(settings)
    except WiosError:
        if settings.library.exists():
            raise
        return []
    with closing(library):
        return films(library)


def _row(key: str, name: str, path: str, state: str) -> dict[str, Any]:
    year = _YEAR.search(name)
    return {
        "film": key,
        "title": _YEAR.sub("", name).strip() or name,
        "year": int(year[1]) if year else None,
        "duration_s": None,
        "people": None,
        "unknown_people": None,
        "path": path,
        "state": state,
    }
