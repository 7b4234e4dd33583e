from __future__ import annotations

from pathlib import Path

import pytest

from wios_assets.forget import steps
from wios_assets.forget.steps import Subject
from wios_assets.lake.library import publish
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.sample_lake import fill, library_row

pytestmark = pytest.mark.slow


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    wios = Wios(tmp_path / "data", monkeypatch, capsys)
    monkeypatch.setenv("DAGSTER_HOME", "")
    settings = wios.settings
    settings.films.mkdir(parents=True)
    fill(settings.lake, library_row("heat", title="Heat"), library_row("Grace Hopper"))
    publish(settings.lake, settings.library)
    return wios


def keys(wios: Wios) -> list[str]:
    return [line.split("  ")[0] for line in wios("film", "list").out.splitlines()[1:]]


def test_a_film_is_forgotten_and_what_is_kept_is_listed(wios: Wios) -> None:
    answer = wios("forget", "heat", "--yes")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("forgotten: heat\n")
    assert "removed: " in answer.out
    assert "kept: " in answer.out
    assert keys(wios) == ["Grace Hopper"]
    again = wios("forget", "heat", "--yes")
    assert again.code == 1
    assert "there is no film and no person called 'heat'" in again.err


def test_a_name_shared_by_a_person_and_a_film_must_be_made_clear(wios: Wios) -> None:
    answer = wios("forget", "Grace Hopper", "--yes")
    assert answer.code == 1
    assert "--film or --person" in answer.err
    assert wios("forget", "Grace Hopper", "--person", "--yes").code == 0
    assert sorted(keys(wios)) == ["Grace Hopper", "heat"]
    assert "Grace Hopper" not in wios("screen-time", "heat").out
    assert wios("forget", "Grace Hopper", "--person", "--yes").code == 0


def test_nothing_is_forgotten_without_a_yes(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.confirm", lambda question: False)
    assert wios("forget", "heat").code == 1
    assert sorted(keys(wios)) == ["Grace Hopper", "heat"]
    assert wios("forget", "heat", "--film", "--person").code == 2


def test_what_was_cut_short_is_finished_first(wios: Wios) -> None:
    steps.begin(wios.settings, Subject("film", ["heat"], []))
    answer = wios("forget", "heat", "--yes")
    assert (answer.code, answer.out) == (0, "forgotten: heat\n")
    assert steps.unfinished(wios.settings) is None
    assert keys(wios) == ["Grace Hopper"]
