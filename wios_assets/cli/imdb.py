"""`wios imdb load`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wios_assets.cli.console import console, note, say
from wios_assets.cli.running import interrupts, run_settings

if TYPE_CHECKING:
    from wios_assets.settings import Settings


def about() -> None:
    """IMDB's files, for personal and non-commercial use."""


def load(
    folder: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Folder of IMDB's files. Default: the setting `imdb`."),
    ] = None,
    download: Annotated[
        bool,
        typer.Option("--download", help="Fetch what changed from `imdb_load.address` first; this accepts the terms."),
    ] = False,
) -> None:
    """Load IMDB's files: typed tables, the director's films with their casts, and what is missing for them."""
    from wios_assets.imdb.files import IMDB_FILES, TERMS, find_file
    from wios_assets.lake.library import publish
    from wios_assets.runs.instance import dagster_instance
    from wios_assets.runs.launch import run_job
    from wios_assets.settings import load_settings

    if folder is not None and download:
        raise typer.BadParameter("give --from FOLDER or --download, not both")
    own = {**({"imdb": folder} if folder else {}), **({"imdb_download": True} if download else {})}
    settings = load_settings(**own) if own else run_settings()
    note(TERMS, style="dim")
    if not settings.imdb_download:
        for table in IMDB_FILES:
            find_file(settings.imdb, table)
    started = time.monotonic()
    with dagster_instance(settings) as instance, _bar(settings) as tick, interrupts():
        run_job(settings, instance, "imdb_refresh", tick, tell=note, own_settings=bool(own))
    publish(settings.lake, settings.library)
    _report_tables(settings, time.monotonic() - started)


def _report_tables(settings: Settings, seconds: float) -> None:
    import pyarrow.parquet as pq

    from wios_assets.imdb.files import ALL_FILES
    from wios_assets.lake.paths import parquet_files, table_folder
    from wios_assets.lake.store import read_rows
    from wios_assets.tables import FILMOGRAPHY, QUARANTINE

    counts = {
        table: sum(pq.read_metadata(file).num_rows for file in parquet_files(table_folder(settings.lake, table)))
        for table in (*ALL_FILES, QUARANTINE.name)
    }
    rows_loaded = ", ".join(f"{table.removeprefix('imdb/')} {rows:,}" for table, rows in counts.items())
    say(f"loaded in {seconds:.0f} s: {rows_loaded}")
    films = read_rows(settings.lake, FILMOGRAPHY)
    if films.num_rows:
        number = len(set(films["tconst"].to_pylist()))
        say(f"filmography: {number} films by {films['director_name'][0]}; next: wios sql 'SELECT * FROM wanted'")
    else:
        note(
            f"IMDB's tables have no film directed by {settings.director}; WIOS_DIRECTOR chooses another director",
            style="yellow",
        )


@contextmanager
def _bar(settings: Settings) -> Iterator[Callable[[str | None], None]]:
    """A progress bar on stderr for each file; where stderr is no terminal, a line for each that is begun."""
    from wios_assets.lake.progress import read_loading

    if not sys.stderr.isatty():
        begun: set[str] = set()

        def speak(step: str | None) -> None:
            for name in read_loading(settings.lake):
                if name not in begun:
                    begun.add(name)
                    note(f"reading {name}")

        yield speak
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (DownloadColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *columns,
        console=console(stderr=True),
        transient=True,
    ) as bar:
        tasks = {}

        def tick(step: str | None) -> None:
            for name, (done, size) in read_loading(settings.lake).items():
                if name not in tasks:
                    tasks[name] = bar.add_task(name, total=None)
                bar.update(tasks[name], completed=done, total=size or None)

        yield tick
