"""Errors that a user can mend, shown by Dagster as one line instead of a stack trace."""

import functools
import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import dagster as dg

from wios_assets.errors import Unavailable, explain
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


def retry_unavailable(most: int, wait_s: float) -> Callable[[Function], Function]:
    """Have Dagster repeat a step that failed by something unavailable, such as a disk or a share that is gone.

    Goes above `@one_line_failures`, on a generator function that is given the step's context first.

    Args:
        most: repetitions at most.
        wait_s: pause before the first one, in seconds; each further one is twice as long.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def wrapper(context: dg.AssetExecutionContext, *args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                yield from function(context, *args, **kwargs)
            except dg.Failure as failure:
                kind = failure.metadata.get("kind")
                if kind != dg.MetadataValue.text(Unavailable.__name__) or context.retry_number >= most:
                    raise
                wait = wait_s * 2**context.retry_number
                raise dg.RetryRequested(max_retries=most, seconds_to_wait=wait) from failure

        return cast(Function, wrapper)

    return decorate


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
