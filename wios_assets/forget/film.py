"""Forgetting a film."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wios_assets.films.index import read_index, write_index
from wios_assets.films.registry import index_lock, index_path
from wios_assets.films.sidecar import Sidecar, sidecar_path, write_sidecar
from wios_assets.forget import steps
from wios_assets.forget.steps import Report, Subject
from wios_assets.lake.paths import partition_folder
from wios_assets.lake.prediction_log import forget_answers
from wios_assets.lake.progress import progress_file
from wios_assets.lake.stamps import forget_analysis_time, forget_footage
from wios_assets.partitions import FILM
from wios_assets.reviews.accepted import accepted_file
from wios_assets.reviews.decisions import decisions_file
from wios_assets.runs.film_runs import forget_newest_runs
from wios_assets.runs.renewal import forget_stale_films
from wios_assets.settings import Settings
from wios_assets.tables import FILM_TABLES
from wios_assets.timeline.truth import truth_path

if TYPE_CHECKING:
    from dagster import DagsterInstance


def film_subject(settings: Settings, film: str) -> Subject:
    """The subject of forgetting a film."""
    return Subject("film", [film], steps.paths_of(settings, [film]))


def forget_film(settings: Settings, instance: DagsterInstance, subject: Subject) -> Report:
    """Remove everything that was derived from a film; the video file itself is kept.

    Raises:
        WiosError: a run of the film is unfinished.
    """
    with steps.films_held(settings, instance, subject.films):
        return _forget_film(settings, instance, subject)


def _forget_film(settings: Settings, instance: DagsterInstance, subject: Subject) -> Report:
    report = Report()
    (film,) = subject.films
    steps.begin(settings, subject)
    # The inbox first, so that a running daemon does not request the film again.
    _leave_inbox(settings, film, subject.paths, report)
    tables = 0
    for table in FILM_TABLES:
        folder = partition_folder(settings.lake, table, film)
        if folder.is_dir():
            tables += 1
            shutil.rmtree(folder)
    report.removed.append(f"{tables} tables of the film with their faces, chips, embeddings, photos and names")
    forget_footage(settings.lake, film)
    forget_analysis_time(settings.lake, film)
    progress_file(settings.lake, film).unlink(missing_ok=True)
    forget_stale_films(settings)
    forget_newest_runs(settings)
    decisions = decisions_file(settings.data, film)
    for file in (decisions, decisions.with_suffix(".lock"), accepted_file(settings.data, film)):
        file.unlink(missing_ok=True)
    steps.remove_refined(settings, instance, report)
    steps.rewrite_library(settings)
    if answers := forget_answers(settings.lake, lambda asked, actors: asked == film):
        report.removed.append(f"{answers} answers in prediction_log")
    steps.remove_exports(settings, subject.films, report)
    steps.remove_pictures(settings, subject.paths, report)
    _remove_requests(settings, film)
    steps.remove_staging(settings)
    steps.remove_backups(settings, report)
    steps.clear_history(settings, instance, subject.films, report, imdb=False)
    instance.delete_dynamic_partition(FILM, film)
    steps.remove_published(settings, subject, report)
    steps.finish(settings)
    return report


def _leave_inbox(settings: Settings, film: str, paths: list[str], report: Report) -> None:
    """Take the film out of the index and the inbox. A video file in the inbox stays and is skipped from now on."""
    for path in map(Path, paths):
        if settings.films not in path.parents or not (path.is_symlink() or path.exists()):
            if path.exists():
                report.kept.append(f"the film itself, {path}")
            continue
        if path.is_symlink():
            report.kept.append(f"the film itself, {path.resolve()}")
            for file in (path, sidecar_path(path), truth_path(path)):
                file.unlink(missing_ok=True)
            with suppress(OSError):
                path.parent.rmdir()
        else:
            write_sidecar(sidecar_path(path), Sidecar(skip=True))
            report.kept.append(f"the film itself, {path}; {sidecar_path(path).name} beside it has `skip: true`")
            if truth_path(path).is_file():
                report.kept.append(f"the truth beside it, {truth_path(path)}")
    with index_lock(settings):
        index = read_index(index_path(settings))
        films = {key: entry for key, entry in index.films.items() if key != film}
        looks = {file: look for file, look in index.looks.items() if file not in paths}
        write_index(index_path(settings), replace(index, films=films, looks=looks))


def _remove_requests(settings: Settings, film: str) -> None:
    for file in (settings.data / "requests").glob("*.json"):
        with suppress(OSError, ValueError):
            asked = json.loads(file.read_text(encoding="utf-8"))
            details = asked.get("details") or asked.get("said") or {}
            if film in (asked.get("film"), details.get("name")):
                file.unlink()
