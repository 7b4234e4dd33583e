"""`wios find`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode

import typer

from wios_assets.cli.console import note, number, say, show_json, show_table
from wios_assets.notation import format_clock, parse_clock

if TYPE_CHECKING:
    from wios_assets.lake.library import Library, Row
    from wios_assets.lake.scene_search import FoundScene, SceneAnswer

_SHOWN = 50


def find(
    people: Annotated[list[str], typer.Argument(metavar="PERSON…", help="Names or nconsts: all are in the scene.")],
    without: Annotated[list[str] | None, typer.Option("--without", help="Somebody who is not in the scene.")] = None,
    over: Annotated[str, typer.Option("--over", metavar="TIME", help="Least length, as 60 or 1:00.")] = "0",
    first: Annotated[bool, typer.Option("--first", help="Only the first scene of each film.")] = False,
    together: Annotated[bool, typer.Option("--together", help="All are in the picture at once.")] = False,
    sort: Annotated[
        Literal["film", "longest", "surest"], typer.Option("--sort", help="Oldest film first, longest or surest.")
    ] = "film",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Most scenes that are listed.")] = _SHOWN,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, all scenes.")] = False,
) -> None:
    """Find scenes over all films: with some people, without others, the first ones, or those over a length."""
    from wios_assets.lake.library import open_library
    from wios_assets.lake.scene_search import SceneQuestion, find_scenes, question_sentence, scene_values
    from wios_assets.settings import address, load_settings

    settings = load_settings()
    question = SceneQuestion(tuple(people), tuple(without or ()), parse_clock(over), first, together, sort)
    with open_library(settings) as library:
        answer = find_scenes(library, question, lambda film: _decided_rows(library, film))
    if as_json:
        show_json([scene_values(scene) for scene in answer.scenes()])
        return
    say(question_sentence(question, answer), style="bold")
    if not len(answer):
        say("no such scene")
        return
    _show(answer, answer.scenes(0, limit))
    link = f"{address(settings.page_host, settings.page_port)}/find?{urlencode(question.parameters())}"
    more = f"{len(answer) - limit} more with --limit or --json; " if len(answer) > limit else ""
    note(f"{more}the same on the page: {link}")


def _decided_rows(library: Library, film: str) -> list[Row] | None:
    """Appearances of a film on which somebody decided, with the decisions; None for other films."""
    # Without any decision the command is spared the modules that read them.
    if not (library.data / "decisions").is_dir():
        return None
    from wios_assets.reviews.decisions import decisions_file

    if not decisions_file(library.data, film).is_file():
        return None
    from wios_assets.reviews.current_timeline import appearances

    return appearances(library, film)


def _show(answer: SceneAnswer, scenes: list[FoundScene]) -> None:
    several = len(answer.people) > 1
    show_table(
        ("Film", "From", "To", "Length", *(["In one picture"] if several else []), "Probability"),
        [
            (
                _title(scene),
                format_clock(scene.start_s, 1),
                format_clock(scene.end_s, 1),
                number(scene.seconds, 1),
                *([number(scene.together_s, 1)] if several else []),
                number(scene.probability, 3),
            )
            for scene in scenes
        ],
        right=("Length", "In one picture", "Probability"),
    )


def _title(scene: FoundScene) -> str:
    film: dict[str, Any] = scene.film
    title = film["title"] or film["film"]
    return f"{title} ({film['year']})" if film["year"] and f"({film['year']})" not in title else title
