"""`wios review`, `name`, `import-review`, `evaluate`, `identify`: decisions of people, and evaluation."""

from __future__ import annotations

import getpass
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wios_assets.atomic import write_atomic
from wios_assets.cli.asking import AsJson, Film, asked_film
from wios_assets.cli.console import note, number, say, show_json, show_table
from wios_assets.cli.running import run_settings
from wios_assets.errors import BadInput, NotFound
from wios_assets.notation import format_clock
from wios_assets.text import typed
from wios_assets.timeline.likely_names import likely_names_text

if TYPE_CHECKING:
    from wios_assets.lake.library import Row
    from wios_assets.reviews.decisions import Verdict
    from wios_assets.settings import Settings

DECIMALS = 4


def review(film: Film, as_json: AsJson = False) -> None:
    """List tracks without a name, the most useful first, each with its likeliest names."""
    from wios_assets.settings import load_settings

    settings = load_settings()
    key = _film(settings, film)
    rows = _to_review(settings, key)
    if as_json:
        show_json(rows)
        return
    shown = [
        (
            row["track"],
            format_clock(row["start_s"], 1),
            format_clock(row["end_s"], 1),
            row["actor"] or "weak",
            likely_names_text(row["perhaps"]),
            row["nearest"],
            number(row["distance"], 3),
            row["reason"],
        )
        for row in rows
    ]
    show_table(
        ("Track", "From", "To", "Now", "Perhaps", "Nearest", "Distance", "Why"), shown, right=("Track", "Distance")
    )
    offered = next(((row["actor"] or row["track"], row["perhaps"][0]["actor"]) for row in rows if row["perhaps"]), None)
    who, actor = offered or ("TRACK", "Name of a cast member")
    note(f"next: wios name {typed(key)} {who} {typed(actor)}", style="dim")


def name(
    film: Film,
    who: Annotated[
        str, typer.Argument(metavar="WHO", help="A track's number, or unknown:<n>, an earlier one included.")
    ],
    actor: Annotated[
        str | None, typer.Argument(metavar="[ACTOR]", help="Name in the cast, or unknown:<n>: both are one.")
    ] = None,
    wrong: Annotated[bool, typer.Option("--not", help="It is not ACTOR.")] = False,
    no_face: Annotated[bool, typer.Option("--no-face", help="It is not a face.")] = False,
    new: Annotated[bool, typer.Option("--new", help="ACTOR is a person outside the cast.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Name of the reviewer. Default: the user's name.")] = None,
) -> None:
    """Decide who a track or unknown person is, for this and every later run. Renames the film's tracks only."""
    from wios_assets.reviews.decisions import decide
    from wios_assets.timeline.appearances import is_unknown

    if (actor is None) != no_face:
        raise typer.BadParameter("give a cast member's name, or --no-face", param_hint="ACTOR")
    settings = run_settings()
    key = _film(settings, film)
    person = _person(settings, key, actor, new=new, wrong=wrong) if actor is not None else None
    tracks = _tracks_of(settings, key, who)
    if person is not None and is_unknown(person):
        tracks = list(dict.fromkeys([*tracks, *_tracks_of(settings, key, person)]))
    verdict: Verdict = "not_a_face" if no_face else "is_not" if wrong else "is"
    everywhere = verdict == "is" and who.startswith("unknown:")
    decide(settings.data, settings.lake, key, tracks, verdict, person, everywhere=everywhere, by=by or _user())
    _run(settings, "film_decisions", key)
    decided = "is not a face" if no_face else f"is {'not ' if wrong else ''}{person}"
    say(f"{key}: {who} {decided}; {len(tracks)} track{'s' if len(tracks) != 1 else ''} decided")


def import_review(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="JSON, as `wios export FILM --what reviews` writes it.")
    ],
    film: Annotated[
        str | None, typer.Option("--film", help="The film, if it has another key than in the file.")
    ] = None,
) -> None:
    """Import decisions from JSON and name the film's tracks again. Known decisions are kept."""
    from wios_assets.exports.reviews import read_reviews
    from wios_assets.reviews.decisions import import_decisions

    documents = [(file, read_reviews(file)) for file in files]
    settings = run_settings()
    for file, document in documents:
        key = _film(settings, film or document.film.key)
        added, taken_back = import_decisions(settings.data, key, document.decisions)
        if added or taken_back:
            _run(settings, "film_decisions", key)
        known = len(document.decisions) - added - taken_back
        say(f"{key}: {added} decisions added from {file}, {taken_back} taken back, {known} known already")


def evaluate(
    film: Film,
    truth: Annotated[
        Path | None,
        typer.Argument(metavar="[TRUTH.csv]", help="CSV: start_s,end_s,person,visible,optional. Stored with the film."),
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Compare later figures with these.")] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a film against its truth. Curves and mistakes are shown in Dagster."""
    from wios_assets.assets.evaluation import film_figures
    from wios_assets.films.registry import film_source
    from wios_assets.lake.store import read_rows
    from wios_assets.reviews import accepted
    from wios_assets.tables import EVALUATION
    from wios_assets.timeline.truth import read_truth, truth_path

    settings = run_settings()
    key = _film(settings, film)
    stored = truth_path(Path(film_source(settings, key)[0].path))
    if truth is not None:
        read_truth(truth)
        if truth.resolve() != stored.resolve():
            write_atomic(stored, truth.read_bytes())
    elif not stored.is_file():
        raise NotFound(f"film {key!r}: there is no truth at {stored}; name a file: `wios evaluate FILM TRUTH.csv`")
    before = accepted.read_accepted(settings.data, key)
    _run(settings, "film_evaluation", key)
    figures = film_figures(read_rows(settings.lake, EVALUATION, key).to_pandas())
    if accept:
        accepted.accept(settings.data, key, figures)
    if as_json:
        show_json({name: None if value != value else value for name, value in figures.items()})
        return
    show_table(
        ("Figure", "Value", "Accepted"),
        [(name, number(value, DECIMALS), number(before.get(name), DECIMALS)) for name, value in figures.items()],
        right=("Value", "Accepted"),
    )
    for worse in accepted.fallen(figures, before):
        note(f"worse than accepted: {worse}", style="yellow")


def identify(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Pictures whose faces are named.")],
    gallery: Annotated[Path, typer.Option("--gallery", metavar="DIR", help="Photos, a folder per person.")],
    as_json: AsJson = False,
) -> None:
    """Name the faces in pictures, by the rules that name tracks."""
    from wios_assets.assets.options import cores, engine_options, gallery_options, naming_options
    from wios_assets.films.adding import check_gallery
    from wios_assets.photos.folders import people_of_gallery
    from wios_assets.photos.identify import identify_photos, refuse_unreadable
    from wios_assets.photos.verdicts import judge_gallery
    from wios_assets.settings import load_settings
    from wios_assets.vision.engines import load_engine

    settings = load_settings()
    own = people_of_gallery(check_gallery(gallery))
    refuse_unreadable(photos)
    engine = load_engine(engine_options(settings, cores()))
    _, embeddings = judge_gallery(own, engine, gallery_options(settings))
    if embeddings.empty:
        raise BadInput(f"{gallery}: none of its photos is usable; it needs a folder of clear photos per person")
    results = identify_photos(photos, engine, embeddings, naming_options(settings), gallery_options(settings))
    if as_json:
        show_json(results)
    else:
        rows = [
            (
                photo["path"],
                face["name"],
                number(face["probability"], 3),
                number(face["distance"], 3),
                face["runner_up"],
            )
            for photo in results
            for face in photo["faces"] or [dict.fromkeys(("name", "probability", "distance", "runner_up"))]
        ]
        show_table(("Photo", "Name", "Probability", "Distance", "Runner-up"), rows, right=("Probability", "Distance"))
    broken = [photo["error"] for photo in results if "error" in photo]
    if broken:
        raise BadInput("; ".join(broken))


def _film(settings: Settings, asked: str) -> str:
    with asked_film(settings, asked) as (_, row):
        return str(row["film"])


def _user() -> str | None:
    """The name of the user, if the system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None


def _run(settings: Settings, job: str, film: str) -> None:
    from wios_assets.runs.instance import dagster_instance
    from wios_assets.runs.launch import run_film

    with dagster_instance(settings) as instance:
        run_film(settings, instance, film, lambda progress, step: None, job, tell=note)


def _to_review(settings: Settings, film: str) -> list[Row]:
    from wios_assets.lake.store import read_rows
    from wios_assets.reviews.queue import to_review
    from wios_assets.tables import FACE_TRACKS, TRACK_NAMES
    from wios_assets.timeline.frames import records

    names, tracks = (read_rows(settings.lake, table, film).to_pandas() for table in (TRACK_NAMES, FACE_TRACKS))
    return records(to_review(names, tracks))


def _tracks_of(settings: Settings, film: str, who: str) -> list[int]:
    from wios_assets.lake.store import read_rows
    from wios_assets.reviews.person_lookup import tracks_of_unknown
    from wios_assets.tables import FACE_TRACKS, TRACK_NAMES
    from wios_assets.timeline.frames import records

    if who.isdecimal():
        return [int(who)]
    if not re.fullmatch(r"unknown:\d+", who):
        raise BadInput(f"{who!r}: not a track's number or unknown:<n>; `wios review` lists both")
    names, tracks = (read_rows(settings.lake, table, film).to_pandas() for table in (TRACK_NAMES, FACE_TRACKS))
    own = tracks_of_unknown(records(names), who)
    usable = tracks.loc[tracks["track"].isin(own) & tracks["best_face"].notna(), "track"]
    if usable.empty:
        raise NotFound(f"film {film!r}: there is no {who}; `wios review` lists who is unknown")
    return [int(track) for track in usable]


def _person(settings: Settings, film: str, actor: str, *, new: bool, wrong: bool) -> str:
    from wios_assets.lake.store import read_rows
    from wios_assets.reviews.decisions import read_decisions
    from wios_assets.reviews.person_lookup import person_meant
    from wios_assets.tables import CAST, TRACK_NAMES
    from wios_assets.timeline.appearances import is_unknown

    cast = [str(person) for person in read_rows(settings.lake, CAST, film)["actor"].to_pylist()]
    named = [each.person for each in read_decisions(settings.data, film) if each.person and each.undone_at is None]
    present = {str(name) for name in read_rows(settings.lake, TRACK_NAMES, film)["actor"].to_pylist() if name}
    known = [*cast, *(person for person in named if not is_unknown(person))]
    if not wrong:
        known += sorted(filter(is_unknown, present))
    try:
        return person_meant(known, actor, new=new)
    except BadInput as error:
        hint = "" if new else " with --new"
        raise BadInput(f"film {film!r}: {error}{hint}") from None
