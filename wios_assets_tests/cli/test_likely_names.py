"""Likely names in `wios review`, and `wios name` by the number of an unknown person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wios_assets.cli import judging
from wios_assets.lake.library import publish
from wios_assets.reviews.decisions import read_decisions
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.reviewed_lake import FILM, PERHAPS, store_reviewed_film
from wios_assets_tests.sample_lake import store


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    wios = Wios(tmp_path / "data", monkeypatch, capsys)
    lake = wios.settings.lake
    store(lake, "library", [store_reviewed_film(lake)])
    publish(lake, wios.settings.library)
    # The names are stored as they are; no run works the decision into them.
    monkeypatch.setattr(judging, "_run", lambda *arguments: None)
    return wios


def test_the_likeliest_name_is_offered_with_the_command_that_gives_it(wios: Wios) -> None:
    answer = wios("review", FILM)
    assert (answer.code, answer.err) == (0, "next: wios name heat unknown:1 'Eileen Collins'\n")
    assert "Eileen Collins 0.60; Averil Mean 0.30" in answer.out
    weak, unknown = json.loads(wios("review", FILM, "--json").out)
    assert (weak["perhaps"], unknown["perhaps"], unknown["actor"]) == (None, PERHAPS, "unknown:1")


def test_an_earlier_number_of_an_unknown_person_is_understood(wios: Wios) -> None:
    answer = wios("name", FILM, "unknown:4", "Eileen Collins")
    assert (answer.code, answer.out) == (0, "heat: unknown:4 is Eileen Collins; 1 track decided\n")
    (made,) = read_decisions(wios.settings.data, FILM)
    assert (made.person, made.everywhere, made.time_s) == ("Eileen Collins", True, 20.0)
    assert "there is no unknown:3" in wios("name", FILM, "unknown:3", "Eileen Collins").err
