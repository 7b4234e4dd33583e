from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wios_assets.lake.library import publish
from wios_assets.lake.paths import partition_folder
from wios_assets_tests.cli.command_line import Wios, make_video
from wios_assets_tests.sample_lake import ODD_KEYS, damage, fill, library_row, store


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


def with_films(wios: Wios, *keys: str) -> None:
    rows = [
        library_row(key, title="Inception", year=2010) if key.startswith("Inc") else library_row(key) for key in keys
    ]
    fill(wios.settings.lake, *rows)
    publish(wios.settings.lake, wios.settings.library)


def test_who_names_people_with_character_probability_and_evidence(wios: Wios) -> None:
    with_films(wios, "Inception (2010)")
    answer = wios("who", "incep", "0:11")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "Inception (2010) at 00:00:11"
    assert re.split(r"  +", lines[2]) == [
        *("Grace Hopper", "The Admiral", "0.980", "–", "0.310", "Eileen Collins (0.720)", "1.jpg, 2.jpg"),
        *("00:00:01.0", "00:00:12.5", "Grace Hopper at 0.31 from the nearest photos"),
    ]
    assert lines[3].split()[:2] == ["unknown:1", "–"]
    assert len(lines) == 4


def test_who_says_when_nobody_is_known_and_still_names_the_unknown(wios: Wios) -> None:
    with_films(wios, "007")
    assert wios("who", "007", "30").out == "007 at 00:00:30\nnobody known on screen\n"
    stranger = wios("who", "007", "15.5")
    assert stranger.out.splitlines()[:2] == ["007 at 00:00:15.500", "nobody known on screen"]
    assert "unknown:1" in stranger.out
    assert wios("who", "007", "0").code == 0


def test_who_gives_the_likeliest_names_of_an_unknown_person_and_minutes_leave_them_out(wios: Wios) -> None:
    with_films(wios, "007")
    answer = wios("who", "007", "15").out
    assert "Eileen Collins 0.70; Averil Mean 0.20" in answer
    assert "Perhaps" not in wios("who", "007", "5").out
    (stranger,) = json.loads(wios("who", "007", "15", "--json").out)["people"]
    assert stranger["perhaps"][0] == {"actor": "Eileen Collins", "probability": 0.7}
    assert (stranger["numbers"], stranger["kind"]) == ([1, 4], "unknown")
    assert stranger["reason"] == "Eileen Collins at 0.58 is possible, a stranger is likelier"
    for command in ("minutes", "screen-time"):
        assert "Averil Mean" not in wios(command, "007").out


def test_who_in_json_has_every_value(wios: Wios) -> None:
    with_films(wios, "007")
    answer = json.loads(wios("who", "007", "00:00:11", "--json").out)
    assert (answer["film"], answer["time_s"]) == ("007", 11.0)
    first = answer["people"][0]
    assert first["photos"] == ["/photos/Grace Hopper/1.jpg", "/photos/Grace Hopper/2.jpg"]
    assert (first["actor"], first["nconst"], first["start_s"], first["end_s"]) == ("Grace Hopper", "nm0393790", 1, 12.5)
    assert json.loads(wios("who", "007", "30", "--json").out)["people"] == []


def test_minutes_and_screen_time_are_shown_and_given_as_json(wios: Wios) -> None:
    with_films(wios, "007")
    minutes = [line.split() for line in wios("minutes", "007").out.splitlines()]
    assert minutes[2] == ["00:00", "Grace", "Hopper", "The", "Admiral", "11.5", "19", "%", "0.980"]
    assert minutes[3] == ["00:00", "unknown:1", "–", "10.0", "17", "%", "–"]
    assert [row["seconds"] for row in json.loads(wios("minutes", "007", "--json").out)] == [11.5, 10.0, 19.75]
    times = [line.split() for line in wios("screen-time", "007").out.splitlines()]
    assert times[2] == ["1", "Eileen", "Collins", "–", "00:00:20", "19.8", "21.9", "%", "1", "0.900"]
    assert [row["rank"] for row in json.loads(wios("screen-time", "007", "--json").out)] == [1, 2, 3]


def test_a_film_in_which_nobody_was_seen_is_answered(wios: Wios) -> None:
    with_films(wios, "empty")
    for table in ("minute_appearances", "screen_time"):
        store(wios.settings.lake, table, [], "empty")
    assert wios("minutes", "empty").out == "empty\nnobody known on screen\n"
    assert wios("screen-time", "empty").out == "empty\nnobody known on screen\n"
    assert json.loads(wios("minutes", "empty", "--json").out) == []


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_film_keys_are_asked_by_their_key_and_stay_on_one_line(wios: Wios, key: str) -> None:
    with_films(wios, key, "7")
    answer = wios("who", key, "11")
    assert answer.code == 0, answer.err
    assert len(answer.out.splitlines()) == 4
    assert json.loads(wios("who", key, "11", "--json").out)["film"] == key


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("who", "Incepton", "1"), "wios: there is no film 'Incepton'; did you mean 'Inception (2010)'?"),
        (("minutes", "zzz"), "wios: there is no film 'zzz'; `wios film list` names them all"),
        (
            ("who", "in", "1"),
            "wios: 'in' may be 'Inception (2010)', 'Interstellar (2014)'; give the whole key of one",
        ),
        (
            ("who", "Inception (2010)", "1:31"),
            "wios: 91.000 s is outside the film 'Inception (2010)', which lasts 90.000 s (00:01:30)",
        ),
        (
            ("who", "Inception (2010)", "soon"),
            "wios: 'soon' is not a time; write seconds (75.5), mm:ss (1:15) or hh:mm:ss (01:02:03)",
        ),
        (("export", "zzz", "-o", "-"), "wios: there is no film 'zzz'; `wios film list` names them all"),
    ],
)
def test_a_mistake_is_answered_in_one_line(wios: Wios, arguments: tuple[str, ...], message: str) -> None:
    with_films(wios, "Inception (2010)", "Interstellar (2014)")
    answer = wios(*arguments)
    assert (answer.code, answer.out, answer.err) == (1, "", f"{message}\n")


def test_before_any_film_the_commands_say_how_to_begin(wios: Wios) -> None:
    for arguments in (("who", "x", "1"), ("minutes", "x"), ("screen-time", "x"), ("export", "x")):
        answer = wios(*arguments)
        assert answer.code == 1
        assert answer.err.startswith("wios: ")
        assert "no film was analysed yet; `wios film add PATH` and `wios run FILM` analyse one" in answer.err
        assert answer.err.count("\n") == 1


def test_a_film_that_waits_in_the_inbox_is_not_called_unknown(wios: Wios) -> None:
    make_video(wios.settings.films / "It's new (2020).mp4")
    message = "wios: the film \"It's new (2020)\" was not analysed yet; `wios run 'It'\"'\"'s new (2020)'` does it\n"
    assert wios("who", "It's new (2020)", "1").err == message
    with_films(wios, "007")
    assert wios("who", "It's new (2020)", "1").err == message


def test_a_half_deleted_film_is_named_with_its_remedy(wios: Wios) -> None:
    with_films(wios, "007")
    shutil.rmtree(partition_folder(wios.settings.lake, "appearances", "007"))
    answer = wios("who", "007", "1")
    assert answer.code == 1
    assert "appearances of the film '007' is missing from the lake; `wios run 007` renews it" in answer.err


@pytest.mark.parametrize(
    "arguments",
    [("who", "007"), ("who",), ("what",), ("export", "007", "--what", "faces"), ("export", "007", "--format", "xml")],
)
def test_a_command_that_is_not_written_as_it_should_be_ends_with_2(wios: Wios, arguments: tuple[str, ...]) -> None:
    answer = wios(*arguments)
    assert answer.code == 2
    assert "Usage: wios" in answer.err
    assert answer.out == ""


def test_help_and_version_are_there_for_all(wios: Wios) -> None:
    assert re.fullmatch(r"wios \d+\.\d+\.\d+\n", wios("--version").out)
    overview = wios("--help").out
    for command in ("demo", "ui", "film", "run", "who", "minutes", "screen-time", "export", "settings", "doctor"):
        assert f" {command} " in overview
        assert wios(command, "--help").code == 0
    assert "130 when interrupted" in " ".join(overview.split())


@pytest.mark.slow
def test_in_a_pipe_nothing_is_cut_coloured_or_wrapped(wios: Wios) -> None:
    key = "A very long name " * 5 + "[red]not markup[/red] :smile:"
    with_films(wios, key)
    answer = wios.process("film", "list", COLUMNS="40", TERM="xterm-256color", LANG="C.UTF-8")
    assert answer.code == 0, answer.err
    assert "\x1b" not in answer.out
    assert key in answer.out
    assert len(answer.out.splitlines()) == 2


@pytest.mark.slow
def test_on_a_narrow_terminal_values_go_on_in_the_next_line(wios: Wios) -> None:
    with_films(wios, "007")
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "60", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "wios_assets", "who", "007", "11"]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert process.returncode == 0
    assert b"\x1b[1m" in shown
    assert "…" not in shown.decode()
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 60 for line in shown.decode().splitlines())


@pytest.mark.slow
def test_characters_that_the_output_lacks_come_as_escapes(wios: Wios) -> None:
    with_films(wios, "七人の侍")
    answer = wios.process("film", "list", PYTHONIOENCODING="ascii")
    assert answer.code == 0, answer.err
    assert r"\u4e03\u4eba\u306e\u4f8d" in answer.out
    given = wios.process("film", "list", "--json", PYTHONIOENCODING="ascii")
    assert json.loads(given.out)[0]["film"] == "七人の侍"


HEAVY = {
    "dagster",
    "pyspark",
    "av",
    "cv2",
    "matplotlib",
    "pandas",
    "pyarrow",
    "numpy",
    "scipy",
    "onnxruntime",
    "jinja2",
}
"""Modules that take long to import, which no question about the library needs."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "shown", "without"),
    [
        (["--help"], "Who is on screen", HEAVY | {"duckdb", "pydantic", "yaml", "sqlalchemy"}),
        (["who", "007", "11"], "Grace Hopper", HEAVY),
        (["minutes", "007"], "Grace Hopper", HEAVY),
        (["screen-time", "007"], "Grace Hopper", HEAVY),
        (["film", "list"], "007", HEAVY),
        (["settings", "--all"], "samples_per_second", HEAVY | {"duckdb"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_question_imports_no_module_that_it_does_not_need(
    wios: Wios, arguments: list[str], shown: str, without: set[str]
) -> None:
    with_films(wios, "007")
    wios.settings.films.mkdir(parents=True, exist_ok=True)
    code = (
        "import sys\nfrom wios_assets.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        "print('modules', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    output, _, modules = done.stdout.rpartition("modules ")
    assert shown in output
    assert not without & set(modules.split())


@pytest.mark.slow
def test_a_mistake_shows_no_traceback_in_a_process_of_its_own(wios: Wios) -> None:
    answer = wios.process("who", "x", "1")
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert answer.err.count("\n") == 1
    wrong = wios.process("settings", WIOS_PAGE_PORT="many")
    assert wrong.code == 1
    assert wrong.err.startswith("wios: WIOS_PAGE_PORT: page_port = 'many'")
    assert wrong.err.count("\n") == 1


@pytest.mark.slow
def test_a_reader_that_stops_listening_is_no_fault_to_trace(wios: Wios) -> None:
    with_films(wios, *(f"film {number}" for number in range(3)))
    command = f"{sys.executable} -m wios_assets settings | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "1")


def test_screen_time_of_a_series_is_that_of_all_its_episodes(wios: Wios) -> None:
    with_films(wios, "Fargo (2014) S01E01", "Fargo (2014) S01E02", "Inception (2010)")
    answer = wios("screen-time", "fargo s01", "--json")
    shown = wios("screen-time", "Fargo (2014)")

    content = json.loads(answer.out)
    assert content["episodes"] == ["Fargo (2014) S01E01", "Fargo (2014) S01E02"]
    assert [(each["actor"], each["seconds"]) for each in content["people"]] == [
        ("Eileen Collins", 39.5),
        ("Grace Hopper", 23.0),
    ]
    assert shown.out.startswith("Fargo (2014): 2 episodes")


def test_who_and_minutes_tell_a_damaged_stretch_from_a_stretch_with_nobody(wios: Wios) -> None:
    with_films(wios, "007")
    damage(wios.settings.lake, "007", 25.0, 63.0)
    assert wios("who", "007", "30").out == "007 at 00:00:30\nnot readable here: the video is damaged\n"
    assert json.loads(wios("who", "007", "30", "--json").out)["readable"] is False
    assert wios("who", "007", "64").out == "007 at 00:01:04\nnobody known on screen\n"
    assert json.loads(wios("who", "007", "64", "--json").out)["readable"] is True
    lines = [
        re.split(r"  +", line)[:2] + re.split(r"  +", line)[3:5] for line in wios("minutes", "007").out.splitlines()
    ]
    assert ["00:00", "(not readable)", "35.0", "58 %"] in lines
    assert ["00:01", "(not readable)", "3.0", "10 %"] in lines


def test_damage_to_the_films_end_is_unreadable_to_its_end(wios: Wios) -> None:
    with_films(wios, "007")
    damage(wios.settings.lake, "007", 89.0, 90.0)
    assert "not readable here" in wios("who", "007", "89.9").out
