"""Names on tracks, and what follows from them: appearances, minutes, screen time."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MetadataValue,
    Output,
    ResourceParam,
    asset,
)

from wios_assets.assets.common import OWNERS, check, code_version, film_table, picture
from wios_assets.assets.film_files import DECISIONS
from wios_assets.assets.options import naming_options
from wios_assets.lake.cohort import chosen_recogniser, read_cohort
from wios_assets.naming.names import name_tracks
from wios_assets.naming.selection import recogniser_called, recogniser_name
from wios_assets.partitions import films
from wios_assets.reviews.decisions import active, read_decisions, revision_of
from wios_assets.reviews.queue import to_review
from wios_assets.settings import Settings, film_address, report_address
from wios_assets.tables import RECOGNISER_SELECTION
from wios_assets.timeline import checks
from wios_assets.timeline.appearances import appearances as intervals
from wios_assets.timeline.minutes import minute_appearances as by_minute
from wios_assets.timeline.minutes import screen_time as totals

GROUP = "appearances"
SHOWN_REVIEWS = 20


def decisions_spec() -> AssetSpec:
    """What people decided, as a source of the graph: a decision makes names, and what follows from them, stale."""
    return AssetSpec(
        DECISIONS,
        group_name=GROUP,
        kinds={"json"},
        owners=OWNERS,
        description="One row is a decision of a person about a face; see `wios review` and `wios name`.",
        partitions_def=films,
    )


def appearance_assets(settings: Settings) -> list[AssetsDefinition | AssetSpec]:
    """track_names, appearances, minute_appearances and screen_time."""
    version = code_version(3, naming_options(settings), settings.naming.recogniser, settings.naming.cohort_people)

    @asset(
        **film_table("track_names", GROUP, version, ["every_track_decided"]),
        deps=[DECISIONS, AssetKey(RECOGNISER_SELECTION.name)],
    )
    def track_names(
        context: AssetExecutionContext,
        face_tracks: pd.DataFrame,
        faces: pd.DataFrame,
        face_embeddings: pd.DataFrame,
        gallery_embeddings: pd.DataFrame,
        cast: pd.DataFrame,
        settings: ResourceParam[Settings],
    ) -> Iterator[Any]:
        made = read_decisions(settings.data, context.partition_key)
        decisions = active(made)
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
            decisions=decisions,
            decisions_revision=revision_of(made),
        )
        counts = names["decision"].value_counts()
        weak = to_review(names, face_tracks).head(SHOWN_REVIEWS)
        yield Output(
            names,
            metadata={
                **{f"tracks {decision}": int(counts.get(decision, 0)) for decision in ("named", "unknown", "weak")},
                "decisions of people": len(decisions),
                "people of the cohort": int(cohort["actor"].nunique()),
                "recogniser": recogniser_name(naming.nearest_photos),
                "to review": MetadataValue.md(weak.to_markdown(index=False)),
            },
        )
        undecided = sorted(set(face_tracks["track"]) - set(names["track"]))
        yield check("every_track_decided", "track_names", undecided)

    @asset(
        **film_table(
            "appearances",
            GROUP,
            code_version(2),
            ["inside_the_film", "no_actor_twice_at_once", "in_cast_or_marked_unknown"],
        )
    )
    def appearances(
        context: AssetExecutionContext,
        track_names: pd.DataFrame,
        face_tracks: pd.DataFrame,
        shots: pd.DataFrame,
        cast: pd.DataFrame,
        film: pd.DataFrame,
        settings: ResourceParam[Settings],
    ) -> Iterator[Any]:
        # Only this asset draws: whatever else is run starts without matplotlib.
        from wios_assets.timeline.pictures import timeline_picture

        rows = intervals(track_names, face_tracks, shots, cast)
        duration_s = float(film["duration_s"].iloc[0])
        yield Output(
            rows,
            metadata={
                "people": int(rows["actor"].nunique()),
                "page": MetadataValue.url(film_address(settings, context.partition_key)),
                "timeline": picture(timeline_picture(rows, duration_s, film["title"].iloc[0]), "who is on screen when"),
            },
        )
        yield check("inside_the_film", "appearances", checks.outside_film(rows, duration_s))
        yield check("no_actor_twice_at_once", "appearances", checks.twice_at_once(rows))
        decided = {made.person for made in read_decisions(settings.data, context.partition_key) if made.person}
        yield check("in_cast_or_marked_unknown", "appearances", checks.neither_cast_nor_unknown(rows, cast, decided))

    @asset(
        **film_table(
            "minute_appearances", GROUP, code_version(1), ["at_most_sixty_seconds", "sums_agree_with_appearances"]
        )
    )
    def minute_appearances(
        context: AssetExecutionContext,
        appearances: pd.DataFrame,
        film: pd.DataFrame,
        settings: ResourceParam[Settings],
    ) -> Iterator[Any]:
        rows = by_minute(appearances, float(film["duration_s"].iloc[0]))
        yield Output(
            rows,
            metadata={
                "minutes with somebody": int(rows["minute"].nunique()),
                "page": MetadataValue.url(film_address(settings, context.partition_key)),
            },
        )
        yield check("at_most_sixty_seconds", "minute_appearances", checks.over_a_minute(rows))
        yield check("sums_agree_with_appearances", "minute_appearances", checks.sums_differ(appearances, rows))

    @asset(**film_table("screen_time", GROUP, code_version(1), ["sums_agree_with_appearances"]))
    def screen_time(
        context: AssetExecutionContext,
        appearances: pd.DataFrame,
        film: pd.DataFrame,
        settings: ResourceParam[Settings],
    ) -> Iterator[Any]:
        rows = totals(appearances, float(film["duration_s"].iloc[0]))
        shown = rows[["rank", "actor", "seconds", "share"]].head(20)
        ranking = {"ranking": MetadataValue.md(shown.to_markdown(index=False))} if len(rows) else {}
        links = {
            "page": MetadataValue.url(film_address(settings, context.partition_key)),
            "report": MetadataValue.url(report_address(settings, context.partition_key)),
        }
        yield Output(rows, metadata={**links, **ranking})
        yield check("sums_agree_with_appearances", "screen_time", checks.sums_differ(appearances, rows))

    return [decisions_spec(), track_names, appearances, minute_appearances, screen_time]
