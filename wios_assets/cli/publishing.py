"""`wios publish`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from wios_assets.cli.console import say
from wios_assets.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from wios_assets.settings import Settings


def publish(
    check: Annotated[
        bool, typer.Option("--check", help="Only list what differs; ends with 1 where anything does.")
    ] = False,
) -> None:
    """Bring the SQL server that `publish.address` names in step with the lake: films, tables, films that are gone."""
    from wios_assets.settings import load_settings

    settings = load_settings()
    if not settings.publish.address:
        raise Conflict("publish.address names no SQL server; docs/sql.md says how to set one up")
    if check:
        _list_differences(settings)
        return
    from wios_assets.cli.running import run_with_status
    from wios_assets.runs.instance import dagster_instance

    with dagster_instance(settings) as instance:
        run_with_status(settings, instance, "publish", "publishing")
        metadata = _newest(instance)
    say(
        f"{metadata['server']}: {metadata['films']} films and {metadata['tables']} tables published, "
        f"{metadata['films removed']} films removed: {metadata['rows']} rows in {metadata['seconds']:.1f} s"
    )
    _refuse_differences(settings)


def _newest(instance: DagsterInstance) -> dict[str, Any]:
    """Metadata of the newest event of the asset `published_library`."""
    from dagster import AssetKey

    event = instance.get_latest_materialization_event(AssetKey("published_library"))
    materialization = event.asset_materialization if event is not None else None
    if materialization is None:
        raise Unavailable("the run left no result; `wios ui` shows its log")
    return {name: value.value for name, value in materialization.metadata.items()}


def _list_differences(settings: Settings) -> None:
    from wios_assets.publish.publisher import open_publisher

    with open_publisher(settings) as publisher:
        differences = publisher.differences()
    for film in differences.films:
        say(f"film {film!r}: differs")
    for film in differences.gone:
        say(f"film {film!r}: is on the server and not in the lake")
    for table in differences.tables:
        say(f"{table}: differs")
    if differences.number:
        raise typer.Exit(1)
    say("the server has what the lake has")


def _refuse_differences(settings: Settings) -> None:
    from wios_assets.publish.publisher import open_publisher

    with open_publisher(settings) as publisher:
        left = publisher.differences()
    if left.number:
        names = ", ".join([*map(repr, left.films), *left.gone, *left.tables][:5])
        raise Unavailable(
            f"{left.number} films or tables could not be published ({names}); the check of `published_library` in "
            "`wios ui` says why"
        )
