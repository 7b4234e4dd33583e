"""Work on a film in a process of its own, for one that must not load Spark itself, as the page."""

from __future__ import annotations

import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection

from wios_assets.errors import WiosError
from wios_assets.settings import Settings

_LONGEST_REASON_BYTES = 4000


def in_process(work: Callable[[Settings, str], None], settings: Settings, film: str) -> None:
    """Call a function of a module in a new process, and wait for its end. The process ends with this one.

    Raises:
        WiosError: it failed, or its process was ended; the message is the cause's.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(work, settings, film, sender), name=work.__name__, daemon=True)
    process.start()
    sender.close()
    with receiver:
        try:
            reason = receiver.recv_bytes().decode()
        except EOFError:
            reason = f"film {film!r}: the process that ran it was ended; try again"
        process.join()
    if reason:
        raise WiosError(reason)


def _call(work: Callable[[Settings, str], None], settings: Settings, film: str, sender: Connection) -> None:
    # Ctrl-C is meant for the page, which ends this process with itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reason = ""
    try:
        work(settings, film)
    except Exception as error:
        # Only a text crosses to the page's process.
        reason = str(error) or type(error).__name__
    sender.send_bytes(reason.encode()[:_LONGEST_REASON_BYTES])
