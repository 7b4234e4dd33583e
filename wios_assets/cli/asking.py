"""`wios who`, `wios minutes`, `wios screen-time`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wios_assets.cli.console import number, say, show_json, show_table
from wios_assets.errors import NotFound, WiosError
from wios_assets.notation import format_clock, format_minute, format_percent, parse_clock
from wios_assets.text import typed
from wios_assets.timeline.coverage import is_readable, unreadable_minutes
from wios_assets.timeline.likely_names import likely_names_text
from wios_assets.timeline.spans import MINUTE_S

if TYPE_CHECKING:
    from wios_assets.lake.library import Library, Row
    from wios_assets.settings import Settings

Film = Annotated[str, typer.Argument(metavar="FILM", help="Key or title, or the beginning of either.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def asked_film(settings: Settings, film: str) -> Iterator[tuple[Library, Row]]:
    """The open library, and the film's row of the table `library`.

    Raises:
        WiosError: there is no such film, or it is in the inbox and not analysed yet; gives the remedy.
    """
    from wios_assets.lake import questions

    with _library(settings, film) as library:
        try:
            row = questions.find_film(library, film)
        except questions.UnknownFilm:
            raise_if_waiting(settings, film)
            raise
        yield library, row


def raise_if_waiting(settings: Settings, film: str) -> None:
    """Raise a WiosError with the remedy if the inbox has a film of exactly this key."""
    from wios_assets.films.inbox import discover
    from wios_assets.films.index import read_index
    from wios_assets.films.registry import index_path

    waiting = {key for key, entry in read_index(index_path(settings)).films.items() if entry.present}
    waiting |= {entry.key for entry in discover(settings.films).films}
    if film in waiting:
        raise NotFound(f"the film {film!r} was not analysed yet; `wios run {typed(film)}` does it")


@contextmanager
def _library(settings: Settings, film: str) -> Iterator[Library]:
    from wios_assets.lake.library import open_library

    try:
        library = open_library(settings)
    except WiosError:
        if not settings.library.exists():
            raise_if_waiting(settings, film)
        raise
    with library:
        yield library


def who(
    film: Film,
    time: Annotated[str, typer.Argument(metavar="TIME", help="Seconds, mm:ss or hh:mm:ss.")],
    as_json: AsJson = False,
) -> None:
    """Show who is on screen at a time, with character, probability, evidence and the likeliest names of the unknown."""
    from wios_assets.settings import load_settings

    seconds = parse_clock(time)
    with asked_film(load_settings(), film) as (library, row):
        show_who(library, row, seconds, as_json=as_json)


def show_who(library: Library, film: Row, seconds: float, *, as_json: bool = False) -> None:
    """Print who is on screen at `seconds` of the film whose row of the table `library` is given."""
    from wios_assets.lake import questions
    from wios_assets.reviews import current_timeline

    people = current_timeline.who(library, film["film"], seconds)
    readable = is_readable(questions.unreadable(library, film["film"]), seconds)
    if as_json:
        kept = [{name: value for name, value in person.items() if name != "film"} for person in people]
        show_json({"film": film["film"], "time_s": seconds, "readable": readable, "people": kept})
        return
    decimals = 0 if seconds == int(seconds) else 3
    say(f"{_label(film)} at {format_clock(seconds, decimals)}", style="bold")
    if not readable:
        say("not readable here: the video is damaged")
    elif not any(person["kind"] == "cast" for person in people):
        say("nobody known on screen")
    if not people:
        return
    perhaps = any(person["perhaps"] for person in people)
    show_table(
        (
            *("Actor", "Character", "Probability", *(["Perhaps"] if perhaps else [])),
            *("Distance", "Runner-up", "Photos that matched", "From", "To", "Reason"),
        ),
        [
            (
                person["actor"],
                person["character"],
                number(person["probability"], 3),
                *([likely_names_text(person["perhaps"])] if perhaps else []),
                number(person["distance"], 3),
                _runner_up(person),
                ", ".join(Path(photo).name for photo in person["photos"] or ()) or None,
                format_clock(person["start_s"], 1),
                format_clock(person["end_s"], 1),
                person["reason"],
            )
            for person in people
        ],
        right=("Probability", "Distance"),
    )


def minutes(film: Film, as_json: AsJson = False) -> None:
    """Show who is on screen in each minute of a film, and for how long."""
    from wios_assets.settings import load_settings

    with asked_film(load_settings(), film) as (library, row):
        show_minutes(library, row, as_json=as_json)


def show_minutes(library: Library, film: Row, *, as_json: bool = False) -> None:
    """Print the minutes of the film whose row of the table `library` is given."""
    from wios_assets.lake import questions
    from wios_assets.reviews import current_timeline

    rows = current_timeline.minutes(library, film["film"])
    if as_json:
        show_json(rows)
        return
    duration_s = film["duration_s"]
    damaged = unreadable_minutes(questions.unreadable(library, film["film"]), duration_s)
    rows = sorted([*rows, *(_damaged_minute(*item, duration_s) for item in damaged.items())], key=_minute)
    say(_label(film), style="bold")
    if not rows:
        say("nobody known on screen")
        return
    show_table(
        ("Minute", "Actor", "Character", "Seconds", "Share", "Probability"),
        [
            (
                row["clock"],
                row["actor"],
                row["character"],
                number(row["seconds"], 1),
                format_percent(row["share"]),
                number(row["mean_probability"], 3),
            )
            for row in rows
        ],
        right=("Seconds", "Share", "Probability"),
    )


def _damaged_minute(minute: int, seconds: float, duration_s: float) -> Row:
    """A row of the minutes' table for what could not be read of a minute."""
    share = min(1.0, seconds / min(MINUTE_S, duration_s - minute * MINUTE_S))
    row = {"minute": minute, "clock": format_minute(minute), "actor": "(not readable)", "character": None}
    return {**row, "seconds": seconds, "share": share, "mean_probability": None}


def _minute(row: Row) -> int:
    return int(row["minute"])


def screen_time(film: Film, as_json: AsJson = False) -> None:
    """Show how long each person is on screen, the longest first; over all episodes for a series or a season."""
    from wios_assets.lake import questions
    from wios_assets.lake.library import open_library
    from wios_assets.lake.series import episodes_asked, screen_time_of
    from wios_assets.reviews import current_timeline
    from wios_assets.settings import load_settings

    settings = load_settings()
    if settings.library.exists():
        with open_library(settings) as library:
            known = {each["film"]: each for each in questions.films(library)}
            keys = episodes_asked({key: each["title"] for key, each in known.items()}, film)
            episodes = [known[key] for key in keys]
            if episodes:
                _show_season(film, episodes, screen_time_of(library, episodes), as_json=as_json)
                return
    with asked_film(settings, film) as (library, row):
        rows = current_timeline.screen_time(library, row["film"])
    if as_json:
        show_json(rows)
        return
    say(_label(row), style="bold")
    if not rows:
        say("nobody known on screen")
        return
    show_table(
        ("Rank", "Actor", "Character", "Time", "Seconds", "Share", "Appearances", "Probability"),
        [
            (
                person["rank"],
                person["actor"],
                person["character"],
                format_clock(person["seconds"]),
                number(person["seconds"], 1),
                format_percent(person["share"], 1),
                person["appearances"],
                number(person["mean_probability"], 3),
            )
            for person in rows
        ],
        right=("Rank", "Time", "Seconds", "Share", "Appearances", "Probability"),
    )


def _show_season(name: str, episodes: list[Row], people: list[Row], *, as_json: bool) -> None:
    if as_json:
        show_json({"episodes": [episode["film"] for episode in episodes], "people": people})
        return
    say(f"{name}: {len(episodes)} episodes", style="bold")
    show_table(
        ("Rank", "Actor", "Character", "Time", "Seconds", "Share", "Appearances", "Episodes"),
        [
            (
                person["rank"],
                person["actor"],
                person["character"],
                format_clock(person["seconds"]),
                number(person["seconds"], 1),
                format_percent(person["share"], 1),
                person["appearances"],
                person["films"],
            )
            for person in people
        ],
        right=("Rank", "Time", "Seconds", "Share", "Appearances", "Episodes"),
    )


def _runner_up(person: Row) -> str | None:
    if person["runner_up"] is None:
        return None
    distance = number(person["runner_up_distance"], 3)
    return person["runner_up"] if distance is None else f"{person['runner_up']} ({distance})"


def _label(film: Row) -> str:
    """Title and year of a film, and its key if that is different."""
    title = film["title"] or film["film"]
    name = f"{title} ({film['year']})" if film["year"] and f"({film['year']})" not in title else title
    return name if film["film"] in (name, title) else f"{name} [{film['film']}]"
