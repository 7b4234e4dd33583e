"""How the command line speaks: tables for people, plain text for pipes, JSON for programs."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

NOTHING = "–"
# Wide enough that nothing is cut or wrapped where no terminal sets the width.
_PIPE_WIDTH = 100_000


def prepare_streams() -> None:
    """Let output through that the terminal's encoding lacks characters for, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def console(*, stderr: bool = False) -> Console:
    """A console on stdout or stderr: styled on a terminal, plain and of any width elsewhere."""
    out = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not out.is_terminal:
        out = Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=_PIPE_WIDTH, no_color=True)
    return out


def say(text: str, style: str = "") -> None:
    """A line on stdout."""
    console().print(Text(printable(text), style=style), soft_wrap=True)


def note(text: str, style: str = "") -> None:
    """A line on stderr: what is worth knowing but is no answer."""
    console(stderr=True).print(Text(printable(text), style=style), soft_wrap=True)


def complain(text: str) -> None:
    """A line on stderr that says what to mend."""
    line = Text("wios: ", style="bold red")
    line.append(printable(text), style="not bold default")
    console(stderr=True).print(line, soft_wrap=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[str] = ()) -> None:
    """A table on stdout; `right` names the columns of numbers. None is shown as a dash, nothing is cut."""
    out = console()
    table = Table(box=None, header_style="bold" if out.is_terminal else "", pad_edge=False, padding=(0, 2, 0, 0))
    numbers = set(right)
    for column in columns:
        # A terminal may be narrow: values go on in the next line, none is cut.
        table.add_column(Text(column), justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(NOTHING if cell is None else printable(str(cell))) for cell in row))
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def show_json(value: Any) -> None:
    """A value as JSON on stdout."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    sys.stdout.write(json.dumps(value, ensure_ascii=plain, indent=1) + "\n")


def printable(text: str) -> str:
    """Text in which line breaks and other control characters stand as escapes, so that a name stays on its line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def number(value: float | None, decimals: int) -> str | None:
    """A number with so many decimals; None stays None."""
    return None if value is None else f"{value:.{decimals}f}"
