"""Errors that a user can mend, shown by Dagster as one line instead of a stack trace."""

import functools
import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg

from wios_assets.errors import explain
from wios_assets.settings import Settings, current_settings

Function = TypeVar("Function", bound=Callable[..., Any])

PACKAGE = Path(__file__).parent


@contextmanager
def user_errors(settings: Settings | None = None) -> Iterator[None]:
    """Turn an error that `errors.explain` knows into a Dagster failure: its message, its kind, where it was raised.

    Args:
        settings: settings of the run, which name the folders that are written to; those of the process where None.

    Raises:
        dagster.Failure: not retried, since the same run would fail again.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:
        explained = explain(error, (settings or current_settings()).written_folders)
        if explained is None:
            raise
        raise dg.Failure(
            description=str(explained),
            metadata={"kind": type(explained).__name__, "raised in": _raised_in(error)},
            allow_retries=False,
        ) from None


def one_line_failures(function: Function) -> Function:
    """Decorate an asset's or a check's function so that `user_errors` applies to it; goes below `@dg.asset`."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with user_errors(_settings(kwargs)):
                yield from function(*args, **kwargs)

    else:

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with user_errors(_settings(kwargs)):
                return function(*args, **kwargs)

    return wrapper  # type: ignore[return-value]  # same signature, by `wraps`


def _settings(resources: dict[str, Any]) -> Settings | None:
    """The settings among the resources that Dagster passes to an asset by name."""
    settings = resources.get("settings")
    return settings if isinstance(settings, Settings) else None


def _raised_in(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    file = Path(frame.filename)
    inside = file.relative_to(PACKAGE.parent) if file.is_relative_to(PACKAGE) else file
    return f"{inside}:{frame.lineno}"
