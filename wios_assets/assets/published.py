"""Films on the SQL server that `publish.address` names: a film's rows with its run, and whatever else differs."""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from wios_assets.assets.results import check
from wios_assets.assets.specs import COST, OWNERS, check_spec
from wios_assets.errors import WiosError
from wios_assets.failures import one_line_failures
from wios_assets.partitions import films
from wios_assets.publish.publisher import open_publisher
from wios_assets.publish.schema import FILM_TABLES, WHOLE_TABLES
from wios_assets.publish.server import open_server
from wios_assets.settings import Settings
from wios_assets.tables import EVALUATION

GROUP = "library"
PUBLISHED, PUBLISHED_LIBRARY = "published", "published_library"
NOTHING: Any = dg.Nothing
"""Type of an output that no I/O manager stores; Dagster's annotation takes it for another."""


@dg.asset(
    name=PUBLISHED,
    group_name=GROUP,
    kinds={"sql"},
    owners=OWNERS,
    tags={COST: "light"},
    description="One row is a row of the film on the SQL server, where `publish.address` names one: all of the film's "
    "rows are replaced in one transaction.",
    partitions_def=films,
    code_version="1",
    dagster_type=NOTHING,
    # A film without a truth has no evaluation, and a step is skipped with what it waits for. An evaluation is made
    # before the minutes are; the sensor sees one that comes later.
    deps=[dg.AssetKey(each.table.name) for each in FILM_TABLES if each.table != EVALUATION],
    output_required=False,
    check_specs=[
        check_spec(
            "on_the_server",
            PUBLISHED,
            "The film's rows are on the SQL server, or none is set. Otherwise the next `wios publish`, or the sensor "
            "of `wios ui`, publishes them.",
            blocking=False,
        )
    ],
)
@one_line_failures
def published(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    started, film = time.monotonic(), context.partition_key
    problems: list[str] = []
    try:
        server = open_server(settings)
        if server is None:
            context.log.info("publish.address names no SQL server")
        else:
            with open_publisher(settings, server) as publisher:
                rows = publisher.film(film)
            yield dg.Output(
                None, metadata={"server": server.address, "rows": rows, "seconds": time.monotonic() - started}
            )
    except WiosError as error:
        # The film's own tables are made: a server that does not answer must not make its run a failure.
        context.log.warning(str(error))
        problems.append(str(error))
    yield check("on_the_server", PUBLISHED, problems, warn=True)


@dg.asset(
    name=PUBLISHED_LIBRARY,
    group_name=GROUP,
    kinds={"sql"},
    owners=OWNERS,
    tags={COST: "light"},
    description="One row is a row of a table over all films on the SQL server. A run publishes every film and table "
    "whose version there is not that of the lake, and removes films that are gone.",
    code_version="1",
    dagster_type=NOTHING,
    deps=[dg.AssetKey("library"), *(dg.AssetKey(each.table.name.split("/")) for each in WHOLE_TABLES[1:])],
    check_specs=[
        check_spec(
            "everything_is_on_the_server",
            PUBLISHED_LIBRARY,
            "No film or table was left out because a row did not fit or a file is damaged.",
            blocking=False,
            by_film=False,
        )
    ],
)
@one_line_failures
def published_library(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    started = time.monotonic()
    with open_publisher(settings) as publisher:
        for change in publisher.changes:
            context.log.info(change)
        summary = publisher.catch_up(context.log.debug)
        address = publisher.schema.server.address
    for film, rows in summary.films.items():
        context.log_event(
            dg.AssetMaterialization(PUBLISHED, partition=film, metadata={"server": address, "rows": rows})
        )
    seconds = time.monotonic() - started
    yield dg.Output(
        None,
        metadata={
            "server": address,
            "films": len(summary.films),
            "films removed": len(summary.removed),
            "tables": len(summary.tables),
            "rows": summary.rows,
            "seconds": seconds,
            "problems": summary.problems,
        },
    )
    yield check("everything_is_on_the_server", PUBLISHED_LIBRARY, summary.problems, warn=True)
