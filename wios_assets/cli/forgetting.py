"""`wios forget`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wios_assets.cli.console import note, say
from wios_assets.errors import BadInput, NotFound

if TYPE_CHECKING:
    from wios_assets.forget.steps import Subject
    from wios_assets.settings import Settings


def forget(
    what: Annotated[str, typer.Argument(metavar="FILM|PERSON", help="A film's key, or a person's name or nconst.")],
    film: Annotated[bool, typer.Option("--film", help="It is a film.")] = False,
    person: Annotated[bool, typer.Option("--person", help="It is a person.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove everything derived from a film or a person, and list what is kept. A person is never named again."""
    from wios_assets.cli.running import run_settings
    from wios_assets.forget import steps
    from wios_assets.forget.film import forget_film
    from wios_assets.forget.person import forget_person
    from wios_assets.runs.instance import dagster_instance

    if film and person:
        raise typer.BadParameter("say one of --film and --person", param_hint="--film")
    # Those of the services: what they publish is forgotten there too.
    settings = run_settings()
    unfinished = steps.unfinished(settings)
    with dagster_instance(settings) as instance:
        if unfinished is not None:
            note("finishing a forgetting that was interrupted", style="dim")
            (forget_film if unfinished.kind == "film" else forget_person)(settings, instance, unfinished)
        subject = _subject(settings, what, film=film, person=person)
        if subject is None and unfinished is not None and what in (*unfinished.films, *unfinished.names):
            say(f"forgotten: {what}")
            return
        if subject is None:
            raise NotFound(f"there is no film and no person called {what!r}; `wios film list` names the films in full")
        concerned = f"in {len(subject.films)} films" if subject.kind == "person" else "and everything derived from it"
        if not yes and not typer.confirm(f"Forget the {subject.kind} {what!r} {concerned}? It cannot be undone"):
            raise typer.Exit(1)
        report = (forget_film if subject.kind == "film" else forget_person)(settings, instance, subject)
    say(f"forgotten: {what}", style="bold")
    for clause in report.removed:
        say(f"  removed: {clause}")
    for clause in dict.fromkeys(report.kept):
        say(f"  kept: {clause}")


def _subject(settings: Settings, what: str, *, film: bool, person: bool) -> Subject | None:
    from wios_assets.films.index import read_index
    from wios_assets.films.registry import index_path
    from wios_assets.forget.film import film_subject
    from wios_assets.forget.person import person_subject
    from wios_assets.forget.steps import films_of_lake

    known = {*films_of_lake(settings), *read_index(index_path(settings)).films}
    as_film = film_subject(settings, what) if what in known and not person else None
    as_person = person_subject(settings, what) if not film else None
    if as_film is not None and as_person is not None:
        raise BadInput(f"{what!r} is a film and a person; say which with --film or --person")
    return as_film or as_person
