"""The package face_recognition, which the engine is compared with."""

from __future__ import annotations

from typing import Any


def face_recognition() -> Any:
    """The module; the program ends with one line where the extra `reference` is not installed."""
    try:
        import face_recognition as module
    except ImportError as error:
        raise SystemExit(
            f"face_recognition cannot be imported ({error}): install the extra `reference` with `make setup`"
        ) from None
    return module
