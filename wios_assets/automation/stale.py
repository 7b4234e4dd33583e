"""Which of a film's tables are stale, by Dagster's code and data versions: the one rule of the whole project.

A table is stale where its code version (settings and model files included) or the data version of something it was
made from changed since. What lies outside of Dagster counts through observed assets; see `assets.film_files`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dagster import AssetKey, DagsterInstance
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContext
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from wios_assets.tables import FILM_TABLES

OPTIONAL = frozenset({"evaluation"})
"""Tables that a film may lack: without a truth there is no evaluation."""


def stale_tables(instance: DagsterInstance, graph: Any, films: Iterable[str]) -> dict[str, list[str]]:
    """Tables of each film that are missing, stale or refused by a blocking check, in order of the graph.

    What is made from them is stale with them.

    Args:
        graph: Dagster's asset graph, whose code versions count.

    Returns:
        By film; a film whose tables are all fresh has an empty list.
    """
    # Dagster shows staleness on its page and in its GraphQL API; in Python the class behind both is the way to it.
    resolver = CachingStaleStatusResolver(instance, graph, _Context(instance))
    keys = [key for key in graph.toposorted_asset_keys if key.to_user_string() in FILM_TABLES]
    refused = _refused_tables(instance, graph, films := list(films))
    tables = {}
    for film in films:
        stale: set[AssetKey] = set()
        for key in keys:
            status = resolver.get_status(key, film)
            missing = status == StaleStatus.MISSING and key.to_user_string() not in OPTIONAL
            if missing or status == StaleStatus.STALE or (key, film) in refused or graph.get(key).parent_keys & stale:
                # A step makes all of its tables or none.
                stale |= graph.get(key).execution_set_asset_keys
        tables[film] = [key.to_user_string() for key in keys if key in stale]
    return tables


def _refused_tables(instance: DagsterInstance, graph: Any, films: list[str]) -> set[tuple[AssetKey, str | None]]:
    """Tables and films whose last rows a blocking check refused."""
    checks = [key for key in graph.asset_check_keys if graph.get(key).blocking]
    results = instance.event_log_storage.get_asset_check_partition_info(checks, partition_keys=films)
    return {
        (result.check_key.asset_key, result.partition_key)
        for result in results
        if result.is_current and result.latest_execution_status == AssetCheckExecutionRecordStatus.FAILED
    }


class _Context(LoadingContext):
    """Keeps what was read from the instance for one look at it."""

    def __init__(self, instance: DagsterInstance) -> None:
        self._instance = instance
        self._loaders: dict[type, Any] = {}

    @property
    def instance(self) -> DagsterInstance:
        return self._instance

    @property
    def loaders(self) -> dict[type, Any]:
        return self._loaders
