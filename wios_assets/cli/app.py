"""`wios` and its commands. Each module imports what is heavy only inside the command that needs it."""

from __future__ import annotations

from typing import Annotated

import typer

from wios_assets.cli import (
    asking,
    cleaning,
    cluster,
    doctor,
    exporting,
    films,
    finding,
    forgetting,
    imdb,
    judging,
    players,
    project,
    publishing,
    recogniser,
    refining,
    running,
    services,
    serving,
    showing,
    sql,
    updating,
)

_HELP = """Who is on screen: a film goes in, a map of who is on screen when comes out.

FILM is a film's key or title, or the beginning of either. TIME is written 75, 75.5, 1:15 or 01:02:03.
"""
_EPILOG = (
    "Ends with 0 when all went well, 1 when there is something for you to mend (one line on stderr says what), "
    "2 when the command is not written as it should be, 130 when interrupted. "
    "Where output is no terminal it is plain text."
)

app = typer.Typer(
    name="wios",
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"wios {version('wios-assets')}")
        raise typer.Exit


@app.callback()
def _wios(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand != "init":
        project.tell_data_folder()


film = typer.Typer(no_args_is_help=True, help="Add films, and see which there are.")
film.command("add")(films.add)
film.command("list")(films.list_films)

tables = typer.Typer(no_args_is_help=True, help="IMDB's files.")
tables.callback()(imdb.about)
tables.command("load")(imdb.load)

machines = typer.Typer(no_args_is_help=True, help="A Spark cluster of several machines.")
machines.command("master")(cluster.master)
machines.command("worker")(cluster.worker)

in_players = typer.Typer(no_args_is_help=True, help="Show who is on screen in mpv and Kodi.")
in_players.command("install")(players.install_player)
in_players.command("list")(players.list_players)

recognisers = typer.Typer(no_args_is_help=True, help="Ways of recognising faces, and which one is in use.")
recognisers.command("list")(recogniser.list_runs)
recognisers.command("compare")(recogniser.compare)
recognisers.command("use")(recogniser.use)
recognisers.command("pin")(recogniser.pin)

app.command("init")(project.init)
app.command("demo")(running.demo)
app.command("ui")(services.ui)
app.command("up")(services.up)
app.command("down")(services.down)
app.command("status")(services.status)
app.command("logs")(services.logs)
app.command("restart")(services.restart)
app.command("serve")(serving.serve)
app.add_typer(film, name="film")
app.command("run")(running.run)
app.command("who")(asking.who)
app.command("minutes")(asking.minutes)
app.command("screen-time")(asking.screen_time)
app.command("find")(finding.find)
app.command("export")(exporting.export)
app.command("review")(judging.review)
app.command("name")(judging.name)
app.command("import-review")(judging.import_review)
app.command("evaluate")(judging.evaluate)
app.command("identify")(judging.identify)
app.add_typer(tables, name="imdb")
app.add_typer(recognisers, name="recogniser")
app.add_typer(in_players, name="players")
app.command("sql")(sql.sql)
app.command("refine")(refining.refine)
app.command("publish")(publishing.publish)
app.command("forget")(forgetting.forget)
app.add_typer(machines, name="cluster")
app.command("settings")(showing.settings)
app.command("clean")(cleaning.clean)
app.command("update")(updating.update)
app.command("doctor")(doctor.doctor)
