"""`wios find`: scenes over all films as a table and as JSON, with a link to the page that keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wios_assets.reviews.decisions import decide
from wios_assets.settings import load_settings
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.reviewed_lake import FILM, store_reviewed_film
from wios_assets_tests.sample_lake import fill, library_row, store


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("found") / "data"
    fill(load_settings(data=data).lake, library_row("heat", title="Heat", year=1995), library_row("007", year=1962))
    return data


@pytest.fixture
def wios(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(data, monkeypatch, capsys)


def test_scenes_are_listed_with_the_question_and_its_link(wios: Wios) -> None:
    answer = wios("find", "grace hopper", "--without", "Eileen Collins", "--over", "0:10", "--limit", "1")
    lines = answer.out.splitlines()
    assert (
        lines[0] == "Scenes with Grace Hopper, without Eileen Collins, of 10 s or more: 2 in 2 films, 00:00:23 in all"
    )
    assert [line.split() for line in lines[1:]] == [
        ["Film", "From", "To", "Length", "Probability"],
        ["007", "(1962)", "00:00:01.0", "00:00:12.5", "11.5", "0.980"],
    ]
    assert answer.err.startswith("1 more with --limit or --json; the same on the page: http://")
    assert answer.err.rstrip().endswith("/find?with=grace+hopper&without=Eileen+Collins&over=10")


def test_json_has_all_scenes(wios: Wios) -> None:
    scenes = json.loads(wios("find", "nm1234567", "--sort", "surest", "--json").out)
    assert [(each["film"], each["start_s"], each["seconds"]) for each in scenes] == [
        ("007", 70.25, 19.75), ("heat", 70.25, 19.75),
    ]  # fmt: skip


def test_a_decision_shows_before_any_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wios = Wios(tmp_path / "data", monkeypatch, capsys)
    settings = wios.settings
    store(settings.lake, "library", [store_reviewed_film(settings.lake)])
    assert wios("find", "Averil Mean").code == 1
    decide(settings.data, settings.lake, FILM, [0], "is", "Averil Mean", everywhere=False)
    scenes = json.loads(wios("find", "Averil Mean", "--json").out)
    assert [(each["film"], each["start_s"]) for each in scenes] == [(FILM, 1.0)]
    assert wios("find", "Grace Hopper").code == 1


def test_no_scene_is_an_answer_and_an_unknown_name_a_mistake(wios: Wios) -> None:
    answer = wios("find", "Grace Hopper", "Eileen Collins", "--together", "--first")
    assert (answer.code, answer.out.splitlines()[1]) == (0, "no such scene")
    answer = wios("find", "Grace Hoper")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "wios: nobody called 'Grace Hoper' is seen in any film; did you mean 'Grace Hopper'?\n"
