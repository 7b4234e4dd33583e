"""Spark's configuration on one machine and on clusters, and a master that is not there."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from wios_assets.errors import Unavailable
from wios_assets.lake.spark import SparkSessionResource, spark_config
from wios_assets.settings import load_settings


def config(master: str, **spark: object) -> dict[str, str]:
    return spark_config(load_settings(spark_master=master, spark=spark))


def test_a_local_master_listens_to_this_machine_alone() -> None:
    local = config("local[2]", driver_host="nas.local", driver_port=4000)
    assert local["spark.driver.host"] == local["spark.driver.bindAddress"] == "127.0.0.1"
    assert "spark.driver.port" not in local


def test_the_driver_is_reached_where_the_settings_say() -> None:
    cluster = config("spark://nas.local:7077", driver_host="desk.local", driver_port=4000, block_port=4001)
    assert cluster["spark.driver.host"] == cluster["spark.driver.bindAddress"] == "desk.local"
    assert (cluster["spark.driver.port"], cluster["spark.blockManager.port"]) == ("4000", "4001")
    same_machine = config("spark://127.0.0.1:7077")
    assert same_machine["spark.driver.host"] == same_machine["spark.driver.bindAddress"] == "127.0.0.1"
    assert "spark.driver.host" not in config("spark://nas.local:7077")
    behind = config("k8s://https://api:6443", driver_host="wios.default.svc", bind_address="0.0.0.0")
    assert (behind["spark.driver.host"], behind["spark.driver.bindAddress"]) == ("wios.default.svc", "0.0.0.0")


def test_as_many_cores_are_asked_for_as_a_film_is_divided_by() -> None:
    assert config("spark://nas.local:7077", cores=8)["spark.cores.max"] == "8"
    assert "spark.cores.max" not in config("spark://nas.local:7077")


def test_memory_for_python_processes_is_asked_for_where_the_cluster_counts_it() -> None:
    standalone = config("spark://nas.local:7077", executor_cores=4, python_mib=500)
    assert standalone["spark.executor.memory"] == f"{512 + 4 * 500}m"
    yarn = config("yarn", executor_cores=4, python_mib=500)
    assert yarn["spark.executor.memory"] == "512m"
    assert yarn["spark.executor.memoryOverhead"] == f"{384 + 4 * 500}m"


def test_other_properties_come_last() -> None:
    cluster = config("yarn", config={"spark.executor.memory": "3g", "spark.executorEnv.WIOS_LAKE": "/lake"})
    assert cluster["spark.executor.memory"] == "3g"
    assert cluster["spark.executorEnv.WIOS_LAKE"] == "/lake"


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "127.0.0.1:{port},127.0.0.1:{port}", "127.0.0.1"])
def test_a_master_that_does_not_answer_is_named_before_java_starts(address: str, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        master = f"spark://{address.format(port=unused.getsockname()[1])}"
        spark = SparkSessionResource.of(load_settings(data=tmp_path, cache=tmp_path / "cache", spark_master=master))
        with pytest.raises(Unavailable, match=r"does not answer \(.*WIOS_SPARK_MASTER"):
            _ = spark.spark_session
    assert not (tmp_path / "cache").exists()
