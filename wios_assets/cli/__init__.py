"""The command line, `wios`: what it answers with and which code it ends with."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from wios_assets.errors import WiosError

MENDABLE = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `wios` and end the process.

    Ends with 0 when all went well, 1 when there is something for the user to mend (said in one line on stderr), 2
    when the command was not written as it should be, 130 when it was interrupted.
    """
    from wios_assets.cli.app import app
    from wios_assets.cli.console import complain, prepare_streams

    prepare_streams()
    try:
        try:
            app(args=None if arguments is None else list(arguments), prog_name="wios")
        finally:
            sys.stdout.flush()
    except WiosError as error:
        complain(str(error))
        sys.exit(MENDABLE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The interpreter flushes once more when it ends, and would complain of the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(MENDABLE)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO):
            raise
        place = f"{error.filename}: " if error.filename else ""
        complain(f"{place}{error.strerror}; `wios doctor` checks space and permissions")
        sys.exit(MENDABLE)
