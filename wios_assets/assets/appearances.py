"""Names on tracks, and what follows from them: appearances, minutes, screen time."""

import dagster as dg
import pandas as pd

from wios_assets.assets.film_files import DECISIONS
from wios_assets.assets.options import naming_options
from wios_assets.assets.results import PAGE_PATH, check, picture
from wios_assets.assets.specs import COST, OWNERS, film_spec
from wios_assets.errors import NotFound, Unavailable
from wios_assets.failures import one_line_failures
from wios_assets.lake.cohort import chosen_recogniser, read_cohort
from wios_assets.lake.store import read_rows
from wios_assets.naming.names import name_tracks
from wios_assets.naming.selection import recogniser_called, recogniser_name
from wios_assets.partitions import films
from wios_assets.reviews.decisions import active, read_decisions, revision_of
from wios_assets.reviews.queue import to_review
from wios_assets.settings import Settings, film_path, report_path
from wios_assets.tables import RECOGNISER_SELECTION, TRACK_NAMES
from wios_assets.timeline import checks
from wios_assets.timeline.appearances import appearances as intervals
from wios_assets.timeline.frames import plain
from wios_assets.timeline.likely_names import likely_names_text
from wios_assets.timeline.minutes import minute_appearances as by_minute
from wios_assets.timeline.minutes import screen_time as totals
from wios_assets.timeline.pictures import timeline_svg

GROUP = "appearances"
SHOWN_REVIEWS = 20


decisions = dg.AssetSpec(
    DECISIONS,
    group_name=GROUP,
    kinds={"json"},
    owners=OWNERS,
    tags={COST: "light"},
    description="One row is a decision of a person about a face, made on the page or by `wios name`, outside of runs.",
    partitions_def=films,
)
"""A source of the graph: a decision makes the film's names, and what follows from them, stale."""


def _earlier_names(settings: Settings, film: str) -> pd.DataFrame | None:
    """The film's names as an earlier run stored them; None where there are none, or not in today's columns."""
    try:
        names: pd.DataFrame = read_rows(settings.lake, TRACK_NAMES, film).to_pandas()
        return names
    except (NotFound, Unavailable):
        return None


@dg.asset(
    **film_spec("track_names", GROUP),
    code_version="4",
    deps=[decisions, dg.AssetKey(RECOGNISER_SELECTION.name)],
)
@one_line_failures
def track_names(
    context: dg.AssetExecutionContext,
    face_tracks: pd.DataFrame,
    faces: pd.DataFrame,
    face_embeddings: pd.DataFrame,
    gallery_embeddings: pd.DataFrame,
    cast: pd.DataFrame,
    settings: dg.ResourceParam[Settings],
) -> dg.Output[pd.DataFrame]:
    every_decision = read_decisions(settings.data, context.partition_key)
    standing = active(every_decision)
    # Read, not an input: another film's gallery moves the limits a little, and must not make this film stale.
    cohort = read_cohort(settings.lake, context.partition_key, settings.naming.cohort_people)
    naming = naming_options(settings, recogniser_called(chosen_recogniser(settings.lake)))
    names = name_tracks(
        face_tracks,
        faces,
        face_embeddings,
        gallery_embeddings,
        cast,
        naming,
        cohort=cohort,
        decisions=standing,
        decisions_revision=revision_of(every_decision),
        earlier=_earlier_names(settings, context.partition_key),
    )
    outcomes = names["decision"].value_counts()
    weak = to_review(names, face_tracks).head(SHOWN_REVIEWS)
    weak = weak.assign(perhaps=[likely_names_text(plain(each)) or "" for each in weak["perhaps"]])
    return dg.Output(
        names,
        metadata={
            **{f"tracks {outcome}": int(outcomes.get(outcome, 0)) for outcome in ("named", "unknown", "weak")},
            "decisions of people": len(standing),
            "people of the cohort": int(cohort["actor"].nunique()),
            "recogniser": recogniser_name(naming.nearest_photos),
            "to review": dg.MetadataValue.md(weak.to_markdown(index=False)),
        },
    )


@dg.asset_check(
    asset="track_names",
    partitions_def=films,
    blocking=True,
    description="Each track has an outcome: named, unknown or weak.",
    additional_ins={"face_tracks": dg.AssetIn("face_tracks")},
)
def every_track_decided(track_names: pd.DataFrame, face_tracks: pd.DataFrame) -> dg.AssetCheckResult:
    without = sorted(set(face_tracks["track"]) - set(track_names["track"]))
    return check("every_track_decided", "track_names", without)


@dg.asset(**film_spec("appearances", GROUP), code_version="3")
@one_line_failures
def appearances(
    context: dg.AssetExecutionContext,
    track_names: pd.DataFrame,
    face_tracks: pd.DataFrame,
    shots: pd.DataFrame,
    cast: pd.DataFrame,
    film: pd.DataFrame,
) -> dg.Output[pd.DataFrame]:
    rows = intervals(track_names, face_tracks, shots, cast)
    timeline = timeline_svg(rows, float(film["duration_s"].iloc[0]), film["title"].iloc[0])
    return dg.Output(
        rows,
        metadata={
            "people": int(rows["actor"].nunique()),
            PAGE_PATH: film_path(context.partition_key),
            "timeline": picture(timeline.encode(), "who is on screen when", "svg+xml"),
        },
    )


@dg.asset_check(
    asset="appearances",
    partitions_def=films,
    blocking=True,
    description="No appearance starts before the film or ends after it.",
    additional_ins={"film": dg.AssetIn("film")},
)
def inside_the_film(appearances: pd.DataFrame, film: pd.DataFrame) -> dg.AssetCheckResult:
    outside = checks.outside_film(appearances, float(film["duration_s"].iloc[0]))
    return check("inside_the_film", "appearances", outside)


@dg.asset_check(
    asset="appearances",
    partitions_def=films,
    blocking=True,
    description="No actor has two appearances at the same time.",
)
def no_actor_twice_at_once(appearances: pd.DataFrame) -> dg.AssetCheckResult:
    return check("no_actor_twice_at_once", "appearances", checks.twice_at_once(appearances))


@dg.asset_check(
    asset="appearances",
    partitions_def=films,
    blocking=True,
    description="Each name is of the cast, was given by a person in review, or is `unknown:<n>`.",
    additional_ins={"cast": dg.AssetIn("cast")},
)
def in_cast_or_marked_unknown(
    context: dg.AssetCheckExecutionContext,
    appearances: pd.DataFrame,
    cast: pd.DataFrame,
    settings: dg.ResourceParam[Settings],
) -> dg.AssetCheckResult:
    film = context.partition_key
    reviewed = {decision.person for decision in read_decisions(settings.data, film) if decision.person}
    strangers = checks.neither_cast_nor_unknown(appearances, cast, reviewed)
    return check("in_cast_or_marked_unknown", "appearances", strangers)


@dg.asset(**film_spec("minute_appearances", GROUP), code_version="1")
@one_line_failures
def minute_appearances(
    context: dg.AssetExecutionContext, appearances: pd.DataFrame, film: pd.DataFrame
) -> dg.Output[pd.DataFrame]:
    rows = by_minute(appearances, float(film["duration_s"].iloc[0]))
    return dg.Output(
        rows,
        metadata={
            "minutes with somebody": int(rows["minute"].nunique()),
            PAGE_PATH: film_path(context.partition_key),
        },
    )


@dg.asset_check(
    asset="minute_appearances",
    partitions_def=films,
    blocking=True,
    description="Nobody is on screen for more than 60 seconds of a minute.",
)
def at_most_sixty_seconds(minute_appearances: pd.DataFrame) -> dg.AssetCheckResult:
    return check("at_most_sixty_seconds", "minute_appearances", checks.over_a_minute(minute_appearances))


@dg.asset_check(
    asset="minute_appearances",
    name="sums_agree_with_appearances",
    partitions_def=films,
    blocking=True,
    description="A person's seconds over all minutes are those of the appearances.",
    additional_ins={"appearances": dg.AssetIn("appearances")},
)
def minutes_agree(minute_appearances: pd.DataFrame, appearances: pd.DataFrame) -> dg.AssetCheckResult:
    differing = checks.sums_differ(appearances, minute_appearances)
    return check("sums_agree_with_appearances", "minute_appearances", differing)


@dg.asset(**film_spec("screen_time", GROUP), code_version="1")
@one_line_failures
def screen_time(
    context: dg.AssetExecutionContext, appearances: pd.DataFrame, film: pd.DataFrame
) -> dg.Output[pd.DataFrame]:
    rows = totals(appearances, float(film["duration_s"].iloc[0]))
    shown = rows[["rank", "actor", "seconds", "share"]].head(20)
    ranking = {"ranking": dg.MetadataValue.md(shown.to_markdown(index=False))} if len(rows) else {}
    links = {
        PAGE_PATH: film_path(context.partition_key),
        "path of the report": report_path(context.partition_key),
    }
    return dg.Output(rows, metadata={**links, **ranking})


@dg.asset_check(
    asset="screen_time",
    name="sums_agree_with_appearances",
    partitions_def=films,
    blocking=True,
    description="A person's seconds are those of the appearances.",
    additional_ins={"appearances": dg.AssetIn("appearances")},
)
def screen_time_agrees(screen_time: pd.DataFrame, appearances: pd.DataFrame) -> dg.AssetCheckResult:
    differing = checks.sums_differ(appearances, screen_time)
    return check("sums_agree_with_appearances", "screen_time", differing)
