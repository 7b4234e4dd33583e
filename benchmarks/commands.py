"""Commands of `wios` as a whole: seconds, processor seconds and memory of all of their processes.

    python -m benchmarks.commands [--rows help,who,list,clip,further,six,film,long] [--runs 3] [--minutes 10,30]
                                  [--against REVISION] [--work FOLDER]

Needs the development films (WIOS_DEVSET); processes are counted on Linux. Rows:

- `help`, `who`, `list`: commands that only ask;
- `clip`: `wios run` of a clip of ten seconds in an empty data folder;
- `further`: each further film of `wios run A B C`, beyond the time of its engine;
- `six`: six clips, one after the other with their segments in parallel, and in two commands at once, a process each;
- `film`: a film of some four minutes with 27 actors, from its file to the export, beside OpenCV's script with its
  gallery;
- `long`: films of so many minutes beside the engine alone.

Times are medians over the runs, taken in turns with the other revision, which has the same environment.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from dagster import AssetKey, AssetRecordsFilter, DagsterInstance

from benchmarks.__main__ import checked_out, measure
from benchmarks.films import ROOT, casts, dev_film, devset, repeated
from benchmarks.processes import Cost, counted
from benchmarks.processor import processor
from wios_assets.runs.instance import dagster_instance
from wios_assets.settings import load_settings

FILM_MINUTES, FILM_ACTORS = 4.0, 27
CLIPS = ("chaplin", "expendables", "titanic")
SIX = (*CLIPS, "strangerthings", "may", "friends")


@dataclass(frozen=True)
class Revision:
    """A checkout of this repository, and a folder for what it writes."""

    name: str
    root: Path
    work: Path

    @property
    def data(self) -> Path:
        return self.work / "data"

    def wios(self, *arguments: object) -> Cost:
        """Run a command of this revision on its data folder; a failed one ends the benchmark."""
        return counted(self.command(*arguments), self.root, self.environment())

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "wios_assets", *map(str, arguments)]

    def add(self, film: Path, cast: tuple[str, ...], gallery: Path) -> Cost:
        return self.wios("film", "add", film, "--name", film.stem, "--cast", ";".join(cast), "--gallery", gallery)

    def empty(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("WIOS_")}
        # As where it is installed: the first run keeps what Python compiles.
        own.pop("PYTHONDONTWRITEBYTECODE", None)
        return own | {
            "PYTHONPATH": str(self.root),
            "WIOS_DATA": str(self.data),
            "WIOS_CACHE": str(self.work / "cache"),
            "WIOS_INBOX__SETTLE_SECONDS": "0",
        }


class Commands:
    """The rows of the table; each returns what it cost a revision."""

    def __init__(self, work: Path, minutes: list[float]) -> None:
        self.root, self.work, self.minutes = devset(), work, minutes

    def help(self, revision: Revision) -> dict[str, Cost]:
        return {"`wios --help`": revision.wios("--help")}

    def who(self, revision: Revision) -> dict[str, Cost]:
        self._analysed(revision)
        return {"`wios who FILM 3`": revision.wios("who", CLIPS[0], "3")}

    def list(self, revision: Revision) -> dict[str, Cost]:
        self._analysed(revision)
        return {"`wios film list`": revision.wios("film", "list")}

    def clip(self, revision: Revision) -> dict[str, Cost]:
        revision.empty()
        self._add(revision, CLIPS[:1])
        return {"`wios run` of a clip of 10 s": revision.wios("run", CLIPS[0])}

    def further(self, revision: Revision) -> dict[str, Cost]:
        revision.empty()
        self._add(revision, CLIPS)
        whole = revision.wios("run", *CLIPS)
        settings = load_settings(data=revision.data)
        with dagster_instance(settings) as instance:
            ends = [run.end_time or 0.0 for run in reversed(instance.get_run_records())]
            engines = [_engine_s(instance, clip) for clip in CLIPS]
        beyond = [end - before - taken for before, end, taken in zip(ends, ends[1:], engines[1:], strict=False)]
        return {
            "`wios run A B C`": whole,
            "each further film beyond its engine": Cost(statistics.mean(beyond), None, None),
        }

    def six(self, revision: Revision) -> dict[str, Cost]:
        revision.empty()
        self._add(revision, SIX)
        in_turn = revision.wios("run", *SIX)
        halves = [replace(revision, work=revision.work / half) for half in ("first", "second")]
        for half, clips in zip(halves, (SIX[::2], SIX[1::2]), strict=True):
            half.empty()
            self._add(half, clips)
        # Two commands on one data folder would wait for each other before each film.
        commands = [
            shlex.join(["env", f"WIOS_DATA={half.data}", "WIOS_SPARK_MASTER=local[1]", *half.command("run", *clips)])
            for half, clips in zip(halves, (SIX[::2], SIX[1::2]), strict=True)
        ]
        both = f"{commands[0]} & one=$!; {commands[1]} & wait $! && wait $one"
        at_once = counted(["sh", "-c", both], revision.root, revision.environment())
        return {"six clips, segments in parallel": in_turn, "six clips, two films at a time": at_once}

    def film(self, revision: Revision) -> dict[str, Cost]:
        film, cast = self._film()
        gallery = self.root / "ident" / "gallery"
        revision.empty()
        steps = [
            revision.add(film, cast, gallery),
            revision.wios("run", film.stem),
            revision.wios("export", film.stem, "-o", self.work / "appearances.csv"),
        ]
        costs = {f"{FILM_MINUTES:g} minutes, {FILM_ACTORS} actors, file to export": sum(steps[1:], steps[0])}
        if revision.root == ROOT:
            command = [sys.executable, "-m", "benchmarks.opencv_script", str(film), str(gallery), ";".join(cast)]
            costs["OpenCV's script with its gallery, same film"] = counted(command, ROOT, dict(os.environ))
        return costs

    def long(self, revision: Revision) -> dict[str, Cost]:
        costs = {}
        film = dev_film(self.root)
        for minutes in self.minutes:
            path = repeated(film.path, minutes, self.work / f"dev_film_{minutes:g}_minutes.mp4")
            revision.empty()
            revision.add(path, film.cast, self.root / "ident" / "gallery")
            costs[f"`wios run` of {minutes:g} minutes"] = revision.wios("run", path.stem)
            started = time.monotonic()
            engine = measure("engine", path, revision.work / "engine", root=revision.root)
            costs[f"engine alone, {minutes:g} minutes"] = Cost(
                time.monotonic() - started, float(engine["processor_s"]), None
            )
        return costs

    def _add(self, revision: Revision, clips: tuple[str, ...]) -> None:
        for clip in clips:
            root = self.root / "cinema" if (self.root / "cinema" / "clips" / f"{clip}.mp4").is_file() else self.root
            film = root / "clips" / f"{clip}.mp4"
            revision.add(film, casts(film.parent)[film.name], root / "ident" / "gallery")

    def _analysed(self, revision: Revision) -> None:
        if not (revision.data / "lake" / "library").is_dir():
            self.clip(revision)

    def _film(self) -> tuple[Path, tuple[str, ...]]:
        """The dev film over and over, its cast filled up with other people of the gallery."""
        film = dev_film(self.root)
        others = [person.name for person in sorted((self.root / "ident" / "gallery").iterdir()) if person.is_dir()]
        cast = tuple(dict.fromkeys([*film.cast, *others]))[:FILM_ACTORS]
        return repeated(film.path, FILM_MINUTES, self.work / "dev_film_4_minutes.mp4"), cast


def _engine_s(instance: DagsterInstance, film: str) -> float:
    """Seconds that the film's segments took, as its run reported them."""
    wanted = AssetRecordsFilter(AssetKey("frame_samples"), asset_partitions=[film])
    record = instance.fetch_materializations(wanted, limit=1).records[0]
    assert record.asset_materialization is not None
    return float(record.asset_materialization.metadata["seconds taken"].value)  # type: ignore[arg-type]


def compare(row: Callable[[Revision], dict[str, Cost]], revisions: list[Revision], runs: int) -> None:
    """Run a row on every revision in turns, and print a line for each of its costs."""
    costs: dict[str, dict[str, list[Cost]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(runs):
        for revision in revisions:
            for what, cost in row(revision).items():
                costs[what][revision.name].append(cost)
    for what, of_revisions in costs.items():
        first: Cost | None = None
        for name, own in of_revisions.items():
            middle = Cost.median(own)
            first = first or middle
            print(f"| {what} | {name} | {middle.cells(first)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="help,who,list,clip,further,six,film,long")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--against", metavar="REVISION", help="revision of this repository to run in turns with this")
    parser.add_argument("--minutes", default="10,30", help="lengths of the films of the row `long`")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "wios-benchmarks")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    commands = Commands(args.work, [float(minutes) for minutes in args.minutes.split(",")])
    rows: dict[str, Callable[[Revision], dict[str, Cost]]] = {
        row.__name__: row
        for row in (
            *(commands.help, commands.who, commands.list, commands.clip),
            *(commands.further, commands.six, commands.film, commands.long),
        )
    }
    chosen = args.rows.split(",")
    if wrong := [name for name in chosen if name not in rows]:
        sys.exit(f"--rows {','.join(wrong)}: choose from {', '.join(rows)}")
    print(f"\n{processor()}, load {os.getloadavg()[0]:.1f} before the first run\n")
    print("| command | revision | seconds | processor seconds | peak MiB | seconds, processor seconds against first |")
    print("|" + " --- |" * 6, flush=True)
    with checked_out(args.against) if args.against else nullcontext() as other:
        revisions = [Revision("this", ROOT, args.work / "this")]
        if other is not None:
            revisions.insert(0, Revision(args.against, other, args.work / args.against))
        for name in chosen:
            # The models are converted by the first run; that is not part of the row.
            for revision in revisions:
                if not (revision.work / "cache").is_dir():
                    commands.clip(revision)
            compare(rows[name], revisions, args.runs)


if __name__ == "__main__":
    main()
