"""The run's one Spark session."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
from dagster_pyspark import LazyPySparkResource

from wios_assets.errors import Conflict, Unavailable
from wios_assets.lake.java import find_java
from wios_assets.lake.roots import Roots
from wios_assets.scratch import temporary_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from wios_assets.settings import Settings


CONF_FOLDER = Path(__file__).with_name("spark_conf")
"""Spark's configuration folder: what its Java processes log."""
EXECUTOR_HEAP_MIB = 512
"""Java heap of an executor: rows do not pass through it, since Python processes write their files themselves."""
EXECUTOR_OVERHEAD_MIB = 384
# PySpark passes the JVM the file for its port in this variable.
_JVM_VARIABLE = "_PYSPARK_DRIVER_CONN_INFO_PATH"
CONNECT_S = 10.0
"""Longest time that a master may take to accept a connection."""


def spark_config(settings: Settings) -> dict[str, str]:
    """Spark's configuration."""
    config = {
        "spark.master": settings.spark_master,
        "spark.app.name": "wios",
        "spark.driver.memory": settings.spark_memory,
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
    if _is_local(settings.spark_master):
        config |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    else:
        config |= _cluster_config(settings)
    return config | settings.spark.config


def _cluster_config(settings: Settings) -> dict[str, str]:
    spark = settings.spark
    python_mib = spark.executor_cores * spark.python_mib
    # A standalone master knows only of the heap's size, so the Python processes are asked for there.
    standalone = settings.spark_master.startswith(("spark://", "local-cluster"))
    config = {
        "spark.executor.cores": str(spark.executor_cores),
        "spark.executor.memory": f"{EXECUTOR_HEAP_MIB + (python_mib if standalone else 0)}m",
        "spark.executor.memoryOverhead": f"{EXECUTOR_OVERHEAD_MIB + python_mib}m",
        "spark.driver.port": str(spark.driver_port),
        "spark.blockManager.port": str(spark.block_port),
    }
    # A master on the loopback interface has its workers and drivers on the same machine.
    driver_host = spark.driver_host or _loopback_host(settings.spark_master)
    named = {
        "spark.driver.host": driver_host,
        "spark.driver.bindAddress": spark.bind_address or driver_host,
        "spark.archives": spark.archives,
        "spark.cores.max": str(spark.cores or ""),
    }
    return config | {name: value for name, value in named.items() if value}


def _loopback_host(master: str) -> str:
    """Host of a standalone master on the loopback interface; empty for any other master."""
    host = urlsplit(master).hostname or "" if master.startswith("spark://") else ""
    return host if host == "localhost" or host.startswith("127.") else ""


def _is_local(master: str) -> bool:
    return re.fullmatch(r"local(\[.*\])?", master) is not None


def _not_by_py4j(record: logging.LogRecord) -> bool:
    """Filter of the root logger: py4j prints a traceback there for each error that it raises as well."""
    return "py4j" not in Path(record.pathname).parts


def end_java_processes() -> None:
    """Kill the JVMs that PySpark has started for this process."""
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if _JVM_VARIABLE in child.environ():
                child.kill()
                child.wait()


def _require_master(master: str) -> None:
    """Refuse a standalone master that does not answer; Spark would try for a minute and then stop itself.

    Raises:
        Unavailable: none of the master's addresses can be connected to.
    """
    if not master.startswith("spark://"):
        return
    faults = []
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
        except ValueError:
            faults.append(f"{address}: no address such as host:7077")
        except OSError as error:
            faults.append(f"{address}: {error.strerror or error}")
        else:
            return
    raise Unavailable(
        f"Spark's master at {master} does not answer ({'; '.join(faults)}); start it (`wios cluster master`), or "
        "correct WIOS_SPARK_MASTER"
    )


class SparkSessionResource(LazyPySparkResource):
    """Starts the Spark session when an asset or table first needs it; runs of small tables do without."""

    cache: str
    worker_python: str
    worker_wait_s: float
    folders: list[str]

    @classmethod
    def of(cls, settings: Settings) -> SparkSessionResource:
        return cls(
            spark_config=spark_config(settings),
            cache=str(settings.cache),
            worker_python=settings.spark.python or sys.executable,
            worker_wait_s=settings.spark.worker_wait_seconds,
            folders=[str(folder) for folder in Roots.of(settings).folders],
        )

    @property
    def roots(self) -> Roots | None:
        """This machine's folders, by which workers on others find their own; None where this machine does the work."""
        return None if _is_local(self.spark_config["spark.master"]) else Roots(tuple(map(Path, self.folders)))

    @property
    def spark_session(self) -> SparkSession:
        """The session of this process.

        Raises:
            WiosError: no Java runtime, the master cannot be reached, or another master is in use in this process.
        """
        from pyspark.sql import SparkSession

        master = self.spark_config["spark.master"]
        active = SparkSession.getActiveSession()
        if active is None or active.sparkContext.master != master:
            _require_master(master)
        if active is None:
            java = find_java(Path(self.cache))
            os.environ["JAVA_HOME"] = str(java.home)
            os.environ.setdefault("SPARK_CONF_DIR", str(CONF_FOLDER))
            os.environ["PYSPARK_PYTHON"] = self.worker_python
            os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
            if _is_local(master):
                os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
            logging.getLogger().addFilter(_not_by_py4j)
            os.environ["SPARK_LOCAL_DIRS"] = str(temporary_folder())
            try:
                active = super().spark_session
            except BaseException as error:
                # An interrupted start leaves a JVM that waits for this process for ever.
                end_java_processes()
                if not isinstance(error, Exception):
                    raise
                raise Unavailable(f"Spark did not start at {master}: {error}; see `wios doctor`") from error
        if active.sparkContext.master != master:
            raise Conflict(
                f"this process has a Spark session at {active.sparkContext.master}, but spark_master is {master}; "
                "start a new process for the other master"
            )
        return active
