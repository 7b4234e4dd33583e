"""Work on a film in a process of its own, for one that must not load Spark itself, as the page."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from multiprocessing import active_children, current_process, get_context
from multiprocessing.connection import Connection

from wios_assets.errors import WiosError
from wios_assets.settings import Settings

_LONGEST_REASON = 2000


def in_process(work: Callable[[Settings, str], str | None], settings: Settings, film: str) -> str:
    """Call a function of a module in a new process, and wait for its end. The process ends with this one.

    Returns:
        The text that the function returns; empty for None.

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
            reason, result = json.loads(receiver.recv_bytes())
        except EOFError:
            result = ""
            reason = f"film {film!r}: the process that ran it was ended; try again"
        process.join()
    if reason:
        raise WiosError(reason)
    return str(result)


def _call(work: Callable[[Settings, str], str | None], settings: Settings, film: str, sender: Connection) -> None:
    # Ctrl-C is meant for the page, which ends this process with itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A process that ends with its parent may otherwise have no children of its own, such as those of the pool.
    current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    reason, result = "", None
    try:
        result = work(settings, film)
    except Exception as error:
        # Only a text crosses to the page's process.
        reason = (str(error) or type(error).__name__)[:_LONGEST_REASON]
    sender.send_bytes(json.dumps([reason, result or ""]).encode())
    # The pool's workers wait for more work, and the end of this process waits for them.
    for child in active_children():
        child.terminate()
