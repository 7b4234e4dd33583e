"""Forgetting a person, in every film."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from wios_assets.atomic import write_atomic
from wios_assets.exports.player_files import write_player_files
from wios_assets.films.index import read_index
from wios_assets.films.registry import index_path
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path, write_sidecar
from wios_assets.forget import steps
from wios_assets.forget.steps import Report, Subject
from wios_assets.lake.prediction_log import forget_answers
from wios_assets.lake.store import has_rows_of, read_rows, write_rows
from wios_assets.photos.folders import ACTORS_FOLDER, folders_by_letter, photos_of_cast
from wios_assets.reviews.decisions import forget_people
from wios_assets.reviews.forgotten import never_name, read_forgotten
from wios_assets.settings import Settings
from wios_assets.tables import (
    APPEARANCES,
    CAST,
    EVALUATION,
    FACE_EMBEDDINGS,
    FACE_TRACKS,
    FILM,
    GALLERY_EMBEDDINGS,
    GALLERY_PHOTOS,
    MINUTE_APPEARANCES,
    SCREEN_TIME,
    SHOTS,
    TRACK_NAMES,
    Table,
)
from wios_assets.text import name_key
from wios_assets.timeline.film_timeline import film_timeline
from wios_assets.timeline.truth import truth_path

if TYPE_CHECKING:
    from dagster import DagsterInstance

PEOPLE = (CAST, GALLERY_PHOTOS, GALLERY_EMBEDDINGS, APPEARANCES)
REASON = "the person named here was forgotten"


def person_subject(settings: Settings, asked: str) -> Subject | None:
    """The subject of forgetting a person by name or nconst, over all films and photos; None if nobody matches."""
    keys, films = {name_key(asked)}, set()
    names, nconsts = set[str](), set[str]()
    seen = [(film, name, nconst) for film, name, nconst in _people(settings)]
    # Twice, for a film that has the person's name but not the nconst.
    for _ in range(2):
        for film, name, nconst in seen:
            if name_key(name) in keys or (nconst and name_key(nconst) in keys):
                films.add(film)
                names.add(name)
                if nconst:
                    nconsts.add(nconst)
        keys |= {name_key(each) for each in (*names, *nconsts)}
    folders = photos_of_cast([(asked, asked)], [settings.galleries])[asked].photos
    if not films and not folders and not read_forgotten(settings.data).holds(asked, asked):
        return None
    names.add(asked)
    return Subject("person", sorted(films), steps.paths_of(settings, sorted(films)), sorted(names), sorted(nconsts))


def forget_person(settings: Settings, instance: DagsterInstance, subject: Subject) -> Report:
    """Remove a person's photos, embeddings, chips and name from everything, and never name the person again.

    Raises:
        WiosError: a run of one of the person's films is unfinished.
    """
    with steps.films_held(settings, instance, subject.films):
        return _forget_person(settings, instance, subject)


def _forget_person(settings: Settings, instance: DagsterInstance, subject: Subject) -> Report:
    report = Report()
    steps.begin(settings, subject)
    never_name(settings.data, [*subject.names, *subject.nconsts])
    _remove_photos(settings, subject, report)
    _strike_from_sidecars(settings, subject, report)
    chips = 0
    for film in subject.films:
        chips += _rewrite_film(settings, film, set(subject.names))
        forget_people(settings.data, film, subject.names)
    if subject.films:
        report.removed.append(f"name, photos and embeddings from {len(subject.films)} films, and {chips} face chips")
        report.kept.append("the films themselves; a new analysis of the video finds the face again, without a name")
    steps.remove_refined(settings, instance, report)
    steps.rewrite_library(settings)
    names = set(subject.names)
    if answers := forget_answers(settings.lake, lambda film, actors: bool(names & set(actors))):
        report.removed.append(f"{answers} answers in prediction_log")
    steps.remove_exports(settings, subject.films, report)
    for film in subject.films:
        # Without the person. A film that was never finished has no rows to write them from.
        if has_rows_of(settings.lake, APPEARANCES, film) and has_rows_of(settings.lake, FILM, film):
            write_player_files(settings, film)
    steps.remove_pictures(settings, subject.paths, report)
    steps.remove_staging(settings)
    steps.remove_backups(settings, report)
    steps.clear_history(settings, instance, subject.films, report, imdb=True)
    report.kept.append("IMDB's tables, which have the name, and `filmography` and `wanted`, made from them")
    steps.remove_published(settings, subject, report)
    steps.finish(settings)
    return report


def _people(settings: Settings) -> Iterator[tuple[str, str, str | None]]:
    """Film, name and nconst of every person in the lake."""
    for film in steps.films_of_lake(settings):
        for table in PEOPLE:
            if has_rows_of(settings.lake, table, film):
                rows = read_rows(settings.lake, table, film).select(["actor", "nconst"])
                for name, nconst in set(zip(rows["actor"].to_pylist(), rows["nconst"].to_pylist(), strict=True)):
                    yield film, name, nconst


def _remove_photos(settings: Settings, subject: Subject, report: Report) -> None:
    """Remove photos inside the data and cache folders. Photos elsewhere belong to the user and are reported."""
    own = (settings.data, settings.cache)
    index = read_index(index_path(settings)).films
    galleries = [settings.galleries, settings.cache / "tmdb" / "people", *folders_by_letter(settings.inbox.people)]
    loose = []
    for entry in index.values():
        path = Path(entry.path)
        sidecar = sidecar_path(path)
        named = read_sidecar(sidecar).gallery_folder(sidecar) if sidecar.is_file() else None
        galleries += [named] if named else []
        loose += [film for film in (path, path.resolve()) if (film.parent / ACTORS_FOLDER).is_dir()]
    people: list[tuple[str, str | None]] = [(name, None) for name in subject.names]
    people += [(nconst, nconst) for nconst in subject.nconsts]
    removed, kept = 0, set[Path]()
    for film in [None, *dict.fromkeys(loose)]:
        for match in photos_of_cast(people, dict.fromkeys(galleries) if film is None else (), film).values():
            for photo in match.photos:
                if any(root in photo.resolve().parents for root in own):
                    photo.unlink(missing_ok=True)
                    removed += 1
                else:
                    kept.add(photo.parent)
            if match.folder is not None and match.folder not in kept and match.folder.is_dir():
                shutil.rmtree(match.folder, ignore_errors=True)
    if removed:
        report.removed.append(f"{removed} photos")
    report.kept += [f"photos in {folder}, a folder of your own; remove them there" for folder in sorted(kept)]


def _strike_from_sidecars(settings: Settings, subject: Subject, report: Report) -> None:
    """Remove the person from casts given in sidecars, and from truth files."""
    keys = {name_key(each) for each in (*subject.names, *subject.nconsts)}
    for entry in read_index(index_path(settings)).films.values():
        file = sidecar_path(Path(entry.path))
        sidecar = read_sidecar(file) if file.is_file() else Sidecar()
        rest = [actor for actor in sidecar.cast or [] if name_key(actor) not in keys]
        if sidecar.cast and len(rest) < len(sidecar.cast):
            if settings.data in file.parents:
                write_sidecar(file, sidecar.model_copy(update={"cast": rest or None}))
            else:
                report.kept.append(f"the name in {file}, a file of your own; take it out there")
        truth = truth_path(Path(entry.path))
        rows = pd.read_csv(truth, dtype=str, keep_default_na=False) if truth.is_file() else pd.DataFrame()
        concerned = rows["person"].map(name_key).isin(keys) if "person" in rows else pd.Series(dtype=bool)
        if concerned.any():
            if settings.data in truth.parents:
                write_atomic(truth, rows[~concerned].to_csv(index=False))
            else:
                report.kept.append(f"the name in {truth}, a file of your own; take it out there")


def _rewrite_film(settings: Settings, film: str, names: set[str]) -> int:
    """Remove the person from a film's tables; returns the number of face chips that were removed."""
    lake = settings.lake

    def change(table: Table, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
        before = rows_of(table)
        if not has_rows_of(lake, table, film):
            return before
        after = edit(before)
        write_rows(lake, table, after, film)
        return after

    def without(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[~rows["actor"].isin(names)]

    def rows_of(table: Table) -> pd.DataFrame:
        stored = read_rows(lake, table, film) if has_rows_of(lake, table, film) else table.schema.empty_table()
        rows: pd.DataFrame = stored.to_pandas()
        return rows

    named = rows_of(TRACK_NAMES)
    own = set(named.loc[named["actor"].isin(names), "track"])
    tracks = rows_of(FACE_TRACKS)
    faces = {face for row in tracks.loc[tracks["track"].isin(own), "faces"] for face in row}
    chips = int(rows_of(FACE_EMBEDDINGS)["face"].isin(faces).sum())
    # The names are changed last: after an interruption they still tell which faces are the person's.
    change(FACE_EMBEDDINGS, lambda rows: rows[~rows["face"].isin(faces)])
    tracks = change(FACE_TRACKS, lambda rows: _without_faces(rows, own))
    cast = change(CAST, without)
    for table in (GALLERY_PHOTOS, GALLERY_EMBEDDINGS):
        change(table, without)
    change(EVALUATION, lambda rows: rows[~rows["scope"].isin(names)])
    if named.empty:
        for table in (APPEARANCES, MINUTE_APPEARANCES, SCREEN_TIME):
            change(table, without)
        return chips
    duration_s = float(rows_of(FILM)["duration_s"].iloc[0])
    names_left = change(TRACK_NAMES, lambda rows: _without_name(rows, names))
    timeline = film_timeline(names_left, tracks, rows_of(SHOTS), cast, duration_s)
    write_rows(lake, APPEARANCES, timeline.appearances, film)
    write_rows(lake, MINUTE_APPEARANCES, timeline.minutes, film)
    write_rows(lake, SCREEN_TIME, timeline.screen_time, film)
    return chips


def _without_faces(tracks: pd.DataFrame, own: set[int]) -> pd.DataFrame:
    rows = tracks.astype({"best_face": "Int64"})
    concerned = rows["track"].isin(own)
    rows.loc[concerned, "best_face"] = pd.NA
    kept = [[] if drop else faces for drop, faces in zip(concerned, rows["embedded_faces"], strict=True)]
    rows["embedded_faces"] = pd.Series(kept, index=rows.index, dtype=object)
    return rows


def _without_name(named: pd.DataFrame, names: set[str]) -> pd.DataFrame:
    def cleaned(row: dict[Any, Any]) -> dict[Any, Any]:
        row = {name: None if isinstance(value, float) and value != value else value for name, value in row.items()}
        if row["actor"] in names:
            row |= dict.fromkeys(("actor", "probability")) | {"decision": "weak"}
        if row["nearest"] in names:
            row |= dict.fromkeys(("nearest", "distance")) | {"photos": []}
        if row["runner_up"] in names:
            row |= dict.fromkeys(("runner_up", "runner_up_distance"))
        row["perhaps"] = [each for each in row["perhaps"] if each["actor"] not in names]
        if any(name in (row["reason"] or "") for name in names) or (row["decision"] == "weak" and not row["nearest"]):
            row["reason"] = REASON
        return row

    rows = [cleaned(row) for row in named.to_dict("records")]
    return pd.DataFrame(rows, columns=named.columns).astype({"track": "int64"})
