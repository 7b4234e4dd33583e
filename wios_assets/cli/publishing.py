"""`wios publish`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wios_assets.cli.console import say
from wios_assets.errors import BadInput, Conflict, Unavailable

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from wios_assets.settings import Settings

_LOOKED_AT = 20
"""Newest events of the asset among which this command's own is searched; others publish at the same time."""


def publish(
    check: Annotated[
        bool, typer.Option("--check", help="Only list what differs; ends with 1 where anything does.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="ADDRESS", help="Another server than that of `publish.address`, for once."),
    ] = None,
    superset: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Only write the dashboard for Apache Superset, a ZIP file that it imports."),
    ] = None,
) -> None:
    """Bring the SQL server that `publish.address` names in step with the lake: films, tables, films that are gone.

    While services run, they do it, with their settings; with --to, this command does it itself.
    """
    from wios_assets.cli.running import run_settings, run_with_status
    from wios_assets.runs.instance import dagster_instance
    from wios_assets.settings import load_settings

    settings = load_settings(publish={"address": to}) if to is not None else run_settings()
    if not settings.publish_address:
        raise Conflict("publish.address names no SQL server; docs/sql.md says how to set one up")
    if superset is not None:
        _write_dashboard(settings, superset)
        return
    if check:
        _list_differences(settings)
        return
    with dagster_instance(settings) as instance:
        run_with_status(settings, instance, "publish", "publishing", own_settings=to is not None)
        metadata = _newest(settings, instance)
    say(
        f"{metadata['server']}: {metadata['films']} films and {metadata['tables']} tables published, "
        f"{metadata['films removed']} films removed: {metadata['rows']} rows in {metadata['seconds']:.1f} s"
    )
    if problems := metadata["problems"]:
        raise Unavailable(
            f"{metadata['server']}: {len(problems)} films or tables could not be published: {'; '.join(problems[:5])}"
        )


def _write_dashboard(settings: Settings, file: Path) -> None:
    from wios_assets.publish.superset import USER, write_dashboard

    try:
        write_dashboard(settings.publish_address, file)
    except OSError as error:
        raise BadInput(f"{file}: cannot be written: {error.strerror}") from None
    say(f"{file}: import it in Superset under Dashboards; it asks for the password of the server's user {USER}")


def _newest(settings: Settings, instance: DagsterInstance) -> dict[str, Any]:
    """Metadata of the newest event of the asset `published_library` for the settings' server."""
    from dagster import AssetKey

    from wios_assets.publish.server import open_server

    server = open_server(settings)
    result = instance.fetch_materializations(AssetKey("published_library"), limit=_LOOKED_AT)
    for record in result.records:
        materialization = record.asset_materialization
        if materialization is not None and server is not None:
            metadata = {name: value.value for name, value in materialization.metadata.items()}
            if metadata.get("server") == server.address:
                return metadata
    raise Unavailable("the run left no result; `wios ui` shows its log")


def _list_differences(settings: Settings) -> None:
    from wios_assets.publish.publisher import open_publisher

    with open_publisher(settings) as publisher:
        differences = publisher.differences()
        server = publisher.schema.server.address
    for film in differences.films:
        say(f"film {film!r}: differs")
    for film in differences.gone:
        say(f"film {film!r}: is on the server and not in the lake")
    for table in differences.tables:
        say(f"{table}: differs")
    if differences.number:
        raise typer.Exit(1)
    say(f"{server}: has what the lake has")
