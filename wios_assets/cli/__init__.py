"""The command line, `wios`: its entry point, and how an error ends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from wios_assets.errors import WiosError, explain

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `wios` and end the process.

    Ends with 0 when all went well, 1 when there is something for the user to mend (one line on stderr says what), 2
    when the command is not written as it should be, 130 when interrupted. A fault of the program keeps its traceback.
    """
    from wios_assets.cli.console import complain, prepare_streams

    prepare_streams()
    try:
        # Inside, because loading the commands takes a second, in which Ctrl-C may come.
        from wios_assets.cli.app import app

        try:
            app(args=None if arguments is None else list(arguments), prog_name="wios")
        finally:
            sys.stdout.flush()
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


def _written_folders() -> list[Path]:
    from wios_assets.settings import load_settings

    try:
        return load_settings().written_folders
    except WiosError:
        return []
