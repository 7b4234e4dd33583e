"""Decisions, evaluation and identification from the command line, on a film that was really analysed."""

import json
from pathlib import Path

import pytest

from wios_assets.lake.store import read_rows, write_rows
from wios_assets.settings import Settings
from wios_assets.tables import APPEARANCES, CAST, FACE_TRACKS, FACES, TRACK_NAMES
from wios_assets_tests.assets.test_graph import copy_of
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.conftest import FinishedExample

pytestmark = pytest.mark.slow


@pytest.fixture
def analysed(
    finished: FinishedExample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Wios, Settings, str]:
    settings = copy_of(finished, tmp_path)
    wios = Wios(settings.data, monkeypatch, capsys)
    monkeypatch.setenv("WIOS_SPARK_MASTER", "local[2]")
    return wios, settings, finished.example.key


def on_screen(settings: Settings, film: str) -> set[str]:
    return set(read_rows(settings.lake, APPEARANCES, film)["actor"].to_pylist())


def test_a_decision_renames_the_film_and_touches_neither_video_nor_faces(
    analysed: tuple[Wios, Settings, str],
) -> None:
    wios, settings, film = analysed
    faces = sorted(path.stat().st_mtime_ns for path in (settings.lake / FACES.name).rglob("*.parquet"))
    names = read_rows(settings.lake, TRACK_NAMES, film).to_pandas()
    tracks = names.loc[names["actor"] == "Grace Hopper", "track"].tolist()
    for track in tracks:
        answer = wios("name", film, track, "Averil Mean")
        assert answer.code == 0, answer.err
    assert on_screen(settings, film) & {"Grace Hopper", "Averil Mean"} == {"Averil Mean"}
    assert sorted(path.stat().st_mtime_ns for path in (settings.lake / FACES.name).rglob("*.parquet")) == faces


def test_a_decision_survives_a_run_that_numbers_tracks_anew(analysed: tuple[Wios, Settings, str]) -> None:
    from wios_assets.naming.decided_tracks import COLUMNS

    wios, settings, film = analysed
    track = read_rows(settings.lake, TRACK_NAMES, film).to_pandas().query("actor == 'Eileen Collins'")["track"].iloc[0]
    assert wios("name", film, track, "Averil Mean").code == 0
    entries = json.loads(next((settings.data / "decisions").glob("*.json")).read_text())
    assert set(COLUMNS) <= set(entries[0])
    assert wios("run", film).code == 0
    assert "Averil Mean" in on_screen(settings, film)


def test_a_name_that_is_not_in_the_cast_is_refused(analysed: tuple[Wios, Settings, str]) -> None:
    wios, _, film = analysed
    answer = wios("name", film, 0, "Nobody Known")
    assert answer.code == 1
    assert "'Nobody Known' is not in its cast (" in answer.err
    assert wios("name", film, "unknown:99", "Grace Hopper").code == 1
    assert wios("name", film, "somebody", "Grace Hopper").code == 1
    assert wios("name", film, 0).code == 2


def test_a_person_outside_the_cast_is_named_only_when_that_is_asked_for(analysed: tuple[Wios, Settings, str]) -> None:
    wios, settings, film = analysed
    track = read_rows(settings.lake, TRACK_NAMES, film).to_pandas().query("actor == 'Eileen Collins'")["track"].iloc[0]
    answer = wios("name", film, track, "Mary  <b>Smith</b>", "--new", "--by", "Ann")
    assert answer.code == 0, answer.err
    assert "Mary <b>Smith</b>" in on_screen(settings, film)
    assert wios("name", film, track, "unknown:400", "--new").code == 1
    assert wios("name", film, track, "unknown:400").code == 1


def test_tracks_of_an_unknown_person_and_others_are_made_one(analysed: tuple[Wios, Settings, str]) -> None:
    wios, settings, film = analysed
    names = read_rows(settings.lake, TRACK_NAMES, film).to_pandas()
    track = names.query("actor == 'Eileen Collins'")["track"].iloc[0]
    unknown = next(actor for actor in names["actor"].dropna() if actor.startswith("unknown:"))
    assert wios("name", film, track, unknown, "--not").code == 1
    answer = wios("name", film, track, unknown)
    assert answer.code == 0, answer.err
    names = read_rows(settings.lake, TRACK_NAMES, film).to_pandas().set_index("track")
    assert (names.loc[track, "actor"], names.loc[track, "decision"]) == (unknown, "unknown")
    assert wios("name", film, unknown, "Averil Mean").code == 0
    assert unknown not in on_screen(settings, film)
    assert (
        read_rows(settings.lake, TRACK_NAMES, film).to_pandas().set_index("track").loc[track, "actor"] == "Averil Mean"
    )


def test_reviews_go_out_as_json_and_come_back(analysed: tuple[Wios, Settings, str], tmp_path: Path) -> None:
    wios, settings, film = analysed
    track = read_rows(settings.lake, TRACK_NAMES, film).to_pandas().query("actor == 'Grace Hopper'")["track"].iloc[0]
    assert wios("name", film, track, "Averil Mean", "--by", "Ann").code == 0
    out = tmp_path / "reviews.json"
    assert wios("export", film, "--what", "reviews", "--format", "json", "-o", out).code == 0
    assert "1 known already" in wios("import-review", out).out
    file = next((settings.data / "decisions").glob("*.json"))
    before = json.loads(file.read_text())
    file.unlink()
    assert wios("run", film).code == 0
    assert "Averil Mean" not in on_screen(settings, film)
    answer = wios("import-review", out)
    assert "1 decisions added" in answer.out, answer.err
    assert json.loads(file.read_text()) == before
    assert "Averil Mean" in on_screen(settings, film)


def test_what_is_not_a_document_of_reviews_is_refused(analysed: tuple[Wios, Settings, str], tmp_path: Path) -> None:
    wios, settings, _ = analysed
    file = tmp_path / "reviews.json"
    for content in ("{", "[]", '{"document": "wios/reviews", "version": 2}', '{"document": "wios/appearances"}'):
        file.write_text(content)
        answer = wios("import-review", file)
        assert (answer.code, str(file) in answer.err) == (1, True)
    assert wios("import-review", tmp_path / "nothing.json").code == 1
    assert not (settings.data / "decisions").exists()


def test_what_to_review_is_what_has_no_name(analysed: tuple[Wios, Settings, str]) -> None:
    wios, settings, film = analysed
    names = read_rows(settings.lake, TRACK_NAMES, film).to_pandas()
    tracks = read_rows(settings.lake, FACE_TRACKS, film).to_pandas()
    usable = set(tracks.loc[tracks["best_face"].notna(), "track"])
    listed = json.loads(wios("review", film, "--json").out)
    assert {row["track"] for row in listed} == set(names.loc[names["decision"] != "named", "track"]) & usable


def test_evaluation_prints_the_figures_and_warns_when_they_fall(analysed: tuple[Wios, Settings, str]) -> None:
    wios, settings, film = analysed
    figures = json.loads(wios("evaluate", film, "--accept", "--json").out)
    assert figures["precision"] > 0.9
    appearances = read_rows(settings.lake, APPEARANCES, film).to_pandas()
    half = appearances[appearances["actor"] != "Grace Hopper"].drop(columns="film")
    write_rows(settings.lake, APPEARANCES, half, film)
    answer = wios("evaluate", film)
    assert answer.code == 0
    assert "worse than accepted: recall" in answer.err


def test_a_truth_that_is_not_one_is_refused(analysed: tuple[Wios, Settings, str], tmp_path: Path) -> None:
    wios, _, film = analysed
    wrong = tmp_path / "truth.csv"
    wrong.write_text("from,to,who\n1,2,me\n")
    answer = wios("evaluate", film, wrong)
    assert answer.code == 1
    assert str(wrong) in answer.err


def test_photos_are_identified_by_the_rules_that_name_tracks(
    finished: FinishedExample, analysed: tuple[Wios, Settings, str]
) -> None:
    wios, settings, film = analysed
    photo = next((finished.settings.galleries / "Grace Hopper").glob("*.jpg"))
    photos = json.loads(wios("identify", "--gallery", finished.settings.galleries, "--json", photo).out)
    assert photos[0]["path"] == str(photo)
    face = photos[0]["faces"][0]
    assert face["name"] == "Grace Hopper"
    assert {"box", "name", "probability", "runner_up", "distance"} <= set(face)
    assert set(read_rows(settings.lake, CAST, film)["actor"].to_pylist()) >= {"Grace Hopper"}


def test_a_photo_that_cannot_be_read_is_named(
    finished: FinishedExample, analysed: tuple[Wios, Settings, str], tmp_path: Path
) -> None:
    wios, _, _ = analysed
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff nothing")
    answer = wios("identify", "--gallery", finished.settings.galleries, broken)
    assert answer.code == 1
    assert str(broken) in answer.err
