"""The errors that reach a user, by kind; each kind has one exit code and one HTTP status."""

from __future__ import annotations

from typing import ClassVar


class WiosError(Exception):
    """Something a user can mend: the message is one line that names the thing, the place and the remedy.

    Raise one of the four kinds below; catch this class.

    Attributes:
        exit_code: code that `wios` ends with.
        http_status: status of the API's answer.
    """

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 503

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class BadInput(WiosError):
    """What was given is not usable: a setting, an argument, a file's content."""

    exit_code = 1
    http_status = 400


class NotFound(WiosError):
    """What was asked for does not exist: a film, a person, a file, a table."""

    exit_code = 3
    http_status = 404


class Conflict(WiosError):
    """The state does not allow it: decided by somebody else, already there, in use by another process."""

    exit_code = 4
    http_status = 409


class Unavailable(WiosError):
    """What is needed does not work now: a service, a device, the disk, the network, a part not installed."""

    exit_code = 5
    http_status = 503
