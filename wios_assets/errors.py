"""Errors that are a user's to mend."""

from __future__ import annotations


class WiosError(Exception):
    """Something a user can mend: the message is one line that names the thing, the place and the remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
