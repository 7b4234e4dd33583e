import pandas as pd
import pyarrow as pa
import pyspark.sql.functions as F
import pytest
from dagster import DagsterInstance, Failure, TableSchemaMetadataValue, asset, materialize
from pyspark.sql import DataFrame as SparkFrame

from wios_assets.errors import WiosError
from wios_assets.lake.io_manager import SparkIOManager
from wios_assets.lake.paths import partition_folder
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.lake.store import read_rows
from wios_assets.partitions import films
from wios_assets.settings import Settings
from wios_assets.tables import FRAME_SAMPLES, LIBRARY, SHOTS

pytestmark = pytest.mark.slow

ODD_KEYS = ["007", 'L\'Été "à" la=plage %41', "a b/c", "日本 🎬"]


@asset(partitions_def=films)
def shots() -> pd.DataFrame:
    return pd.DataFrame({"shot": [0, 1], "start_s": [0.0, 1.0], "end_s": [1.0, 2.0], "samples": [4, 4]})


def frame_samples_plan(rows: SparkFrame) -> SparkFrame:
    return rows.select(
        F.col("shot").alias("sample"),
        F.col("start_s").alias("time_s"),
        F.lit(None).alias("frame_s"),
        "shot",
        F.lit("analysed").alias("outcome"),
        F.lit(None).alias("duplicate_of"),
        F.lit(0).alias("faces"),
    )


@asset(partitions_def=films)
def frame_samples(shots: SparkFrame) -> SparkFrame:
    return frame_samples_plan(shots)


def library_of(films_seen: list[str]) -> pd.DataFrame:
    empty = dict.fromkeys((column.name for column in LIBRARY.columns), None)
    return pd.DataFrame([{**empty, "film": film} for film in films_seen])


@asset
def library(frame_samples: SparkFrame, shots: pa.Table) -> pd.DataFrame:
    counted = frame_samples.groupBy("film").count().collect()
    assert {row["film"]: row["count"] for row in counted} == dict.fromkeys(ODD_KEYS, 2)
    return library_of(sorted(set(shots["film"].to_pylist())))


def test_films_with_odd_names_go_through_spark_and_back_as_they_are(
    io_manager: SparkIOManager, settings: Settings
) -> None:
    instance = DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("film", ODD_KEYS)
    resources = {"io_manager": io_manager}
    for key in ODD_KEYS:
        assert materialize([shots, frame_samples], instance=instance, resources=resources, partition_key=key).success
    assert materialize([shots, frame_samples, library], selection=[library], instance=instance, resources=resources)
    assert read_rows(settings.lake, LIBRARY)["film"].to_pylist() == sorted(ODD_KEYS)
    assert read_rows(settings.lake, FRAME_SAMPLES, "007").schema.equals(FRAME_SAMPLES.schema)


@pytest.mark.parametrize(
    "name", ["Films [4K]", "a{b,c}", "why?", "a*b", "a%20b", "a#b", "ü \\ &'\"", "two\nlines", "["]
)
def test_a_film_goes_through_spark_and_back_whatever_characters_the_lakes_path_has(
    io_manager: SparkIOManager, settings: Settings, name: str
) -> None:
    instance = DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("film", ["heat"])
    lake = settings.data / name / "lake"
    resources = {"io_manager": SparkIOManager(lake=str(lake), spark=io_manager.spark)}
    assert materialize([shots, frame_samples], instance=instance, resources=resources, partition_key="heat").success
    stored = SparkIOManager(lake=str(lake), spark=io_manager.spark)
    assert stored.spark_rows(FRAME_SAMPLES, "heat").count() == stored.spark_rows(FRAME_SAMPLES, None).count() == 2


def test_a_spark_plan_that_fails_leaves_the_old_rows(io_manager: SparkIOManager, settings: Settings) -> None:
    instance = DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("film", ["one"])
    resources = {"io_manager": io_manager}
    assert materialize([shots, frame_samples], instance=instance, resources=resources, partition_key="one").success

    @asset(partitions_def=films, name="frame_samples")
    def broken(shots: SparkFrame) -> SparkFrame:
        return frame_samples_plan(shots).withColumn("sample", F.raise_error(F.lit("broken on purpose")))

    result = materialize(
        [shots, broken],
        selection=[broken],
        instance=instance,
        resources=resources,
        partition_key="one",
        raise_on_error=False,
    )
    assert not result.success
    assert read_rows(settings.lake, FRAME_SAMPLES, "one").num_rows == 2


def test_a_missing_film_is_named_when_an_asset_needs_it(io_manager: SparkIOManager) -> None:
    instance = DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("film", ["Heat (1995)"])
    with pytest.raises(Failure) as raised:
        materialize(
            [shots, frame_samples],
            selection=[frame_samples],
            instance=instance,
            resources={"io_manager": io_manager},
            partition_key="Heat (1995)",
        )
    assert str(raised.value.description).startswith("shots: film 'Heat (1995)' is not in the lake")


def test_schema_row_count_and_preview_are_kept_as_metadata(io_manager: SparkIOManager, settings: Settings) -> None:
    instance = DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("film", ["one"])
    result = materialize([shots], instance=instance, resources={"io_manager": io_manager}, partition_key="one")
    metadata = result.asset_materializations_for_node("shots")[0].metadata
    assert metadata["dagster/row_count"].value == 2
    columns = metadata["dagster/column_schema"]
    assert isinstance(columns, TableSchemaMetadataValue)
    assert [column.name for column in columns.schema.columns] == SHOTS.schema.names
    assert "| 1 | 1 | 2 | 4 |" in str(metadata["preview"].value)
    assert metadata["place"].value == str(partition_folder(settings.lake, "shots", "one"))


def test_another_master_in_the_same_process_is_refused(io_manager: SparkIOManager, settings: Settings) -> None:
    assert io_manager.spark.spark_session.sparkContext.master == "local[2]"
    other = SparkSessionResource.of(settings.model_copy(update={"spark_master": "local[1]"}))
    with pytest.raises(WiosError, match=r"session at local\[2\], but spark_master is local\[1\]"):
        _ = other.spark_session
