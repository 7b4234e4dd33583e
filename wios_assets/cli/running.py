"""`wios run`, `wios demo`."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wios_assets.cli.asking import show_minutes, show_who
from wios_assets.cli.console import complain, console, note, say
from wios_assets.errors import BadInput, Conflict, NotFound, WiosError
from wios_assets.notation import format_clock
from wios_assets.text import typed
from wios_assets.timeline.coverage import unreadable_warning

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from wios_assets.films.index import FilmChanges
    from wios_assets.lake.progress import Progress as FilmProgress
    from wios_assets.settings import Settings

LOOK_AGAIN_S = 1.0


def run(
    films: Annotated[
        list[str] | None, typer.Argument(metavar="[FILM...]", help="Films of the inbox, by key or its beginning.")
    ] = None,
    stale: Annotated[
        bool,
        typer.Option("--stale", help="Only what an older engine, setting, photo or decision made; all films if none."),
    ] = False,
) -> None:
    """Analyse films: everything from the video file to the library, with a progress bar."""
    if not films and not stale:
        raise typer.BadParameter("name a film, or give --stale for all that are not up to date", param_hint="FILM")
    settings = run_settings()
    keys, missing = [], False
    for film in films or ():
        try:
            keys.append(inbox_film(settings, film))
        except WiosError as error:
            if len(films or ()) == 1:
                raise
            complain(str(error))
            missing = True
    if missing and not keys:
        raise typer.Exit(1)
    keys = list(dict.fromkeys(keys)) or _stale_films(settings)
    if not _run_all(settings, keys, only_stale=stale) or missing:
        raise typer.Exit(1)


def demo() -> None:
    """Run everything on a small generated example; it shows how WIOS works, not how accurate it is."""
    from wios_assets.automation.source_files import imdb_is_loaded
    from wios_assets.demo import make_example
    from wios_assets.lake.library import open_library
    from wios_assets.lake.questions import find_film
    from wios_assets.runs.instance import dagster_instance
    from wios_assets.runs.launch import run_job
    from wios_assets.settings import load_settings

    _, elsewhere = _demo_settings(load_settings())
    settings = run_settings()
    say(f"1. A generated example, in {settings.data}", style="bold")
    example = make_example(settings.data)
    say(
        f"   film: {example.key}, {format_clock(example.duration_s)}; photos: {example.galleries}; IMDB: {example.imdb}"
    )
    # The file is complete already: nothing to wait for.
    os.utime(example.film, (time.time() - settings.inbox.settle_seconds - 1,) * 2)
    key = inbox_film(settings, example.key)
    say("2. IMDB's tables, and the film's way through the graph", style="bold")
    if not imdb_is_loaded(settings):
        with interrupts(), dagster_instance(settings) as instance:
            run_job(settings, instance, "imdb_refresh")
    if not _run_all(settings, [key], quiet=True):
        raise typer.Exit(1)
    with open_library(settings) as library:
        film = find_film(library, key)
        say("3. Who is in which minute: wios minutes", style="bold")
        show_minutes(library, film)
        say(f"4. Who is on screen: wios who {typed(key)} {format_clock(example.question_s)}", style="bold")
        show_who(library, film, example.question_s)
    prefix = f"WIOS_DATA={shlex.quote(str(settings.data))} " if elsewhere else ""
    say(f"Next: `{prefix}wios ui` shows the graph, the runs and every table; `wios film add PATH` takes your own film.")


def _demo_settings(settings: Settings) -> tuple[Settings, bool]:
    """Where the example goes: the data folder, or `demo` inside it where other IMDB files or folders are in use."""
    from wios_assets.demo.imdb_tables import TABLES, imdb_file
    from wios_assets.settings import FOLDERS, load_settings

    files = {name: settings.imdb / f"{name}.tsv.gz" for name in TABLES}
    own = all(not file.exists() or file.read_bytes() == imdb_file(name) for name, file in files.items())
    if own and all(getattr(settings, name) == settings.data / name for name in ("films", "galleries", "imdb")):
        return settings, False
    data = settings.data / "demo"
    # In the environment, so that every process of the run has them.
    os.environ["WIOS_DATA"] = str(data)
    for name in FOLDERS:
        os.environ[f"WIOS_{name.upper()}"] = str(data / name)
    return load_settings(), True


def run_settings() -> Settings:
    """The settings of the runs that a command asks for: those of the services where they run, else its own.

    Where both differ, a line on stderr says how.
    """
    from wios_assets.runs.service_settings import differences, service_settings
    from wios_assets.settings import load_settings

    settings = load_settings()
    services = service_settings(settings)
    if services is None:
        return settings
    if different := differences(services, settings):
        note(
            f"the services of {services.data} carry this out, with their settings: {'; '.join(different)}. "
            "`wios restart` has them take up the settings here",
            style="yellow",
        )
    return services


def inbox_film(settings: Settings, name: str) -> str:
    """Key of a film of the inbox, by its key or the beginning of it, once its file has stopped changing.

    Raises:
        WiosError: no such film, its file is gone, or it keeps changing.
    """
    from wios_assets.films.registry import look_at_inbox
    from wios_assets.lake.questions import UnknownFilm, match_film

    def look() -> FilmChanges:
        return look_at_inbox(settings, settings.inbox.settle_seconds)

    changes = look()
    waiting = {path.stem: path for path in changes.waiting} | {path.parent.name: path for path in changes.waiting}
    if name not in changes.index.films and name in waiting:
        path = waiting[name]
        note(f"{path}: changed just now; waiting until it is complete", style="dim")
        ended = time.monotonic() + settings.inbox.settle_seconds + 5 * LOOK_AGAIN_S
        while path in changes.waiting:
            if time.monotonic() > ended:
                raise Conflict(f"{path}: is still being written to; run it once it is complete")
            time.sleep(LOOK_AGAIN_S)
            changes = look()
    known = {key: Path(entry.path).stem for key, entry in changes.index.films.items()}
    try:
        key = match_film(name, known)
    except UnknownFilm as error:
        reasons = [problem for problem in changes.problems if name in problem]
        hint = "" if known else f"; {settings.films} holds no film, `wios film add PATH` adds one"
        raise (BadInput(reasons[0]) if reasons else NotFound(f"{error}{hint}")) from None
    if not changes.index.films[key].present:
        raise NotFound(
            f"the film {key!r} is gone from {changes.index.films[key].path}; put it back. Its results are kept"
        )
    return key


def _stale_films(settings: Settings) -> list[str]:
    """Analysed films of the inbox that are not up to date."""
    from wios_assets.films.registry import look_at_inbox
    from wios_assets.lake.store import finished_films
    from wios_assets.runs.instance import dagster_instance
    from wios_assets.runs.launch import report_observations
    from wios_assets.runs.renewal import stale_now

    index = look_at_inbox(settings, settings.inbox.settle_seconds).index.films
    films = [film for film in finished_films(settings.lake) if film in index and index[film].present]
    with dagster_instance(settings) as instance:
        for film in films:
            report_observations(settings, instance, film)
        stale = stale_now(settings, instance, films)
    chosen = [film for film in films if stale[film]]
    if not chosen:
        say(f"all {len(films)} analysed films are up to date")
    return chosen


def _run_all(settings: Settings, keys: list[str], *, quiet: bool = False, only_stale: bool = False) -> bool:
    """Run films one after the other; False where one failed, which is reported on stderr."""
    if keys and not only_stale:
        _start_workers(settings)
    from sqlalchemy.exc import SQLAlchemyError

    from wios_assets.lake.library import open_library
    from wios_assets.lake.questions import find_film, unreadable
    from wios_assets.runs.instance import dagster_instance
    from wios_assets.runs.launch import run_film
    from wios_assets.runs.renewal import keep_after_runs, kept_stale_films

    succeeded = True
    stale_before = kept_stale_films(settings)
    with dagster_instance(settings) as instance:
        with interrupts():
            _load_imdb(settings, instance)
        for key in keys:
            started = time.monotonic()
            try:
                with _film_bar(key) as report, interrupts():
                    did = run_film(settings, instance, key, report, tell=note, only_stale=only_stale)
                if did:
                    taken = time.monotonic() - started
                    with open_library(settings) as library:
                        film = find_film(library, key)
                        spans = unreadable(library, key)
            except WiosError as error:
                complain(str(error))
                succeeded = False
                continue
            if not did:
                say(f"{key}: nothing is left to do")
                continue
            say(
                f"ready: {key}, {format_clock(film['duration_s'])} of film in {format_clock(taken)}: "
                f"{film['people']} of the cast, {film['unknown_people']} unknown, {film['appearances']} appearances"
            )
            warning = unreadable_warning(key, spans, film["duration_s"])
            if warning is not None:
                note(warning, style="yellow")
            if not quiet:
                note(f"next: wios minutes {typed(key)}", style="dim")
        # Where a disk is gone, this fails for the reason that was reported.
        with nullcontext() if succeeded else suppress(WiosError, SQLAlchemyError):
            keep_after_runs(settings, instance, stale_before, keys)
    return succeeded


def _start_workers(settings: Settings) -> None:
    """Have the processes of the face engine load it while this one loads Dagster."""
    from wios_assets.assets.options import local_workers, runs_in_processes, worker_engine
    from wios_assets.assets.worker_pool import start_workers
    from wios_assets.runs.instance import ui_runs

    if runs_in_processes(settings) and not ui_runs(settings):
        start_workers(local_workers(settings), worker_engine(settings))


def _load_imdb(settings: Settings, instance: DagsterInstance) -> None:
    """Load IMDB's files where they are there and were never loaded."""
    from wios_assets.automation.source_files import imdb_is_loaded
    from wios_assets.imdb.files import IMDB_FILES, find_file
    from wios_assets.runs.launch import run_job

    if imdb_is_loaded(settings):
        return
    try:
        for table in IMDB_FILES:
            find_file(settings.imdb, table)
    except WiosError:
        return
    note(f"loading IMDB's files from {settings.imdb}", style="dim")
    run_job(settings, instance, "imdb_refresh", tell=note)


def run_with_status(
    settings: Settings, instance: DagsterInstance, job: str, text: str, *, own_settings: bool = False
) -> None:
    """Run a job over the whole library, with a line on stderr that says which step is done.

    Args:
        own_settings: as in `launch.run_job`.
    """
    from wios_assets.runs.launch import run_job

    with console(stderr=True).status(text) as status, interrupts():

        def tick(step: str | None) -> None:
            if step is not None:
                status.update(f"{step} is done")

        run_job(settings, instance, job, tick, tell=note, own_settings=own_settings)


@contextmanager
def interrupts() -> Iterator[None]:
    """Raises KeyboardInterrupt for every error that Ctrl-C leads to inside a run.

    Dagster replaces Python's handler, and Spark's JVM gets the signal as well, so a run may fail in several ways. A
    wake-up file descriptor tells whether the signal came.
    """
    from dagster import DagsterExecutionInterruptedError

    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    previous = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    except DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    except Exception:
        with suppress(BlockingIOError):
            if signal.SIGINT in os.read(reader, 64):
                raise KeyboardInterrupt from None
        raise
    finally:
        signal.set_wakeup_fd(previous)
        os.close(reader)
        os.close(writer)


@contextmanager
def _film_bar(key: str) -> Iterator[Callable[[FilmProgress | None, str | None], None]]:
    """A progress bar on stderr for one film; where stderr is no terminal, a line now and then."""
    if not sys.stderr.isatty():
        yield _Lines(key)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.fields[film]}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[status]}", markup=False),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("film", total=None, film=key, status="starting")

        def report(progress: FilmProgress | None, step: str | None) -> None:
            if progress is not None:
                bar.update(task, total=progress.total_s, completed=progress.done_s, status=_speed(progress))
            elif step is not None:
                bar.update(task, total=None, status=_after(step))

        yield report


class _Lines:
    """Reports a film's run in lines: each asset once, and the footage's progress every `EVERY_S` seconds."""

    EVERY_S = 15.0

    def __init__(self, key: str) -> None:
        self.key = key
        self.step: str | None = None
        self.spoken = time.monotonic()

    def __call__(self, progress: FilmProgress | None, step: str | None) -> None:
        if step != self.step and step is not None:
            self.step = step
            note(f"{self.key}: {_after(step)}")
        elif progress is not None and time.monotonic() - self.spoken >= self.EVERY_S:
            self.spoken = time.monotonic()
            note(f"{self.key}: {_speed(progress)}")


def _after(step: str) -> str:
    """The last asset that was finished."""
    return f"{step} done"


def _speed(progress: FilmProgress) -> str:
    """Seconds of film, speed and time left."""
    left = f", {format_clock(progress.left_s)} left" if progress.left_s is not None else ""
    return (
        f"{format_clock(progress.done_s)} of {format_clock(progress.total_s)}, {progress.speed:.1f} × real time{left}"
    )
