"""`wios update`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wios_assets.cli.console import complain, note, say
from wios_assets.errors import BadInput, WiosError

if TYPE_CHECKING:
    from wios_assets.settings import Settings
    from wios_assets.update.backups import Backup


def update(
    check: Annotated[bool, typer.Option("--check", help="Say what would be changed, and change nothing.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Put back what the last update changed.")] = False,
) -> None:
    """Bring the data of an earlier version up to this one: settings file, lake, run history, SQL server.

    What it changes is kept in `backups/`; --back puts it back.
    """
    from wios_assets.runs.instance import ui_lock
    from wios_assets.services.database import running_database
    from wios_assets.settings import load_settings
    from wios_assets.update.backups import Backup

    if check and back:
        raise typer.BadParameter("say one of --check and --back", param_hint="--check")
    old_settings = _renewed_settings()
    if back:
        _take_back(load_settings())
        return
    if check:
        _report_outdated(old_settings)
        return
    settings = _usable_settings(old_settings)
    settings.dagster.mkdir(parents=True, exist_ok=True)
    with ui_lock(settings), running_database(settings):
        backup = Backup.begin(settings)
        left = _update(settings, backup, old_settings)
    if backup.changes:
        say(f"kept in {backup.folder}; `wios update --back` puts it back")
    elif not left:
        say("everything is of this version")
    if left:
        raise typer.Exit(1)


def _renewed_settings() -> tuple[bytes, list[str], list[str]] | None:
    """The settings file's new content, what changes in it, and what is left to do; None where nothing changes."""
    import yaml

    from wios_assets.settings import settings_file
    from wios_assets.update.settings_file import renew_settings

    file = settings_file()
    try:
        renewed = renew_settings(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file}: cannot be read ({' '.join(str(error).split())}); mend or remove it") from None
    if not renewed.changes and not renewed.left:
        return None
    return renewed.text.encode("utf-8"), renewed.changes, renewed.left


def _usable_settings(renewed: tuple[bytes, list[str], list[str]] | None) -> Settings:
    """The settings as they are after the update, before anything is written."""
    import os
    import tempfile
    from pathlib import Path

    from wios_assets.settings import load_settings, settings_file

    if renewed is None or not renewed[1]:
        return load_settings()
    before = os.environ.get("WIOS_CONFIG")
    # Beside the settings file, because relative paths in it start there.
    with tempfile.NamedTemporaryFile(dir=settings_file().parent, suffix=".yaml") as file:
        Path(file.name).write_bytes(renewed[0])
        os.environ["WIOS_CONFIG"] = file.name
        try:
            return load_settings()
        finally:
            os.environ.pop("WIOS_CONFIG") if before is None else os.environ.update(WIOS_CONFIG=before)


def _update(settings: Settings, backup: Backup, renewed: tuple[bytes, list[str], list[str]] | None) -> bool:
    """Change what is of an earlier version; True where something is left for a person to do."""
    from wios_assets.settings import settings_file
    from wios_assets.update.lake import update_lake

    left = False
    if renewed is not None:
        content, changes, undone = renewed
        if changes:
            backup.replace_file(settings_file(), content)
        for change in changes:
            say(f"{settings_file()}: {change}")
        for line in undone:
            complain(f"{settings_file()}: {line}")
            left = True
    for result in update_lake(settings, backup):
        name = result.film if result.film is not None else "tables of no one film"
        if result.carried:
            say(f"{name}: {', '.join(map(str, result.carried))}: carried over")
        for fault in result.faults:
            complain(fault)
            left = True
    for step in (_update_run_history, _update_server):
        try:
            step(settings, backup)
        except WiosError as error:
            complain(str(error))
            left = True
    return left


def _update_run_history(settings: Settings, backup: Backup) -> None:
    from wios_assets.update.run_history import update_run_history

    if update_run_history(settings, backup):
        say(f"{settings.dagster}: the run history is of this version of Dagster now")


def _update_server(settings: Settings, backup: Backup) -> None:
    """Migrate the tables of the SQL server, where one is set."""
    if not settings.publish_address:
        return
    from wios_assets.publish.publisher import open_publisher

    with open_publisher(settings, keep=backup.keep_server) as publisher:
        for change in publisher.changes:
            say(f"{publisher.schema.server.address}: {change}")
        if publisher.differences().number:
            note("next: `wios publish`, or `wios up`, publishes what differs", style="dim")


def _report_outdated(renewed: tuple[bytes, list[str], list[str]] | None) -> None:
    from wios_assets.settings import settings_file
    from wios_assets.update.lake import outdated_partitions

    settings = _usable_settings(renewed)
    changes = [] if renewed is None else [*renewed[1], *renewed[2]]
    for change in changes:
        say(f"{settings_file()}: {change}")
    outdated = outdated_partitions(settings.lake)
    for film, partitions in outdated.items():
        name = film if film is not None else "tables of no one film"
        for each in partitions:
            say(f"{name}: {each}: {each.fault or 'is carried over by `wios update`'}")
    server = _outdated_server(settings)
    if server is not None:
        say(server)
    if not outdated and not changes and server is None:
        say("everything is of this version")


def _outdated_server(settings: Settings) -> str | None:
    """What an update does to the SQL server's tables; None where none is set, or they are of this version."""
    from wios_assets.publish.migration import Schema, outdated_tables
    from wios_assets.publish.server import open_server
    from wios_assets.services.database import has_database, is_made, reachable_database

    server = open_server(settings)
    if server is None or (has_database(settings) and not is_made(settings)):
        return None
    with reachable_database(settings), server.connect() as connection:
        outdated = outdated_tables(Schema(server), connection)
    return None if outdated.is_current else f"{server.address}: `wios update` {outdated}"


def _take_back(settings: Settings) -> None:
    from wios_assets.runs.instance import ui_lock
    from wios_assets.services.database import running_database
    from wios_assets.update.backups import newest_backup, take_back

    with ui_lock(settings), running_database(settings):
        backup = newest_backup(settings)
        for name, done in take_back(settings, backup):
            if done:
                say(f"{name}: put back")
            else:
                note(f"{name}: changed since the update; left as it is, the earlier one stays in {backup}")
