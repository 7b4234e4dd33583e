"""Which of a film's tables are stale, by Dagster's code and data versions: the one rule of the whole project.

A table is stale where its code version (settings and model files included) or the data version of something it was
made from changed since. What lies outside of Dagster counts through observed assets; see `assets.film_files`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wios_assets.settings import Settings
from wios_assets.tables import FILM_TABLES

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance

OPTIONAL = frozenset({"evaluation"})
"""Tables that a film may lack: without a truth there is no evaluation."""


def stale_tables(
    settings: Settings, instance: DagsterInstance, films: Iterable[str], graph: Any = None
) -> dict[str, list[str]]:
    """Tables of each film that are missing or stale, with everything that is made from them, in order of the graph.

    Args:
        graph: Dagster's asset graph; that of these settings where None.

    Returns:
        By film; a film whose tables are all fresh has an empty list.
    """
    # Dagster shows staleness in its page and its GraphQL API; in Python the class behind both is the way to it.
    from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus

    if graph is None:
        graph = asset_graph(settings)
    resolver = CachingStaleStatusResolver(instance, graph, _loading_context(instance))
    keys = [key for key in graph.toposorted_asset_keys if key.to_user_string() in FILM_TABLES]
    found = {}
    for film in films:
        stale: set[AssetKey] = set()
        for key in keys:
            status = resolver.get_status(key, film)
            missing = status == StaleStatus.MISSING and key.to_user_string() not in OPTIONAL
            if missing or status == StaleStatus.STALE or graph.get(key).parent_keys & stale:
                # A step makes all of its tables or none.
                stale |= graph.get(key).execution_set_asset_keys
        found[film] = [key.to_user_string() for key in keys if key in stale]
    return found


def asset_graph(settings: Settings) -> Any:
    """Dagster's asset graph for these settings."""
    from wios_assets.definitions import build_definitions

    return build_definitions(settings).resolve_asset_graph()


def _loading_context(instance: DagsterInstance) -> Any:
    from dagster._core.loader import LoadingContext

    class Context(LoadingContext):
        """Keeps what was read from the instance for one look at it."""

        def __init__(self) -> None:
            self._loaders: dict[type, Any] = {}

        @property
        def instance(self) -> DagsterInstance:
            return instance

        @property
        def loaders(self) -> dict[type, Any]:
            return self._loaders

    return Context()
