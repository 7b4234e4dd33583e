"""Disturbs runs of a short film, and prints what they said and what was not as it should be, as Markdown tables.

    python -m benchmarks.disturb [--kills 50] [--faults all] [--seed 1] [--work FOLDER]

Needs the development films (WIOS_DEVSET). Kills: the driver, a worker of its pool, the JVM, the whole process group, or
Ctrl-C, at random moments. Disturbances: disks that fill up, shares that are unmounted, files that are changed, removed
or renamed while they are used, kept files that are damaged; these mount small disks and need root on Linux. After each,
the film is run again: its tables must be those of an undisturbed run, and neither processes nor staging folders,
temporary files or locks may be left. The disturbed run must have said one line, without a traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.disturb_faults import FAULTS, disturb_once
from benchmarks.disturb_kills import TARGETS, Trial, kill_once
from benchmarks.disturb_project import Project, Rows
from benchmarks.films import devset


def undisturbed(project: Project) -> tuple[float, Rows]:
    """Seconds that a run takes whose models are converted already, and its tables."""
    seconds = 0.0
    for _ in range(2):
        project.reset()
        ended = project.start().wait()
        if faults := [*ended.faults(may_fail=False), *project.leftovers()]:
            sys.exit(f"the undisturbed run: {'; '.join(faults)}")
        seconds = ended.seconds
    return seconds, project.rows()


def kills(project: Project, numbers: Iterable[int], seed: int, length_s: float, expected: Rows) -> Iterator[Trial]:
    for number in numbers:
        yield kill_once(project, TARGETS[number % len(TARGETS)], seed * 1000 + number, length_s, expected)


def show(title: str, trials: Iterable[Trial]) -> bool:
    """Print a row for each trial, and how many went well; whether all did."""
    print(f"\n{title}\n\n| disturbance | message of the disturbed run | result |\n| --- | --- | --- |", flush=True)
    good = count = 0
    for trial in trials:
        count += 1
        good += not trial.faults
        result = "; ".join(trial.faults) or "as undisturbed"
        print(f"| {trial.name} | {_cell(trial.message)} | {_cell(result)} |", flush=True)
    print(f"\n{good} of {count}", flush=True)
    return good == count


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ⏎ ")


def _numbers(text: str) -> range:
    first, _, last = text.rpartition("-")
    return range(int(first or 0), int(last))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=_numbers, default=range(50), metavar="[FROM-]TO", help="numbers of the kills")
    parser.add_argument("--faults", default="all", help="`all`, `none`, or parts of names, comma-separated")
    parser.add_argument("--seed", type=int, default=1, help="seed of the moments of the kills")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "wios-disturbed")
    args = parser.parse_args()
    project = Project(args.work.resolve())
    project.make_template(devset())
    length_s, expected = undisturbed(project)
    print(f"undisturbed: {length_s:.1f} s, {sum(map(len, expected.values()))} rows in {len(expected)} tables")
    good = show("Kills", kills(project, args.kills, args.seed, length_s, expected)) if args.kills else True
    parts = () if args.faults == "none" else ("",) if args.faults == "all" else tuple(args.faults.split(","))
    chosen = [fault for fault in FAULTS if any(part in fault.name for part in parts)]
    if chosen and (sys.platform != "linux" or os.geteuid()):
        sys.exit("disturbances mount disks; run as root on Linux, or with --faults none")
    good &= show("Disturbances", (disturb_once(project, fault, expected) for fault in chosen)) if chosen else True
    sys.exit(not good)


if __name__ == "__main__":
    main()
