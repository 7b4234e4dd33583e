"""Disturbances of disks, shares and files during a run; afterwards all is put back and the film is run again."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.disturb_kills import Trial
from benchmarks.disturb_project import FILM, Project, Rows, Running, cut
from benchmarks.films import devset

MEGABYTE = 1_000_000
BUSY_S = 20.0
"""Longest time that a disk is waited for which is written to."""
ROOM = 600 * MEGABYTE
"""Size of a disk with room enough."""

Action = Callable[[Project], None]


@dataclass(frozen=True)
class Fault:
    """A disturbance.

    Attributes:
        name: what happens.
        moment: `before` the run, while the film is analysed (`footage`), or once the tracks are stored (`tracks`).
        disturb: makes it happen; afterwards disks get room and inputs are put back.
        mounts: folders below the project's that are disks of their own, and their sizes in bytes.
        finished: whether the film was analysed completely before.
        mend: what the message of the disturbed run tells a user to do.
    """

    name: str
    moment: str
    disturb: Action
    mounts: dict[str, int] = field(default_factory=dict)
    finished: bool = False
    mend: Action = field(default=lambda project: None)


def disturb_once(project: Project, fault: Fault, expected: Rows) -> Trial:
    """Disturb a run, put all right again, and run the film again."""
    with ExitStack() as stack:
        project.reset()
        for folder, size in fault.mounts.items():
            # Nothing may be there once the disk is taken away.
            shutil.rmtree(project.root / folder, ignore_errors=True)
            stack.enter_context(small_disk(project.root / folder, ROOM if fault.finished else size))
        if fault.mounts:
            project.restore_inputs()
        faults: list[str] = []
        if fault.finished:
            faults += project.start().wait().faults(may_fail=False)
        if fault.moment == "before":
            fault.disturb(project)
        run = project.start()
        if fault.moment != "before":
            try:
                if run.wait_until(partial(_reached, project, fault.moment, run)):
                    fault.disturb(project)
                else:
                    faults.append(f"the run ended before {fault.moment}")
            except TimeoutError as error:
                faults.append(f"not disturbed: {error}")
        ended = run.wait()
        faults += ended.faults(may_fail=True)
        faults += [f"process left: {line}" for line in project.wait_for_the_end_of_processes()]
        for folder in fault.mounts:
            resize(project.root / folder, ROOM)
        project.restore_inputs()
        fault.mend(project)
        faults += project.start().wait().faults(may_fail=False)
        faults += project.differences(expected) + project.leftovers()
    said = "; ".join(ended.messages) or ("carried on" if not ended.code else "")
    return Trial(fault.name, said, faults)


def _reached(project: Project, moment: str, run: Running) -> bool:
    if moment == "footage":
        return any((project.lake / ".staging").glob("*/records"))
    if moment == "start":
        return run.elapsed_s > 0.5
    return any((project.lake / moment).glob("*/*.parquet"))


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A file system of its own at `folder`, in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "wios-disturbed", str(folder)], check=True)
    try:
        yield
    finally:
        while os.path.ismount(folder):
            subprocess.run(["umount", "-l", str(folder)], check=True)


def resize(folder: Path, size: int) -> None:
    if os.path.ismount(folder):
        subprocess.run(["mount", "-o", f"remount,rw,size={size}", str(folder)], check=True)


def read_only(folder: str, project: Project) -> None:
    """Make a disk read-only as soon as nobody writes to a file on it, which the kernel waits for."""
    command = ["mount", "-o", "remount,ro", str(project.root / folder)]
    deadline = time.monotonic() + BUSY_S
    while subprocess.run(command, capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{folder} was written to for {BUSY_S:g} s")
        time.sleep(0.01)


def unmount(folder: str, project: Project) -> None:
    """Take a disk away at once; who has files of it open keeps them."""
    subprocess.run(["umount", "-l", str(project.root / folder)], check=True)


def remove_film(project: Project) -> None:
    project.video.unlink()


def rename_film(project: Project) -> None:
    project.video.rename(project.video.with_name("Another Name (1994).mkv"))


def rename_and_back(project: Project) -> None:
    project.video.rename(project.root / "aside.mkv")
    (project.root / "aside.mkv").rename(project.video)


def truncate_film(project: Project) -> None:
    os.truncate(project.video, project.video.stat().st_size // 2)


def empty_film(project: Project) -> None:
    os.truncate(project.video, 0)


def grow_film(project: Project) -> None:
    with project.video.open("ab") as file:
        file.write(os.urandom(100_000))


def overwrite_film(project: Project) -> None:
    project.video.write_bytes(os.urandom(project.video.stat().st_size))


def other_film(project: Project) -> None:
    """Another film under the same name, moved into its place."""
    other = project.root / "other.mkv"
    cut(devset() / "clips" / "may.mp4", other, 0.0, 5.0)
    os.utime(other, (1, 1))
    other.replace(project.video)


def folder_instead(project: Project) -> None:
    project.video.unlink()
    project.video.mkdir()


def touch_film(project: Project) -> None:
    os.utime(project.video, (1_000_000, 1_000_000))


def remove_sidecar(project: Project) -> None:
    project.video.with_name(f"{FILM}.wios.yaml").unlink()


def break_sidecar(project: Project) -> None:
    project.video.with_name(f"{FILM}.wios.yaml").write_text("cast: [ross_geller", encoding="utf-8")


def remove_photos(project: Project) -> None:
    shutil.rmtree(project.data / "galleries")


def cut_photos(project: Project) -> None:
    for photo in (project.data / "galleries").glob("*/*"):
        os.truncate(photo, photo.stat().st_size // 2)


def cut_files(pattern: str, project: Project) -> None:
    """Cut the files that a pattern names in half."""
    files = [file for file in project.root.glob(pattern) if file.is_file()]
    assert files, pattern
    for file in files:
        os.truncate(file, file.stat().st_size // 2)


def empty_files(pattern: str, project: Project) -> None:
    for file in project.root.glob(pattern):
        os.truncate(file, 0)


def flip_bytes(pattern: str, project: Project) -> None:
    """Change bytes in the middle of files, whose ends stay sound."""
    for file in project.root.glob(pattern):
        with file.open("r+b") as content:
            content.seek(file.stat().st_size // 3)
            content.write(b"\xa5" * 64)


def remove(pattern: str, project: Project) -> None:
    for file in project.root.glob(pattern):
        shutil.rmtree(file) if file.is_dir() else file.unlink()


def nothing(project: Project) -> None:
    """The disk is small, or the environment different: that is all."""


def _disk(folder: str, kilobytes: int) -> Fault:
    return Fault(
        f"disk of {folder} with {kilobytes / 1000:g} MB",
        "before",
        nothing,
        mounts={folder: kilobytes * 1000},
    )


def _damaged(name: str, disturb: Action, mend: Action = nothing) -> Fault:
    return Fault(name, "before", disturb, finished=True, mend=mend)


_LAKE = "data/lake"
FAULTS: tuple[Fault, ...] = (
    *(_disk("data", size) for size in (700, 2_000)),
    *(_disk(_LAKE, size) for size in (4, 80, 300, 1_100)),
    *(_disk("data/dagster", size) for size in (4, 400)),
    *(_disk("cache", size) for size in (40_000,)),
    *(_disk("tmp", size) for size in (4,)),
    Fault(
        "lake becomes read-only, analysing",
        "footage",
        partial(read_only, _LAKE),
        {_LAKE: ROOM},
    ),
    Fault(
        "lake becomes read-only, naming",
        "face_tracks",
        partial(read_only, _LAKE),
        {_LAKE: ROOM},
    ),
    Fault("lake is read-only", "before", partial(read_only, _LAKE), {_LAKE: ROOM}, finished=True),
    Fault("cache is read-only", "before", partial(read_only, "cache"), mounts={"cache": ROOM}),
    Fault("share of the lake unmounted, analysing", "footage", partial(unmount, _LAKE), mounts={_LAKE: ROOM}),
    Fault("share of the lake unmounted, naming", "face_tracks", partial(unmount, _LAKE), mounts={_LAKE: ROOM}),
    Fault(
        "share of the films unmounted, at start", "start", partial(unmount, "data/films"), mounts={"data/films": ROOM}
    ),
    Fault(
        "share of the films unmounted, analysing",
        "footage",
        partial(unmount, "data/films"),
        mounts={"data/films": ROOM},
    ),
    Fault(
        "share of the films unmounted, before", "before", partial(unmount, "data/films"), mounts={"data/films": ROOM}
    ),
    Fault(
        "share of the photos unmounted", "footage", partial(unmount, "data/galleries"), mounts={"data/galleries": ROOM}
    ),
    Fault("share of all data unmounted, analysing", "footage", partial(unmount, "data"), mounts={"data": ROOM}),
    Fault("share of the cache unmounted, at start", "start", partial(unmount, "cache"), mounts={"cache": ROOM}),
    *(
        Fault(f"film {name}, {moment}", moment, action)
        for moment, name, action in (
            ("film", "removed", remove_film),
            ("film", "renamed", rename_film),
            ("film", "replaced by another", other_film),
            ("footage", "removed", remove_film),
            ("footage", "renamed", rename_film),
            ("footage", "cut in half", truncate_film),
            ("footage", "overwritten", overwrite_film),
            ("footage", "replaced by another", other_film),
        )
    ),
    Fault("film emptied", "start", empty_film),
    Fault("film still growing", "footage", grow_film),
    Fault("film replaced by a folder", "footage", folder_instead),
    Fault("film touched", "footage", touch_film),
    Fault("film renamed and back", "footage", rename_and_back),
    Fault("sidecar removed", "start", remove_sidecar),
    Fault("sidecar broken", "start", break_sidecar),
    Fault("photos removed", "footage", remove_photos),
    Fault("photos cut in half", "footage", cut_photos),
    _damaged("kept faces cut in half", partial(cut_files, "data/lake/faces/*/*.parquet")),
    _damaged("kept embeddings with changed bytes", partial(flip_bytes, "data/lake/face_embeddings/*/*.parquet")),
    _damaged("kept shots emptied", partial(empty_files, "data/lake/shots/*/*.parquet")),
    _damaged("kept samples removed", partial(remove, "data/lake/frame_samples/*/*.parquet")),
    _damaged("all tables cut in half", partial(cut_files, "data/lake/*/*/*.parquet")),
    _damaged("library's list cut in half", partial(cut_files, "data/lake/library/*.parquet")),
    _damaged("published library cut in half", partial(cut_files, "data/lake/library.duckdb")),
    _damaged("list of films cut in half", partial(cut_files, "data/films.json"), partial(remove, "data/films.json")),
    _damaged("stamp of the footage cut in half", partial(cut_files, "data/lake/.footage/*.json")),
    _damaged("converted models cut in half", partial(cut_files, "cache/*.onnx")),
    _damaged("converted models with changed bytes", partial(flip_bytes, "cache/*.onnx")),
    _damaged("empty files of columns", partial(empty_files, "data/lake/.columns/**/*.parquet")),
)
"""Sizes are just around what a run of the clip takes, from nothing to enough."""
