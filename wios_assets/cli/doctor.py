"""`wios doctor`: checks the requirements of WIOS, with the remedy for each that fails."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from wios_assets.cli.console import console, printable
from wios_assets.errors import BadInput, WiosError, explain
from wios_assets.text import typed

if TYPE_CHECKING:
    from wios_assets.settings import Settings

State = Literal["ok", "warn", "fail"]
_STYLES: dict[State, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_INPUTS = ("films", "galleries", "imdb")
_MODELS = (
    "dlib_face_recognition_resnet_model_v1.dat",
    "mmod_human_face_detector.dat",
    "shape_predictor_5_face_landmarks.dat",
)
LITTLE_BYTES, ENOUGH_BYTES = 200_000_000, 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """Result of a check: its subject, state, message and remedy."""

    subject: str
    state: State
    message: str
    remedy: str = ""


def doctor(
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Check every worker of the Spark cluster instead of this machine.")
    ] = False,
) -> None:
    """Check Java, models, folders, space, port and library, and say how to mend what is wrong.

    With --cluster, runs a task on every worker that `spark_master` has, and says what is missing there: Python,
    packages, models, folders, and how far its clock is off. Ends with 1 where something fails; a warning alone does
    not.
    """
    from wios_assets.settings import load_settings

    failed = False
    out = console()
    settings = load_settings()
    for finding in cluster_findings(settings) if cluster else findings(settings):
        line = Text(f"{finding.state:4}", style=_STYLES[finding.state])
        remedy = f"; {finding.remedy}" if finding.remedy else ""
        line.append(printable(f"  {finding.subject:10}  {finding.message}{remedy}"), style="not bold default")
        out.print(line, soft_wrap=True)
        failed |= finding.state == "fail"
    if failed:
        raise typer.Exit(1)


def findings(settings: Settings) -> Iterator[Finding]:
    """Results of all checks, in order, as they are made."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _java,
        _models,
        _video,
        _dagster,
        _folders,
        _space,
        _port,
        _database,
        _imdb,
        _library,
        _lake,
        _inbox,
    )
    for check in checks:
        try:
            yield from check(settings)
        except WiosError as error:
            yield Finding(check.__name__.strip("_"), "fail", str(error))
        except OSError as error:
            yield Finding(check.__name__.strip("_"), "fail", f"{error.filename}: {error.strerror}")


def cluster_findings(settings: Settings) -> Iterator[Finding]:
    """Results of the checks of every worker.

    Raises:
        BadInput: `spark_master` names no cluster.
    """
    from wios_assets.assets.options import has_cluster
    from wios_assets.assets.worker_check import check_workers

    if not has_cluster(settings):
        raise BadInput(f"spark_master is {settings.spark_master}: set WIOS_SPARK_MASTER to a cluster's address")
    try:
        workers = check_workers(settings)
    except Exception as error:
        explained = explain(error, settings.written_folders)
        if explained is None:
            raise
        yield Finding("cluster", "fail", str(explained))
        return
    for worker in workers:
        yield Finding("worker", "ok", f"{worker.host}: {worker.summary}")
        for problem in worker.problems:
            state: State = "fail" if problem.fatal else "warn"
            yield Finding(problem.subject, state, f"{worker.host}: {problem.message}", problem.remedy)


def _java(settings: Settings) -> Iterator[Finding]:
    from wios_assets.lake.java import find_java

    java = find_java(settings.cache)
    yield Finding("java", "ok", f"version {java.version}, {java.found}; Spark {version('pyspark')}")


def _database(settings: Settings) -> Iterator[Finding]:
    from wios_assets.services.database import database_service, has_database

    if has_database(settings):
        yield Finding("database", "ok", f"{database_service(settings).command[0]}, files in {settings.database_folder}")


def _models(settings: Settings) -> Iterator[Finding]:
    package = importlib.util.find_spec("face_recognition_models")
    reinstall = f"`{sys.executable} -m pip install --force-reinstall face_recognition_models`"
    if package is None or not package.submodule_search_locations:
        yield Finding(
            "models", "fail", "the package face_recognition_models is not installed", f"install it: {reinstall}"
        )
        return
    folder = Path(package.submodule_search_locations[0]) / "models"
    missing = [name for name in _MODELS if not (folder / name).is_file() or not (folder / name).stat().st_size]
    if missing:
        yield Finding("models", "fail", f"{folder}: no {', '.join(missing)}", f"install the package again: {reinstall}")
        return
    missing = [name for name in ("dlib", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        yield Finding("models", "fail", f"the module {missing[0]} is not installed", "set the project up again")
        return
    from wios_assets.vision.zoo import SFACE_FILE, YUNET_FILE, zoo_file

    for name in (SFACE_FILE, YUNET_FILE):
        zoo_file(name)
    yield Finding("models", "ok", f"{folder}; engine {settings.engine} on {settings.device}")


def _video(settings: Settings) -> Iterator[Finding]:
    del settings
    import av

    missing = []
    for codec in ("h264", "hevc", "mpeg4", "vp9"):
        try:
            av.codec.Codec(codec, "r")
        except av.codec.codec.UnknownCodecError:
            missing.append(codec)
    libavcodec = ".".join(map(str, av.library_versions["libavcodec"]))
    if missing:
        yield Finding(
            "video", "warn", f"this FFmpeg does not decode {', '.join(missing)}", "convert such films to H.264"
        )
    else:
        yield Finding("video", "ok", f"FFmpeg's libavcodec {libavcodec}, through PyAV {version('av')}")


def _dagster(settings: Settings) -> Iterator[Finding]:
    del settings
    missing = []
    for package in ("dagster", "dagster-webserver", "dagster-pyspark"):
        try:
            version(package)
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        yield Finding("dagster", "fail", f"not installed: {', '.join(missing)}", "set the project up again")
    else:
        yield Finding("dagster", "ok", f"version {version('dagster')}")


def _folders(settings: Settings) -> Iterator[Finding]:
    from wios_assets.settings import FOLDERS

    for name in (*FOLDERS, "cache"):
        folder: Path = getattr(settings, name)
        variable, subject = f"WIOS_{name.upper()}", f"{name}/"
        if not folder.exists():
            parent = next(parent for parent in folder.parents if parent.exists())
            if not _writable(parent):
                yield Finding(
                    subject, "fail", f"{folder}: cannot be made in {parent}", f"set {variable} to another place"
                )
            elif name in _INPUTS:
                yield Finding(subject, "warn", f"{folder}: not there yet", f"make it, or set {variable}")
            else:
                yield Finding(subject, "ok", f"{folder}: not there yet, is made when it is needed")
        elif not folder.is_dir():
            yield Finding(subject, "fail", f"{folder}: is no folder", f"move it away, or set {variable}")
        elif not _writable(folder) and name not in ("galleries", "imdb"):
            yield Finding(subject, "fail", f"{folder}: cannot be written", f"mend its permissions, or set {variable}")
        else:
            yield Finding(subject, "ok", str(folder))


def _space(settings: Settings) -> Iterator[Finding]:
    for name in ("lake", "cache"):
        folder: Path = getattr(settings, name)
        existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(existing).free
        message = f"{free / 1e9:.1f} GB free for {folder}"
        if free < LITTLE_BYTES:
            yield Finding("space", "fail", message, f"free some, or set WIOS_{name.upper()} to another disk")
        elif free < ENOUGH_BYTES:
            yield Finding("space", "warn", message, "a long film takes some hundred MB")
        else:
            yield Finding("space", "ok", message)


def _port(settings: Settings) -> Iterator[Finding]:
    from wios_assets.page.security import is_loopback

    address = f"{settings.page_host}:{settings.page_port}"
    if not is_loopback(settings.page_host) and settings.page_token is None:
        remedy = "set WIOS_PAGE_TOKEN, or unset WIOS_PAGE_HOST"
        yield Finding("port", "warn", f"{address}: other machines reach the page, and it has no token", remedy)
    family = socket.AF_INET6 if ":" in settings.page_host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.page_host, settings.page_port))
        except OSError as error:
            remedy = "fine if that is `wios ui`; else end the other program, or set WIOS_PAGE_PORT"
            yield Finding("port", "warn", f"{address}: {error.strerror or error}", remedy)
            return
    yield Finding("port", "ok", f"{address} is free for `wios ui`")


def _imdb(settings: Settings) -> Iterator[Finding]:
    from wios_assets.imdb.files import IMDB_FILES, find_file

    missing = []
    for table in IMDB_FILES:
        try:
            find_file(settings.imdb, table)
        except WiosError:
            missing.append(f"{IMDB_FILES[table].stem}.tsv.gz")
    if missing:
        remedy = "without them a film's cast comes from its sidecar (`wios film add … --cast`)"
        yield Finding("imdb", "warn", f"{settings.imdb}: no {', '.join(missing)}", remedy)
    else:
        yield Finding("imdb", "ok", f"{settings.imdb}: all four files")


def _inbox(settings: Settings) -> Iterator[Finding]:
    from wios_assets.cli.films import known_films

    films, problems = known_films(settings)
    for problem in problems:
        if settings.films.is_dir():
            yield Finding("inbox", "warn", problem)
    states = [film["state"] for film in films]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ("new", "ready", "removed"))
    yield Finding("inbox", "ok", f"films: {counts}")


def _library(settings: Settings) -> Iterator[Finding]:
    from wios_assets.lake.library import library_fault, missing_parts, open_library
    from wios_assets.lake.questions import films
    from wios_assets.lake.store import damaged_files, finished_films
    from wios_assets.tables import FILM_TABLES, TABLES

    analysed = finished_films(settings.lake)
    if not analysed and not settings.library.exists():
        yield Finding("library", "ok", "no film was analysed yet")
        return
    fault = library_fault(settings)
    if fault:
        open_library(settings).close()
        yield Finding("library", "ok", f"published anew: {fault}")
    with open_library(settings) as library:
        listed = [film["film"] for film in films(library)]
    missing = missing_parts(settings.lake, listed)
    # A film without a truth has no evaluation.
    required = {film: [table for table in tables if table != "evaluation"] for film, tables in missing.items()}
    incomplete = {film: tables for film, tables in required.items() if tables}
    for film, tables in incomplete.items():
        yield Finding(
            "library",
            "fail",
            f"{film!r} lacks {', '.join(tables)} in {settings.lake}",
            f"`wios run {typed(film)}`",
        )
    damaged = {
        film: [f for table in FILM_TABLES for f in damaged_files(settings.lake, TABLES[table], film)] for film in listed
    }
    for film, files in damaged.items():
        for file in files:
            yield Finding("library", "fail", f"{file}: is damaged", f"`wios run {typed(film)}`")
    for film in sorted(set(analysed) - set(listed)):
        yield Finding("library", "warn", f"{film!r} was analysed and is not listed", f"`wios run {typed(film)}`")
    if not incomplete and not any(damaged.values()):
        yield Finding("library", "ok", f"{settings.library}; films: {len(listed)}")


def _lake(settings: Settings) -> Iterator[Finding]:
    from wios_assets.lake.schema_versions import SCHEMA_VERSION
    from wios_assets.update.lake import outdated_partitions

    outdated = outdated_partitions(settings.lake)
    for film, partitions in outdated.items():
        for each in (each for each in partitions if each.fault is not None):
            yield Finding("lake", "warn", str(each.fault))
        carried = [str(each) for each in partitions if each.fault is None]
        if carried:
            name = repr(film) if film is not None else "tables over all films"
            yield Finding("lake", "warn", f"{name}: {', '.join(carried)}, now {SCHEMA_VERSION}", "`wios update`")
    if not outdated:
        yield Finding("lake", "ok", f"every table is of schema {SCHEMA_VERSION}")


def _writable(folder: Path) -> bool:
    """Whether a file can be created in a folder; tried, because permissions do not show a read-only disk."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
