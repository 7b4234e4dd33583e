"""What exceptions of the operating system and of libraries mean to a user; each is raised by its real cause."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy
from py4j.java_gateway import GatewayParameters, JavaGateway, java_import, launch_gateway

from wios_assets.errors import BadInput, Conflict, NotFound, Unavailable, WiosError, explain
from wios_assets.lake.java import find_java
from wios_assets.lake.spark import SparkSessionResource
from wios_assets.scratch import scratch_folder
from wios_assets.settings import load_settings
from wios_assets_tests.conftest import FinishedExample

linux = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full and /proc are Linux's")


def explained(action: Callable[[], object], folders: list[Path] | None = None) -> WiosError:
    """The error that is shown for what an action raises."""
    with pytest.raises(Exception) as raised:
        action()
    error = explain(raised.value, folders or [])
    assert error is not None, raised.value
    assert "\n" not in str(error)
    return error


@pytest.mark.parametrize(
    ("kind", "http_status"), [(BadInput, 400), (NotFound, 404), (Conflict, 409), (Unavailable, 503)]
)
def test_each_kind_of_error_has_a_status(kind: type[WiosError], http_status: int) -> None:
    assert kind.http_status == http_status


def test_an_error_of_our_own_is_shown_as_it_is() -> None:
    error = NotFound("film 'heat': there is none")
    assert explain(error) is error


@pytest.mark.parametrize("fault", [TypeError("unsupported"), KeyError("film"), ZeroDivisionError()])
def test_a_fault_of_the_program_is_not_explained_away(fault: Exception) -> None:
    assert explain(fault) is None


def test_a_fault_while_an_error_is_handled_is_not_explained_by_that_error(tmp_path: Path) -> None:
    def fail() -> None:
        try:
            (tmp_path / "absent").read_bytes()
        except OSError as error:
            error + 1  # type: ignore[operator]  # the fault

    with pytest.raises(TypeError) as raised:
        fail()
    assert explain(raised.value) is None


def test_the_cause_of_an_unknown_exception_is_explained(tmp_path: Path) -> None:
    def fail() -> None:
        try:
            (tmp_path / "absent").read_bytes()
        except OSError as error:
            raise RuntimeError("the step failed") from error

    assert str(explained(fail)).startswith(f"{tmp_path / 'absent'}: there is no such file or folder")


@linux
def test_a_full_disk_is_named_with_what_is_free(tmp_path: Path) -> None:
    def fill() -> None:
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.write(b"x")

    error = explained(fill, [tmp_path / "data" / "lake"])
    assert isinstance(error, Unavailable)
    assert str(error).startswith("the disk is full: /")
    assert "B free" in str(error)
    assert "WIOS_DATA" in str(error)


def test_the_disk_of_the_file_that_was_written_is_named(tmp_path: Path) -> None:
    error = explain(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "none" / "a.parquet")), [])
    mount = next(str(parent) for parent in tmp_path.parents if parent.is_mount())
    assert f"{mount} (" in str(error)


def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    error = explained(lambda: subprocess.run([program], check=True))
    assert isinstance(error, Unavailable)
    assert str(error).startswith(f"{program}: Permission denied; change its access rights")


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system in memory at `folder`; the test is skipped where none can be mounted."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "wios-test", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("file systems can be mounted by root on Linux only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def write_parquet(folder: Path) -> None:
    rows = pa.table({"x": np.random.default_rng(0).random(1_000_000)})
    pq.write_table(rows, folder / "part-0.parquet")


def copy_by_duckdb(folder: Path) -> None:
    with duckdb.connect() as db:
        db.execute(f"COPY (SELECT random() AS x FROM range(2_000_000)) TO '{folder}/part-0.parquet'")


def database_by_duckdb(folder: Path) -> None:
    with duckdb.connect(folder / "library.duckdb") as db:
        db.execute("CREATE TABLE x AS SELECT random() AS x FROM range(2_000_000)")


def commit_by_sqlite(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "runs.db")) as history, history:
        history.execute("CREATE TABLE runs (body BLOB)")
        history.execute("INSERT INTO runs VALUES (zeroblob(8000000))")


def stage_rows(folder: Path) -> None:
    with scratch_folder(folder / ".staging") as staging:
        (staging / "rows").write_bytes(bytes(8_000_000))


WRITERS = (write_parquet, copy_by_duckdb, database_by_duckdb, commit_by_sqlite, stage_rows)


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_is_named_whoever_writes_and_blames_no_permissions(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    with mounted(tmp_path / "small", "size=1m") as disk:
        error = explained(lambda: write(disk), [disk])
    assert type(error) is Unavailable
    assert str(error).startswith(f"the disk is full: {disk} (")
    assert "needs about" in str(error)
    assert not re.search("permission|rights", str(error))


@pytest.mark.parametrize("write", WRITERS)
def test_a_disk_that_is_mounted_read_only_is_named(tmp_path: Path, write: Callable[[Path], None]) -> None:
    with mounted(tmp_path / "locked", "ro") as disk:
        error = explained(lambda: write(disk), [disk])
    assert type(error) is Unavailable
    if write is commit_by_sqlite:
        assert "cannot be written (unable to open database file)" in str(error)
    else:
        assert f"the disk mounted at {disk} is read-only" in str(error)


AS_NOBODY = """
import sys
from pathlib import Path
from wios_assets import errors
from wios_assets_tests import test_errors
try:
    getattr(test_errors, sys.argv[1])(Path(sys.argv[2]))
except Exception as error:
    print(errors.explain(error, [Path(sys.argv[2])]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITERS)
def test_a_folder_that_may_not_be_written_names_the_access_rights(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    if shutil.which("setpriv") is None or os.geteuid():
        pytest.skip("another user is needed: setpriv, started by root")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    environment = os.environ | {"HOME": "/nonexistent", "MPLCONFIGDIR": "/tmp"}
    done = subprocess.run(
        [*command, sys.executable, "-B", "-c", AS_NOBODY, write.__name__, str(folder)],
        cwd=Path(__file__).parent.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    folder.rmdir()
    if "Permission denied" in done.stderr:
        pytest.skip("another user cannot read this checkout")
    assert str(folder) in done.stdout or write is commit_by_sqlite, done.stdout + done.stderr
    assert "change its access rights" in done.stdout
    assert done.stdout.count("\n") == 1


def test_a_file_of_a_share_that_was_unmounted_names_the_folder_that_is_empty_now(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    error = explained(lambda: (lake / "shots" / "part-0.parquet").read_bytes(), [tmp_path, lake])
    assert type(error) is Unavailable
    assert str(error).startswith(f"{lake}: its disk or network share is gone")


@pytest.mark.parametrize("cut", [0, 8, 300])
def test_a_parquet_file_that_was_cut_is_called_damaged_with_its_film_to_run(tmp_path: Path, cut: int) -> None:
    folder = tmp_path / "shots" / "film=Heat (1995)"
    folder.mkdir(parents=True)
    write_parquet(folder)
    file = folder / "part-0.parquet"
    os.truncate(file, cut)
    by_duckdb = explained(lambda: duckdb.execute(f"SELECT * FROM read_parquet('{file}')").fetchall())
    assert str(by_duckdb).startswith(f"{file}: is damaged (")
    assert str(by_duckdb).endswith("run its film again with `wios run`")
    by_arrow = explained(lambda: pq.read_metadata(file))
    assert "is damaged (Parquet" in str(by_arrow)


def test_a_connection_that_timed_out_is_not_taken_for_a_share(tmp_path: Path) -> None:
    error = explain(TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)), [tmp_path])
    assert "share" not in str(error)


@linux
def test_a_read_error_of_a_disk_says_what_to_look_at() -> None:
    def read() -> None:
        with Path("/proc/self/mem").open("rb", buffering=0) as memory:
            memory.read(1)

    error = explained(read)
    assert isinstance(error, Unavailable)
    assert "Input/output error" in str(error)
    assert "`wios doctor`" in str(error)


def sqlite_full(file: Path) -> None:
    with sqlite3.connect(file) as history:
        history.execute("PRAGMA max_page_count = 2")
        history.execute("CREATE TABLE runs (body BLOB)")
        history.execute("INSERT INTO runs VALUES (zeroblob(1000000))")


def sqlite_locked(file: Path) -> None:
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with sqlite3.connect(file, timeout=0) as history:
            history.execute("CREATE TABLE runs (body BLOB)")
    finally:
        holder.close()


def sqlite_read_only(file: Path) -> None:
    sqlite3.connect(file).execute("CREATE TABLE runs (body BLOB)")
    sqlite3.connect(f"file:{file}?mode=ro", uri=True).execute("INSERT INTO runs VALUES (1)")


def sqlite_absent(file: Path) -> None:
    sqlite3.connect(file / "no such folder" / "runs.db")


def sqlite_damaged(file: Path) -> None:
    file.write_bytes(b"no database at all" * 100)
    sqlite3.connect(file).execute("SELECT * FROM runs")


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.parametrize(
    ("action", "kind", "says"),
    [
        (sqlite_full, Unavailable, "the disk is full: "),
        (sqlite_locked, Conflict, "in use by another process"),
        (sqlite_read_only, Unavailable, "cannot be written"),
        (sqlite_absent, Unavailable, "cannot be written"),
        (sqlite_damaged, Unavailable, "is damaged"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_sqlite_refuses_is_said_of_dagsters_run_history(
    tmp_path: Path, action: Callable[[Path], None], kind: type[WiosError], says: str, wrapped: bool
) -> None:
    def through_sqlalchemy() -> None:
        engine = sqlalchemy.create_engine("sqlite://", creator=lambda: action(tmp_path / "runs.db"))
        with engine.connect():
            pass

    error = explained(through_sqlalchemy if wrapped else lambda: action(tmp_path / "runs.db"), [tmp_path])
    assert type(error) is kind
    assert says in str(error)


def test_a_duckdb_file_that_another_process_holds_is_a_conflict(tmp_path: Path) -> None:
    file = tmp_path / "library.duckdb"
    program = f"import duckdb; db = duckdb.connect({str(file)!r}); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        error = explained(lambda: duckdb.connect(str(file)))
        holder.communicate(b"\n")
    assert type(error) is Conflict
    assert str(file) in str(error)


@pytest.mark.parametrize(
    ("query", "kind", "says"),
    [
        ("SELECT nothing", BadInput, "DuckDB: Binder Error"),
        ("SELECT * FROM nowhere", BadInput, "DuckDB: Catalog Error"),
        ("SELEC 1", BadInput, "DuckDB: Parser Error"),
        ("SELECT CAST('x' AS INTEGER)", BadInput, "DuckDB: Conversion Error"),
        ("SELECT list(i) FROM range(10_000_000) AS t(i)", Unavailable, "the memory is used up"),
        ("SELECT * FROM read_parquet('/proc/self/status')", Unavailable, "/proc/self/status: is damaged"),
    ],
)
def test_what_duckdb_refuses_is_said_in_its_first_line(query: str, kind: type[WiosError], says: str) -> None:
    with duckdb.connect(config={"memory_limit": "20MB", "temp_directory": "", "threads": 1}) as db:
        error = explained(lambda: db.execute(query).fetchall())
    assert type(error) is kind
    assert says in str(error)


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JavaGateway]:
    """A Java process as Spark starts it, reached through py4j, with 64 MiB of memory."""
    home = find_java(load_settings(data=tmp_path_factory.mktemp("data")).cache)
    port = launch_gateway(
        java_path=str(home.home / "bin" / "java"), javaopts=["-Xmx64m"], die_on_exit=True, classpath=py4j_jar()
    )
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port))
    java_import(gateway.jvm, "java.nio.file.*")
    yield gateway
    gateway.shutdown()


def py4j_jar() -> str:
    import pyspark

    return str(next((Path(pyspark.__file__).parent / "jars").glob("py4j*.jar")))


@linux
@pytest.mark.slow
def test_what_spark_refuses_is_said_with_its_remedy(java: JavaGateway) -> None:
    files, paths = java.jvm.java.nio.file.Files, java.jvm.java.nio.file.Paths

    def at(path: str) -> object:
        return paths.get(java.jvm.java.net.URI.create(f"file://{path}"))

    full = explained(lambda: java.jvm.java.io.FileOutputStream("/dev/full").write(7), [Path("/tmp")])
    assert (type(full), str(full).startswith("the disk is full: /")) == (Unavailable, True)
    memory = explained(lambda: java.jvm.java.util.ArrayList(500_000_000))
    assert "WIOS_SPARK_MEMORY" in str(memory)
    absent = explained(lambda: files.readAllBytes(at("/no/such/file")))
    assert str(absent).startswith("Spark: java.nio.file.NoSuchFileException: /no/such/file")


def messages_of_a_killed_java_process(cache: Path) -> list[str]:
    """What two calls after its end are explained as."""
    port, process = launch_gateway(
        java_path=str(find_java(cache).home / "bin" / "java"), die_on_exit=True, classpath=py4j_jar(), return_proc=True
    )
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port))
    gateway.jvm.System.currentTimeMillis()
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        stream.close()
    return [str(explained(lambda: gateway.jvm.System.currentTimeMillis())) for _ in range(2)]


KILLED_JAVA = """
import sys
from pathlib import Path
from wios_assets_tests.test_errors import messages_of_a_killed_java_process
print(*messages_of_a_killed_java_process(Path(sys.argv[1])), sep="\\n")
"""


@linux
@pytest.mark.slow
def test_a_java_process_that_was_killed_is_said_with_what_to_do() -> None:
    # In a process of its own, because py4j leaves the sockets open that found no process.
    command = [sys.executable, "-c", KILLED_JAVA, str(load_settings().cache)]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
    messages = done.stdout.splitlines()
    assert [message.partition("(")[0] for message in messages] == ["Spark: its Java process ended "] * 2


@pytest.mark.slow
def test_a_java_process_that_is_gone_is_reported(java: JavaGateway) -> None:
    java.jvm.System.currentTimeMillis()
    java.shutdown()
    error = explained(lambda: java.jvm.System.currentTimeMillis())
    assert isinstance(error, Unavailable)
    assert str(error).startswith("Spark: ")


@linux
@pytest.mark.slow
def test_a_killed_worker_of_spark_is_said_with_what_to_do(finished: FinishedExample) -> None:
    session = SparkSessionResource.of(finished.settings).spark_session

    def end_the_worker(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield from batches

    error = explained(lambda: session.range(4).mapInArrow(end_the_worker, "id long").count())
    assert str(error).startswith("Spark: a worker process ended")
    assert session.range(4).count() == 4


@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO, errno.ENOTCONN, errno.EHOSTDOWN])
def test_a_share_that_went_away_is_named_with_what_to_do(code: int) -> None:
    error = explain(OSError(code, os.strerror(code), "/share/heat.mkv"))
    assert str(error).startswith("/share/heat.mkv: its disk or network share does not answer")
    assert "mount it again" in str(error)


def test_a_quota_that_is_used_up_blames_neither_disk_nor_permissions() -> None:
    error = str(explain(OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), "/home/a.parquet")))
    assert "/home/a.parquet: your quota is used up" in error
    assert "rights" not in error


@linux
def test_a_full_disk_under_arrow_says_what_is_needed_and_blames_no_permissions(tmp_path: Path) -> None:
    table = pa.table({"x": list(range(100_000))})

    def fill() -> None:
        # By a stream, because Arrow removes a path that it could not write to, and this one is a device.
        with pa.OSFile("/dev/full", "wb") as full:
            pq.write_table(table, full)

    error = str(explained(fill, [tmp_path]))
    assert "the disk is full: /" in error
    assert "a film of two hours needs about" in error
    assert "rights" not in error


def test_the_prepared_remedy_is_kept_where_a_library_caused_it() -> None:
    prepared = Unavailable("Spark did not start at spark://a:1; see `wios doctor`")
    prepared.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    outer = RuntimeError("the step failed")
    outer.__cause__ = prepared
    assert explain(outer) is prepared
