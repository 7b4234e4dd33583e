"""`wios cluster`: Spark's standalone master and workers, with the Java runtime that WIOS uses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

Host = Annotated[str, typer.Option("--host", help="Name or address under which other machines reach this one.")]


def master(
    host: Host,
    port: Annotated[int, typer.Option("--port", help="Port for workers and drivers.")] = 7077,
    page_port: Annotated[int, typer.Option("--page-port", help="Port of Spark's page.")] = 8080,
) -> None:
    """Run a Spark master, until it is ended.

    Whoever reaches its port can run programs on the workers: keep it within a network of your own.
    """
    _run("master.Master", host, "--port", str(port), "--webui-port", str(page_port))


def worker(
    address: Annotated[str, typer.Argument(metavar="MASTER", help="The master's address: `spark://host:7077`.")],
    host: Host,
    port: Annotated[int, typer.Option("--port", help="Port of the worker; 0 for any.")] = 0,
    page_port: Annotated[int, typer.Option("--page-port", help="Port of Spark's page.")] = 8081,
    cores: Annotated[int | None, typer.Option("--cores", help="Cores to lend; all if not given.")] = None,
    memory: Annotated[str | None, typer.Option("--memory", help="Memory to lend, such as 8g; all but 1 GB.")] = None,
) -> None:
    """Run a Spark worker, until it is ended.

    Its films, lake and cache are those that the settings of this machine name.
    """
    from wios_assets.settings import load_settings

    options = ["--port", str(port), "--webui-port", str(page_port)]
    options += ["--work-dir", str(load_settings().cache / "spark-work")]
    options += ["--cores", str(cores)] if cores is not None else []
    options += ["--memory", memory] if memory is not None else []
    _run("worker.Worker", host, *options, address)


def _run(program: str, host: str, *arguments: str) -> NoReturn:
    """Replace this process by a program of Spark's deployment that listens on a host."""
    import pyspark

    from wios_assets.lake.java import find_java
    from wios_assets.lake.spark import CONF_FOLDER
    from wios_assets.settings import load_settings

    home = Path(pyspark.__file__).parent
    environment = {
        "SPARK_CONF_DIR": str(CONF_FOLDER),
        # Spark's pages listen on all addresses of the machine otherwise.
        "SPARK_LOCAL_IP": host,
        **os.environ,
        "JAVA_HOME": str(find_java(load_settings().cache).home),
        "SPARK_HOME": str(home),
    }
    script = str(home / "bin" / "spark-class")
    os.execve(script, [script, f"org.apache.spark.deploy.{program}", "--host", host, *arguments], environment)
