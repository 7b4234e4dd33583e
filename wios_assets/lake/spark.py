"""The run's one Spark session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_pyspark import LazyPySparkResource

from wios_assets.errors import Conflict, Unavailable
from wios_assets.lake.java import find_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from wios_assets.settings import Settings


def spark_config(settings: Settings) -> dict[str, str]:
    """Spark's configuration; on a cluster only the master's address differs."""
    config = {
        "spark.master": settings.spark_master,
        "spark.app.name": "wios",
        "spark.driver.memory": settings.spark_memory,
        "spark.executor.memory": settings.spark_memory,
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.session.timeZone": "UTC",
        # Otherwise the film key "007" becomes 7.
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Rows of footage can hold face chips, so batches are small to bound a worker's memory.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "256",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.warehouse.dir": (settings.cache / "spark-warehouse").as_uri(),
        "spark.python.worker.reuse": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if settings.spark_master.startswith("local"):
        config |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return config


class SparkSessionResource(LazyPySparkResource):
    """Starts the Spark session when an asset or table first needs it; runs of small tables do without."""

    cache: str

    @classmethod
    def of(cls, settings: Settings) -> SparkSessionResource:
        return cls(spark_config=spark_config(settings), cache=str(settings.cache))

    @property
    def spark_session(self) -> SparkSession:
        """The session of this process.

        Raises:
            WiosError: no Java runtime, the master cannot be reached, or another master is in use in this process.
        """
        from pyspark.sql import SparkSession

        master = self.spark_config["spark.master"]
        active = SparkSession.getActiveSession()
        if active is None:
            java = find_java(Path(self.cache))
            os.environ["JAVA_HOME"] = str(java.home)
            os.environ.setdefault("SPARK_CONF_DIR", str(Path(__file__).with_name("spark_conf")))
            os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
            if master.startswith("local"):
                os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
            try:
                active = super().spark_session
            except Exception as error:
                raise Unavailable(f"Spark did not start at {master}: {error}; see `wios doctor`") from error
        if active.sparkContext.master != master:
            raise Conflict(
                f"this process has a Spark session at {active.sparkContext.master}, but spark_master is {master}; "
                "start a new process for the other master"
            )
        return active
