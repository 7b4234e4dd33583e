from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest

from wios_assets.cli import _interrupts_are_kept, running
from wios_assets.errors import WiosError
from wios_assets.films.registry import look_at_inbox
from wios_assets.lake.progress import Progress
from wios_assets_tests.cli.command_line import Wios, make_video

pytestmark = pytest.mark.slow


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


def test_a_film_is_run_by_its_key_or_its_beginning(wios: Wios) -> None:
    old = time.time() - 1000
    for number, name in enumerate(("Inception (2010)", "L'Été (1968)", "Interstellar (2014)")):
        os.utime(make_video(wios.settings.films / f"{name}.mp4", seed=number), (old, old))
    assert running.inbox_film(wios.settings, "incep") == "Inception (2010)"
    assert running.inbox_film(wios.settings, "l'ete") == "L'Été (1968)"
    with pytest.raises(WiosError, match=r"'in' may be 'Inception \(2010\)', 'Interstellar \(2014\)'"):
        running.inbox_film(wios.settings, "in")


@pytest.mark.parametrize(
    ("film", "message"),
    [
        ("nothing", "there is no film 'nothing'; `wios film list` names them all"),
        ("text", "text.mkv: is empty (0 bytes)"),
    ],
)
def test_a_missing_film_is_reported_in_one_line(wios: Wios, film: str, message: str) -> None:
    make_video(wios.settings.films / "other.mp4")
    look_at_inbox(wios.settings, 0.0)
    if film == "text":
        broken = wios.settings.films / "text.mkv"
        broken.touch()
        os.utime(broken, (1, 1))
    answer = wios("run", film)
    assert answer.code == 1
    assert answer.err.startswith("wios: ")
    assert message in answer.err
    assert answer.err.count("\n") == 1


def test_a_run_of_no_film_says_what_may_be_given(wios: Wios) -> None:
    answer = wios("run")
    assert answer.code == 2
    assert "name a film, or give --stale" in " ".join(answer.err.split())


def test_stale_with_no_analysed_film_has_nothing_to_do(wios: Wios) -> None:
    assert "all 0 analysed films are up to date" in wios("run", "--stale").out


def test_every_film_that_is_not_there_is_named(wios: Wios) -> None:
    answer = wios("run", "Nosferatu", "Caligari")
    assert answer.code == 1
    assert "Nosferatu" in answer.err
    assert "Caligari" in answer.err


def test_an_empty_inbox_says_how_to_fill_it(wios: Wios) -> None:
    wios.settings.films.mkdir(parents=True)
    assert "holds no film, `wios film add PATH` adds one" in wios("run", "any").err


def test_a_film_whose_file_is_gone_is_not_run(wios: Wios) -> None:
    video = make_video(wios.settings.films / "a.mp4")
    look_at_inbox(wios.settings, 0.0)
    video.unlink()
    answer = wios("run", "a")
    assert answer.code == 1
    assert f"the film 'a' is gone from {video}; put it back. Its results are kept" in answer.err


def test_a_film_that_was_just_put_there_is_run_once_it_has_settled(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_INBOX__SETTLE_SECONDS", "0.3")
    monkeypatch.setattr(running, "LOOK_AGAIN_S", 0.05)
    make_video(wios.settings.films / "young.mp4")
    assert running.inbox_film(wios.settings, "young") == "young"


def test_a_film_that_keeps_growing_is_not_run(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_INBOX__SETTLE_SECONDS", "0.3")
    monkeypatch.setattr(running, "LOOK_AGAIN_S", 0.05)
    video = make_video(wios.settings.films / "growing.mp4")
    stop = threading.Event()

    def grow() -> None:
        while not stop.wait(0.02):
            with video.open("ab") as file:
                file.write(b"more")

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        answer = wios("run", "growing")
    finally:
        stop.set()
        thread.join()
    assert answer.code == 1
    assert "growing.mp4: is still being written to; run it once it is complete" in answer.err.splitlines()[-1]


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_without_a_traceback(wios: Wios) -> None:
    make_video(wios.settings.films / "young.mp4")
    environment = os.environ | {"WIOS_INBOX__SETTLE_SECONDS": "60"}
    command = [sys.executable, "-m", "wios_assets", "run", "young"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        assert "waiting until it is complete" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
    assert (process.returncode, errors) == (130, "wios: interrupted\n")


def test_ctrl_c_while_garbage_is_called_back_for_is_not_lost() -> None:
    class Thing:
        pass

    def collect_and_wait() -> None:
        things.clear()
        time.sleep(10)

    things = [Thing()]
    watched = weakref.ref(things[0], lambda _: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt), _interrupts_are_kept():
        collect_and_wait()
    assert watched() is None


def test_a_run_that_failed_because_of_ctrl_c_is_an_interruption() -> None:
    """Dagster takes the signal for itself and calls the step failed."""

    def interrupted_run() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        raise WiosError("the step lost its Spark")

    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        with pytest.raises(KeyboardInterrupt), running.interrupts():
            interrupted_run()
        with pytest.raises(WiosError, match="really failed"), running.interrupts():
            raise WiosError("it really failed")
    finally:
        signal.signal(signal.SIGINT, before)


def test_progress_is_told_in_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with running._film_bar("007") as report:
        report(None, None)
        report(None, "cast")
        report(None, "cast")
        report(Progress(30.0, 120.0, 10.0), "cast")
        assert isinstance(report, running._Lines)
        report.spoken -= 100.0
        report(Progress(60.0, 120.0, 20.0), "cast")
        report(None, "faces")
    assert capsys.readouterr().err.splitlines() == [
        "007: cast done",
        "007: 00:01:00 of 00:02:00, 3.0 × real time, 00:00:20 left",
        "007: faces done",
    ]


def test_the_demo_keeps_out_of_the_way_of_real_imdb_files(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = wios.settings
    assert running._demo_settings(settings) == (settings, False)
    settings.imdb.mkdir(parents=True)
    (settings.imdb / "title.basics.tsv.gz").write_bytes(b"the real one")
    for name in ("data", "films", "galleries", "imdb", "lake", "dagster", "exports"):
        monkeypatch.setenv(f"WIOS_{name.upper()}", os.environ.get(f"WIOS_{name.upper()}", ""))
    demo, elsewhere = running._demo_settings(settings)
    assert elsewhere
    assert demo.data == settings.data / "demo"
    assert demo.library == settings.data / "demo" / "lake" / "library.duckdb"
    assert wios.settings.films == settings.data / "demo" / "films"
