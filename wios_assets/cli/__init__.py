"""The command line, `wios`: its entry point, and how an error ends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, pthread_kill
from threading import Timer, get_ident

from wios_assets.errors import WiosError, explain

INTERRUPTED = 130
REPEAT_S = 0.01


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `wios` and end the process.

    Ends with 0 when all went well, 1 when there is something for the user to mend (one line on stderr says what), 2
    when the command is not written as it should be, 130 when interrupted. A fault of the program keeps its traceback.
    """
    from wios_assets.cli.console import complain, prepare_streams

    prepare_streams()
    try:
        with _interrupts_are_kept():
            _run_app(arguments)
    except SystemExit as end:
        # Typer turns KeyboardInterrupt into this code and says nothing.
        if end.code == INTERRUPTED:
            complain("interrupted")
        raise
    except KeyboardInterrupt:
        complain("interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The interpreter flushes once more when it ends, and would complain of the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        explained = explain(error, _written_folders())
        if explained is None:
            raise
        complain(str(explained))
        sys.exit(1)


def _run_app(arguments: Sequence[str] | None) -> None:
    # Imported here, because loading the commands takes a second, in which Ctrl-C may come.
    from wios_assets.cli.app import app

    try:
        app(args=None if arguments is None else list(arguments), prog_name="wios")
    finally:
        sys.stdout.flush()


@contextmanager
def _interrupts_are_kept() -> Iterator[None]:
    """Repeat a Ctrl-C that came in a callback for garbage, where Python drops what is raised with a traceback."""
    previous = sys.unraisablehook

    def repeat(dropped: sys.UnraisableHookArgs) -> None:
        if isinstance(dropped.exc_value, KeyboardInterrupt):
            # From another thread, so that it is raised once this hook has ended.
            Timer(REPEAT_S, pthread_kill, (get_ident(), SIGINT)).start()
        else:
            previous(dropped)

    sys.unraisablehook = repeat
    try:
        yield
    finally:
        sys.unraisablehook = previous


def _written_folders() -> list[Path]:
    from wios_assets.settings import load_settings

    try:
        return load_settings().written_folders
    except WiosError:
        return []
