"""A film's files for players, beside the film or in the exports folder."""

import dagster as dg

from wios_assets.assets.results import check
from wios_assets.assets.specs import COST, OWNERS, check_spec
from wios_assets.exports.player_files import write_player_files
from wios_assets.failures import one_line_failures
from wios_assets.partitions import films
from wios_assets.settings import Settings


@dg.asset(
    group_name="library",
    kinds={"json"},
    owners=OWNERS,
    tags={COST: "light"},
    description="One row is a file that a player reads: who is on screen when, with pictures. `players.files` says "
    "where they are written.",
    partitions_def=films,
    code_version="1",
    # After the library, through which the tables are read.
    op_tags={"dagster/priority": "-1"},
    deps=[dg.AssetKey(table) for table in ("film", "frame_samples", "face_embeddings", "appearances")],
    check_specs=[
        check_spec(
            "written_where_wanted",
            "player_files",
            "Each file was written where the settings say, and replaced nobody else's file.",
            blocking=False,
        )
    ],
)
@one_line_failures
def player_files(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:  # type: ignore[type-arg]
    written = write_player_files(settings, context.partition_key)
    return dg.MaterializeResult(
        metadata={
            "where": settings.players.files,
            "files": dg.MetadataValue.json([str(file) for file in written.files]),
            "bytes": sum(file.stat().st_size for file in written.files),
        },
        check_results=[check("written_where_wanted", "player_files", written.problems, warn=True)],
    )
