"""A small project that runs are disturbed in: a film of four seconds, its tables, and what a run leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import av
import psutil
from filelock import FileLock, Timeout

from wios_assets.errors import WiosError
from wios_assets.lake.store import STAGING, has_rows_of, read_rows
from wios_assets.tables import FILM_TABLES, LIBRARY, TABLES

FILM = "Friends (1994)"
CLIP, CLIP_S = "friends.mp4", 4.0
CAST = ("ross_geller", "joey_tribbiani", "phoebe_buffay", "rachel_green")
LIMIT_S = 400.0
"""Longest time of one command."""
END_S = 30.0
"""Longest time in which the processes of a killed run end by themselves."""
_SETTLED_S = 3600.0

Rows = dict[str, list[str]]
"""Rows of each table as sorted JSON, by table."""


@dataclass(frozen=True)
class Ended:
    """Exit code of a command, its stderr, and the seconds it took."""

    code: int
    err: str
    seconds: float

    @property
    def messages(self) -> list[str]:
        """Lines that say what to mend."""
        return [line for line in self.err.splitlines() if line.startswith("wios: ")]

    @property
    def noise(self) -> list[str]:
        """Lines that are neither progress nor a message; what a run warns of begins with the path of a file."""
        known = ("wios: ", "/", f"{FILM}: ", "next: ", f"film '{FILM}': ", "loading ")
        return [line for line in self.err.splitlines() if line.strip() and not line.startswith(known)]

    def faults(self, *, may_fail: bool) -> list[str]:
        """What is wrong with how the command ended: a traceback, several messages or none, or noise."""
        faults = [f"noise: {self.noise[0][:120]} (and {len(self.noise) - 1} more)"] if self.noise else []
        if self.code and not may_fail:
            faults.append(f"ended with {self.code}: {self.err.strip()[-300:]}")
        elif self.code not in (0, 1, 130):
            faults.append(f"ended with {self.code}")
        elif self.code and len(self.messages) != 1:
            faults.append(f"{len(self.messages)} messages")
        return faults


@dataclass
class Running:
    """A command in a process group of its own."""

    process: subprocess.Popen[bytes]
    err: Path
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started

    def wait(self, limit_s: float = LIMIT_S) -> Ended:
        """Wait for its end; it is killed where it does not end in time."""
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            code = self.process.wait()
        return Ended(code, self.err.read_text(errors="replace"), self.elapsed_s)

    def wait_until(self, reached: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
        """Wait until something is so; False where the command ended first."""
        ends = time.monotonic() + limit_s
        while time.monotonic() < ends:
            if reached():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.005)
        return False

    def wait_s(self, seconds: float) -> bool:
        """Wait so many seconds since its start; False where the command ended first."""
        return self.wait_until(lambda: self.elapsed_s >= seconds, seconds + 1)


@dataclass(frozen=True)
class Project:
    """A data folder with one film, made from `template`.

    Attributes:
        root: folder of everything; the data folder is `root/data`.
        template: the data folder as it is before the first run.
        cache: folder of converted models, shared by all runs.
        runner: what analyses the film's segments, `processes` or `spark`.
    """

    root: Path
    runner: str = "processes"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def template(self) -> Path:
        return self.root / "template"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def video(self) -> Path:
        return self.data / "films" / f"{FILM}.mkv"

    def make_template(self, devset: Path) -> None:
        """Make the data folder to start from: a clip of the development films and one photo of each actor."""
        shutil.rmtree(self.root, ignore_errors=True)
        films = self.template / "films"
        films.mkdir(parents=True)
        cut(devset / "clips" / CLIP, films / f"{FILM}.mkv", 0.0, CLIP_S)
        (films / f"{FILM}.wios.yaml").write_text(f"cast: [{', '.join(CAST)}]\n", encoding="utf-8")
        for actor in CAST:
            photo = min((devset / "ident" / "gallery" / actor).iterdir())
            folder = self.template / "galleries" / actor
            folder.mkdir(parents=True)
            shutil.copyfile(photo, folder / photo.name)
        for folder in (self.cache, self.temporary):
            folder.mkdir()

    def reset(self) -> None:
        """Put the data folder back to the template, and empty the folder for temporary files."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(exist_ok=True)
        self.restore_inputs()

    def restore_inputs(self) -> None:
        """Put films, sidecars and photos back as they were; a film that has not changed keeps its time."""
        for folder in ("films", "galleries"):
            # The folder itself may be a disk of its own.
            shutil.rmtree(self.data / folder, ignore_errors=True)
            shutil.copytree(self.template / folder, self.data / folder, dirs_exist_ok=True)
        long_ago = time.time() - _SETTLED_S
        for file in (self.data / "films").iterdir():
            os.utime(file, (long_ago, long_ago))

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WIOS_", "DAGSTER_"))}
        return kept | {
            "WIOS_DATA": str(self.data),
            "WIOS_CACHE": str(self.cache),
            "WIOS_CONFIG": str(self.root / "none.yaml"),
            "WIOS_SPARK_MASTER": "local[2]",
            "WIOS_FOOTAGE__RUNNER": self.runner,
            "TMPDIR": str(self.temporary),
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *arguments: str, **environment: str) -> Running:
        """Start `wios`; without arguments it runs the film."""
        err = self.root / "stderr" / f"{time.time_ns()}.txt"
        err.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "wios_assets", *(arguments or ("run", FILM))]
        with err.open("wb") as file:
            process = subprocess.Popen(
                command,
                env=self.environment | environment,
                cwd=self.root,
                stdout=subprocess.DEVNULL,
                stderr=file,
                start_new_session=True,
            )
        return Running(process, err)

    def processes(self) -> list[psutil.Process]:
        """Living processes that were started for this data folder."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("WIOS_DATA") == str(self.data)
        except psutil.Error:
            return False

    def wait_for_the_end_of_processes(self) -> list[str]:
        """Command lines of processes that still live after `END_S`; they are killed."""
        ends = time.monotonic() + END_S
        while (living := self.processes()) and time.monotonic() < ends:
            time.sleep(0.1)
        lines = []
        for process in living:
            try:
                lines.append(" ".join(process.cmdline())[:120])
                process.kill()
            except psutil.Error:
                continue
        return lines

    def rows(self) -> Rows:
        """Rows of all tables of the film and of the library."""
        tables = [TABLES[name] for name in FILM_TABLES if has_rows_of(self.lake, TABLES[name], FILM)]
        stored = {table.name: read_rows(self.lake, table, FILM) for table in tables}
        stored[LIBRARY.name] = read_rows(self.lake, LIBRARY)
        return {
            name: sorted(json.dumps(row, default=_plain, sort_keys=True) for row in rows.to_pylist())
            for name, rows in stored.items()
        }

    def differences(self, expected: Rows) -> list[str]:
        """Tables whose rows are not the expected ones."""
        try:
            rows = self.rows()
        except WiosError as error:
            return [str(error)]
        return [f"other rows: {name}" for name in sorted({*rows, *expected}) if rows.get(name) != expected.get(name)]

    def leftovers(self) -> list[str]:
        """What runs left behind: processes, staging and temporary files, progress, locks that are held."""
        living = [f"process left: {line}" for line in self.wait_for_the_end_of_processes()]
        files = [
            *(self.lake / STAGING).glob("*"),
            *(self.lake / ".progress").glob("*"),
            *self.data.rglob("*.tmp"),
            *self.cache.rglob("*.tmp"),
            *(self.data / ".locks").glob("*.json"),
            *(file for file in self.temporary.rglob("*") if not _expected(file)),
        ]
        held = [f"lock held: {file}" for file in self.data.rglob("*.lock") if not _is_free(file)]
        return [*living, *(f"left: {file.relative_to(self.root)}" for file in files if file.name != ".lock"), *held]


def cut(source: Path, target: Path, start_s: float, end_s: float) -> None:
    """Copy the packets of a stretch of a film's pictures; it starts at the keyframe before `start_s`."""
    with av.open(str(source)) as film, av.open(str(target), "w") as sink:
        stream = film.streams.video[0]
        out = sink.add_stream_from_template(stream)
        film.seek(round(start_s * 1_000_000))
        for packet in film.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue
            if packet.pts * packet.time_base >= end_s:
                break
            packet.stream = out
            sink.mux(packet)


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else str(value)


def _expected(file: Path) -> bool:
    """Whether a temporary file is no leftover: the folder of scratch folders and its lock stay."""
    return file.name in (".lock", f"wios-{os.getuid()}")


def _is_free(file: Path) -> bool:
    try:
        with FileLock(file, timeout=0):
            return True
    except Timeout:
        return False
