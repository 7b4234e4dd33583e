"""Forgetting over a copy of the finished example: what was made of a film or a person is nowhere afterwards."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from wios_assets.films.inbox import discover
from wios_assets.films.index import FilmIndex, read_index, write_index
from wios_assets.films.media_cache import POSTERS, PREVIEWS, cached_file
from wios_assets.films.registry import index_path, look_at_inbox
from wios_assets.films.sidecar import Sidecar, read_sidecar, sidecar_path, write_sidecar
from wios_assets.forget import steps
from wios_assets.forget.film import film_subject, forget_film
from wios_assets.forget.person import REASON, forget_person, person_subject
from wios_assets.lake.library import open_library
from wios_assets.lake.paths import parquet_files
from wios_assets.lake.prediction_log import Answer, append_answers
from wios_assets.lake.questions import films
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.reviews.decisions import read_decisions
from wios_assets.reviews.forgotten import never_name, read_forgotten, without_forgotten
from wios_assets.runs.launch import dagster_instance, run_film
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import FILM_TABLES, PREDICTION_LOG, TABLES
from wios_assets.update.backups import BACKUPS
from wios_assets_tests.conftest import FinishedExample

pytestmark = pytest.mark.slow
GRACE, EILEEN = "Grace Hopper", "Eileen Collins"


@dataclass
class Copied:
    settings: Settings
    film: str
    path: Path


@pytest.fixture
def copied(finished: FinishedExample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copied:
    data = tmp_path / "data"
    monkeypatch.setenv("DAGSTER_HOME", "")
    shutil.copytree(finished.settings.data, data, ignore=shutil.ignore_patterns("*.lock"))
    settings = load_settings(data=data, cache=tmp_path / "cache", spark_master="local[2]")
    film = finished.example.key
    path = data / finished.example.film.relative_to(finished.settings.data)
    write_index(index_path(settings), FilmIndex())
    look_at_inbox(settings, settle_seconds=0)
    for folder, suffix in ((POSTERS, ".jpg"), (PREVIEWS, ".mp4")):
        file = cached_file(settings.cache / folder, path, 1, suffix)
        file.parent.mkdir(parents=True)
        file.write_bytes(b"picture")
    settings.exports.mkdir(exist_ok=True)
    (settings.exports / f"{film}.appearances.csv").write_text(GRACE)
    for actors in ([GRACE], [EILEEN]):
        append_answers(settings.lake, [Answer(1e9, film, 5.0, actors, [0.9], "m", "s", "api", 0.001)], "1", 100)
    decisions = data / "decisions" / f"film={film}.json"
    decisions.parent.mkdir()
    face = {"time_s": 23.0, "left": 0, "top": 0, "right": 9, "bottom": 9, "decided_at": "2026-11-01T12:00:00Z"}
    about_grace = {**face, "verdict": "is", "person": GRACE, "embedding": [0.1], "revision": 5}
    by_grace = {**face, "verdict": "is_not", "person": EILEEN, "decided_by": GRACE, "revision": 3}
    claimed = {"decision": "named", "actor": GRACE, "probability": 0.9}
    decisions.write_text(json.dumps([about_grace, {**by_grace, "undone_by": GRACE, "claim": claimed}]))
    return Copied(settings, film, path)


def tables_that_say(settings: Settings, words: str) -> list[str]:
    """Tables of films, and the log of answers, in which some value holds the words."""
    own = [TABLES[name] for name in FILM_TABLES] + [TABLES["library"], PREDICTION_LOG]
    names = []
    for table in own:
        if not table.by_film and not has_rows_of(settings.lake, table):
            continue
        rows = read_rows(settings.lake, table)
        texts = rows.select(
            [field.name for field in rows.schema if field.name not in ("chip", "thumbnail", "embedding")]
        )
        if words in repr(texts.to_pylist()):
            names.append(table.name)
    return names


def files_that_say(folder: Path, words: str) -> list[str]:
    return [str(file) for file in folder.rglob("*") if file.is_file() and words.encode() in file.read_bytes()]


@pytest.mark.parametrize("stored", [{"details": {"name": "KEY"}}, {"said": {"name": "KEY"}}, {"film": "KEY"}])
def test_what_was_asked_of_the_page_for_a_film_is_forgotten_whatever_version_stored_it(
    copied: Copied, stored: dict[str, object]
) -> None:
    requests = copied.settings.data / "requests"
    requests.mkdir()
    backup = copied.settings.data / BACKUPS / "20261129-120000"
    backup.mkdir(parents=True)
    (requests / "own.json").write_text(json.dumps(stored).replace("KEY", copied.film))
    (requests / "other.json").write_text(json.dumps(stored).replace("KEY", "Heat (1995)"))
    with dagster_instance(copied.settings) as instance:
        forget_film(copied.settings, instance, film_subject(copied.settings, copied.film))
    assert [file.name for file in requests.iterdir()] == ["other.json"]
    assert not backup.exists()


def test_a_forgotten_person_is_nowhere_and_does_not_come_back(copied: Copied) -> None:
    settings, film = copied.settings, copied.film
    before = {row["actor"] for row in read_rows(settings.lake, TABLES["appearances"], film).to_pylist()}
    chips = read_rows(settings.lake, TABLES["face_embeddings"], film).num_rows
    assert {GRACE, EILEEN} <= before
    assert files_that_say(settings.dagster, GRACE)
    assert person_subject(settings, "Nobody At All") is None
    subject = person_subject(settings, "grace hopper")
    assert subject is not None
    assert subject.films == [film]
    assert GRACE in subject.names
    kept_by_update = settings.data / BACKUPS / "20261129-120000" / "0"
    kept_by_update.parent.mkdir(parents=True)
    kept_by_update.write_text(GRACE)
    with closing(sqlite3.connect(settings.dagster / "history" / "runs" / "index.db")) as history, history:
        # As for somebody without a usable photo.
        found = "UPDATE asset_check_executions SET evaluation_event = replace(evaluation_event, 'Asset check', ?)"
        assert history.execute(f"{found} WHERE partition = ?", (GRACE, film)).rowcount > 0
    with dagster_instance(settings) as instance:
        report = forget_person(settings, instance, subject)
        assert any("face chips" in clause for clause in report.removed)
        assert any("1 answers in prediction_log" in clause for clause in report.removed)
        assert tables_that_say(settings, GRACE) == []
        assert files_that_say(settings.dagster, GRACE) == []
        assert files_that_say(settings.exports, GRACE) == []
        assert not kept_by_update.exists()
        assert (settings.exports / f"{film}.wios.json").read_text().count(EILEEN) >= 1
        assert not [folder for folder in settings.galleries.iterdir() if folder.name in (GRACE, *subject.nconsts)]
        assert read_rows(settings.lake, TABLES["face_embeddings"], film).num_rows < chips
        rows = read_rows(settings.lake, TABLES["track_names"], film).to_pylist()
        assert REASON in {row["reason"] for row in rows}
        left = {row["actor"] for row in read_rows(settings.lake, TABLES["screen_time"], film).to_pylist()}
        assert EILEEN in left
        assert GRACE not in (settings.data / "decisions" / f"film={film}.json").read_text()
        (decision,) = read_decisions(settings.data, film)
        assert (decision.person, decision.decided_by, decision.claim) == (EILEEN, None, None)
        assert decision.newest == 5
        assert not list(settings.cache.rglob("*.jpg")) + list(settings.cache.rglob("*.mp4"))
        assert steps.unfinished(settings) is None
        assert "Grace" not in (settings.data / "forgotten.json").read_text()
        (settings.data / "decisions" / f"film={film}.json").unlink()
        # IMDB's tables still have her in the cast, and all names are made anew.
        run_film(settings, instance, film, lambda progress, step: None, "film_names")
    assert tables_that_say(settings, GRACE) == []
    assert EILEEN in {row["actor"] for row in read_rows(settings.lake, TABLES["appearances"], film).to_pylist()}


def test_forgetting_a_film_that_was_cut_short_is_finished_by_the_second_run(
    copied: Copied, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, film = copied.settings, copied.film

    def power_failure(*_: object) -> None:
        raise KeyboardInterrupt

    with dagster_instance(settings) as instance:
        with monkeypatch.context() as patch:
            patch.setattr(steps, "rewrite_library", power_failure)
            with pytest.raises(KeyboardInterrupt):
                forget_film(settings, instance, film_subject(settings, film))
        unfinished = steps.unfinished(settings)
        assert unfinished is not None
        assert unfinished.paths == [str(copied.path), *unfinished.paths[1:]]
        report = forget_film(settings, instance, unfinished)
        assert instance.get_dynamic_partitions("film") == []
        assert instance.get_runs() == [] or all(run.tags.get(steps.PARTITION) != film for run in instance.get_runs())
    assert steps.unfinished(settings) is None
    assert any("the film itself" in clause for clause in report.kept)
    assert tables_that_say(settings, film) == []
    assert not list(settings.lake.rglob("film=*/*.parquet")) or all(
        ".columns" in str(file) for file in settings.lake.rglob("film=*/*.parquet")
    )
    with open_library(settings) as library:
        assert films(library) == []
    assert not read_index(index_path(settings)).films
    assert not list(settings.exports.iterdir())
    assert not list(settings.cache.rglob("*.jpg")) + list(settings.cache.rglob("*.mp4"))
    assert not list((settings.data / "decisions").iterdir())
    assert files_that_say(settings.dagster, "data:image/") == []
    assert parquet_files(settings.lake / "imdb" / "name_basics")
    # The film stays, and is left alone.
    assert copied.path.is_file()
    assert read_sidecar(sidecar_path(copied.path)) == Sidecar(skip=True)
    assert discover(settings.films).films == []
    assert look_at_inbox(settings, settle_seconds=0).index.films == {}


def test_names_given_by_hand_go_and_photos_of_ones_own_are_named(copied: Copied, tmp_path: Path) -> None:
    settings = copied.settings
    own = tmp_path / "mine"
    shutil.copytree(settings.galleries, own)
    write_sidecar(sidecar_path(copied.path), Sidecar(cast=[GRACE, EILEEN], gallery=str(own)))
    subject = person_subject(settings, GRACE)
    assert subject is not None
    with dagster_instance(settings) as instance:
        report = forget_person(settings, instance, subject)
    assert read_sidecar(sidecar_path(copied.path)).cast == [EILEEN]
    assert any(str(own) in clause for clause in report.kept)
    assert [path for path in own.rglob("*") if path.is_file()]


def test_the_list_of_the_forgotten_names_nobody_and_knows_them_all(tmp_path: Path) -> None:
    never_name(tmp_path, [GRACE, "nm0393790"])
    never_name(tmp_path, ["Al Pacino"])
    forgotten = read_forgotten(tmp_path)
    assert forgotten.holds("grace  hopper")
    assert forgotten.holds("Another Name", "nm0393790")
    assert forgotten.holds("Al Pacino")
    assert not forgotten.holds(EILEEN)
    people = pd.DataFrame({"actor": [GRACE, EILEEN], "nconst": [None, None]})
    assert without_forgotten(people, tmp_path)["actor"].tolist() == [EILEEN]
    assert "pacino" not in (tmp_path / "forgotten.json").read_text().lower()
