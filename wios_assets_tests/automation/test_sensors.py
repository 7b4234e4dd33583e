import logging
import os
import shutil
import time
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorDefinition, SensorResult, build_sensor_context

from wios_assets.automation.sensors import decisions_sensor, imdb_sensor, inbox_sensor, photos_sensor
from wios_assets.films.index import read_index
from wios_assets.films.registry import index_path, look_at_inbox
from wios_assets.films.sidecar import Sidecar, sidecar_path, write_sidecar
from wios_assets.imdb.files import IMDB_FILES
from wios_assets.reviews.decisions import decide, decisions_file
from wios_assets.runs.launch import report_observations
from wios_assets.settings import Settings, load_settings
from wios_assets_tests.reviewed_lake import FILM, chip, store_reviewed_film
from wios_assets_tests.video_files import numbered_picture, write_film

LONG_AGO = time.time() - 3600


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data", inbox={"settle_seconds": 5})


@pytest.fixture
def instance() -> DagsterInstance:
    return DagsterInstance.ephemeral()


class Ticks:
    """The inbox sensor, tick after tick, as the daemon would call it."""

    def __init__(self, settings: Settings, instance: DagsterInstance) -> None:
        self.sensor, self.instance = inbox_sensor(settings), instance
        self.cursor: str | None = None

    def __call__(self) -> list[tuple[str | None, str | None]]:
        """Job and partition of each run asked for."""
        context = build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = self.sensor(context)
        assert isinstance(result, SensorResult)
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions("film", list(request.partition_keys))
        self.cursor = result.cursor
        return [(run.job_name, run.partition_key) for run in result.run_requests or []]


def drop(settings: Settings, name: str, changed_s: float = LONG_AGO) -> Path:
    path = settings.films / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_film(path, [numbered_picture(number) for number in range(10)])
    os.utime(path, (changed_s, changed_s))
    return path


def test_a_new_film_gets_its_partition_and_its_run_in_one_tick(settings: Settings, instance: DagsterInstance) -> None:
    tick = Ticks(settings, instance)
    assert tick() == []
    drop(settings, "Heat (1995).mp4")
    assert tick() == [("film_map", "Heat (1995)")]
    assert instance.get_dynamic_partitions("film") == ["Heat (1995)"]
    assert tick() == []


def test_a_name_that_is_not_utf_8_stops_no_other_film(settings: Settings, instance: DagsterInstance) -> None:
    tick = Ticks(settings, instance)
    heat = drop(settings, "Heat (1995).mp4")
    odd = Path(os.fsdecode(os.fsencode(settings.films) + b"/Am\xe9lie (2001)"))
    odd.mkdir()
    shutil.copy(heat, odd / "film.mp4")
    shutil.copy(heat, os.fsdecode(os.fsencode(settings.films) + b"/L\xe9on (1994).mp4"))
    assert tick() == [("film_map", "Heat (1995)")]
    assert tick() == []


def test_an_empty_file_is_run_once_and_again_when_it_is_filled(settings: Settings, instance: DagsterInstance) -> None:
    tick = Ticks(settings, instance)
    empty = settings.films / "Heat.mp4"
    empty.parent.mkdir(parents=True)
    empty.touch()
    os.utime(empty, (LONG_AGO, LONG_AGO))
    assert tick() == [("film_map", "Heat")]
    assert [tick() for _ in range(3)] == [[], [], []]
    drop(settings, "Heat.mp4")
    assert tick() == [("film_map", "Heat")]
    assert tick() == []


def test_a_problem_of_the_inbox_is_logged_once_and_again_after_it_was_gone(
    settings: Settings, instance: DagsterInstance
) -> None:
    sensor = inbox_sensor(settings)
    link = settings.films / "Heat.mp4"
    link.parent.mkdir(parents=True)
    logged: list[str] = []

    def tick() -> list[str]:
        logged.clear()
        context = build_sensor_context(instance=instance)

        def note(record: logging.LogRecord) -> bool:
            logged.append(record.getMessage())
            return True

        context.log.addFilter(note)
        sensor(context)
        return [line for line in logged if "mend or remove the link" in line]

    for _ in range(2):
        link.symlink_to("nowhere.mp4")
        assert [len(tick()) for _ in range(3)] == [1, 0, 0]
        link.unlink()
        assert tick() == []


def test_a_film_that_is_still_being_copied_is_left_alone(settings: Settings, instance: DagsterInstance) -> None:
    tick = Ticks(settings, instance)
    path = drop(settings, "Heat (1995).mp4", time.time())
    assert tick() == []
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert tick() == []
    assert instance.get_dynamic_partitions("film") == []


def test_a_renamed_film_is_not_analysed_twice(settings: Settings, instance: DagsterInstance) -> None:
    tick = Ticks(settings, instance)
    path = drop(settings, "Heat.mp4")
    assert tick() == [("film_map", "Heat")]
    path.rename(path.with_name("Heat (1995).mp4"))
    jobs = tick()
    assert instance.get_dynamic_partitions("film") == ["Heat"]
    assert {film for _, film in jobs} <= {"Heat"}
    assert read_index(index_path(settings)).films["Heat"].path.endswith("Heat (1995).mp4")


def test_a_removed_film_keeps_its_partition_and_is_marked(settings: Settings, instance: DagsterInstance) -> None:
    tick = Ticks(settings, instance)
    path = drop(settings, "Heat.mp4")
    tick()
    path.unlink()
    assert tick() == []
    assert instance.get_dynamic_partitions("film") == ["Heat"]
    assert not read_index(index_path(settings)).films["Heat"].present


def test_a_film_waits_for_imdbs_tables_where_their_files_are_there(
    settings: Settings, instance: DagsterInstance
) -> None:
    settings.imdb.mkdir(parents=True)
    for file in IMDB_FILES.values():
        path = settings.imdb / f"{file.stem}.tsv"
        path.write_text("later")
        os.utime(path, (LONG_AGO, LONG_AGO))
    drop(settings, "Heat.mp4")
    tick = Ticks(settings, instance)
    assert tick() == []
    assert instance.get_dynamic_partitions("film") == ["Heat"]
    shutil.rmtree(settings.imdb)
    assert tick() == [("film_map", "Heat")]


def test_photos_that_arrive_later_have_a_failed_film_tried_again(settings: Settings, instance: DagsterInstance) -> None:
    tick = Ticks(settings, instance)
    drop(settings, "Heat.mp4")
    assert tick() == [("film_map", "Heat")]
    folder = settings.galleries / "Al Pacino"
    folder.mkdir(parents=True)
    assert tick() == []
    for path in (folder, settings.galleries):
        os.utime(path, (LONG_AGO, LONG_AGO))
    assert tick() == [("film_map", "Heat")]


def test_changed_imdb_files_are_loaded_once_they_are_whole(settings: Settings, instance: DagsterInstance) -> None:
    sensor, cursor = imdb_sensor(settings), None

    def tick() -> int:
        nonlocal cursor
        result = sensor(build_sensor_context(instance=instance, cursor=cursor))
        if not isinstance(result, SensorResult):
            return 0
        cursor = result.cursor
        return len(result.run_requests or [])

    assert tick() == 0
    settings.imdb.mkdir(parents=True)
    for file in IMDB_FILES.values():
        (settings.imdb / f"{file.stem}.tsv").write_text("header")
    assert tick() == 0
    for path in settings.imdb.iterdir():
        os.utime(path, (LONG_AGO, LONG_AGO))
    assert tick() == 1
    assert tick() == 0


class NameTicks:
    """A sensor that asks for names, tick after tick, with what it reports stored as the daemon would."""

    def __init__(self, sensor: SensorDefinition, instance: DagsterInstance) -> None:
        self.sensor, self.instance = sensor, instance
        self.cursor: str | None = None

    def __call__(self) -> list[str | None]:
        """Films whose names are asked for."""
        result = self.sensor(build_sensor_context(instance=self.instance, cursor=self.cursor))
        if not isinstance(result, SensorResult):
            return []
        for event in result.asset_events:
            self.instance.report_runless_asset_event(event)
        self.cursor = result.cursor
        return [run.partition_key for run in result.run_requests or []]


def named_film(settings: Settings) -> None:
    """A film of the inbox that has names."""
    drop(settings, f"{FILM}.mp4")
    look_at_inbox(settings, settle_seconds=0)
    store_reviewed_film(settings.lake)


def decided_long_ago(settings: Settings, person: str) -> None:
    decide(settings.data, settings.lake, FILM, [1], "is", person, everywhere=False)
    os.utime(decisions_file(settings.data, FILM), (LONG_AGO, LONG_AGO + len(person)))


def test_a_decision_asks_for_the_films_names_once(settings: Settings, instance: DagsterInstance) -> None:
    named_film(settings)
    tick = NameTicks(decisions_sensor(settings), instance)
    assert tick() == []
    decided_long_ago(settings, "Averil Mean")
    assert tick() == [FILM]
    assert tick() == []
    decided_long_ago(settings, "Eileen Collins")
    assert tick() == [FILM]


def test_decisions_in_a_row_are_waited_for(settings: Settings, instance: DagsterInstance) -> None:
    named_film(settings)
    tick = NameTicks(decisions_sensor(settings), instance)
    decide(settings.data, settings.lake, FILM, [1], "is", "Averil Mean", everywhere=False)
    os.utime(decisions_file(settings.data, FILM), (time.time() + 60,) * 2)
    assert tick() == []
    os.utime(decisions_file(settings.data, FILM), (LONG_AGO,) * 2)
    assert tick() == [FILM]


def test_decisions_that_another_asked_a_run_for_are_left_to_it(settings: Settings, instance: DagsterInstance) -> None:
    named_film(settings)
    decided_long_ago(settings, "Averil Mean")
    report_observations(settings, instance, FILM)
    assert NameTicks(decisions_sensor(settings), instance)() == []


def add_photo(settings: Settings, actor: str, name: str, changed_s: float) -> None:
    folder = settings.galleries / actor
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(chip(40))
    for path in (folder, settings.galleries):
        os.utime(path, (changed_s, changed_s))


def test_a_new_photo_asks_for_the_names_of_the_films_whose_cast_it_shows(
    settings: Settings, instance: DagsterInstance
) -> None:
    named_film(settings)
    write_sidecar(sidecar_path(settings.films / f"{FILM}.mp4"), Sidecar(cast=["Grace Hopper"]))
    add_photo(settings, "Grace Hopper", "1.jpg", LONG_AGO)
    tick = NameTicks(photos_sensor(settings), instance)
    assert tick() == []
    add_photo(settings, "Somebody Else", "1.jpg", LONG_AGO + 1)
    assert tick() == []
    add_photo(settings, "Grace Hopper", "2.jpg", time.time())
    assert tick() == []
    add_photo(settings, "Grace Hopper", "2.jpg", LONG_AGO + 2)
    assert tick() == [FILM]
    assert tick() == []
