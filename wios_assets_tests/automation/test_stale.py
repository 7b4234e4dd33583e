"""What counts as stale: Dagster's versions, and tables that a blocking check refused."""

import dagster as dg
import pytest

from wios_assets.automation.stale import stale_tables
from wios_assets.partitions import films

pytestmark = pytest.mark.slow


@dg.asset(partitions_def=films, code_version="1")
def film() -> int:
    return 1


@dg.asset(partitions_def=films, code_version="1")
def cast(film: int) -> int:
    return film


class Limit(dg.Config):
    refused: str = "Refused"


@dg.asset_check(asset="film", blocking=True, partitions_def=films)
def decodable(context: dg.AssetCheckExecutionContext, config: Limit) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=context.partition_key != config.refused)


def test_a_table_that_a_blocking_check_refused_is_stale_for_that_film_until_the_check_passes() -> None:
    definitions = dg.Definitions(
        assets=[film, cast],
        asset_checks=[decodable],
        executor=dg.in_process_executor,
        jobs=[
            dg.define_asset_job("film_map", selection=dg.AssetSelection.assets("film", "cast")),
            dg.define_asset_job("only_tables", selection=dg.AssetSelection.assets("film", "cast").without_checks()),
        ],
    )
    graph = definitions.resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("film", ["Good", "Refused"])

        def run(job: str, partition: str, **config: str) -> None:
            definitions.resolve_job_def(job).execute_in_process(
                instance=instance,
                partition_key=partition,
                run_config={"ops": {"film_decodable": {"config": config}}} if config else None,
                raise_on_error=False,
            )

        run("film_map", "Good")
        run("only_tables", "Refused")
        assert stale_tables(instance, graph, ["Good", "Refused"]) == {"Good": [], "Refused": []}
        run("film_map", "Refused")
        assert stale_tables(instance, graph, ["Good", "Refused"]) == {"Good": [], "Refused": ["film", "cast"]}
        run("film_map", "Refused", refused="none")
        assert stale_tables(instance, graph, ["Good", "Refused"]) == {"Good": [], "Refused": []}
