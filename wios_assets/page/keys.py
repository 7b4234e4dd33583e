"""How a film's key stands in a path: as it is, whatever characters it has."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class _AnyKey(Convertor[str]):
    # Starlette's own `path` ends at a line break.
    regex = "(?s:.+)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def register_keys() -> None:
    """Let routes say `{name:key}`."""
    register_url_convertor("key", _AnyKey())
