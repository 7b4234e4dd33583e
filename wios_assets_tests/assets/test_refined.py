"""The tables over all films against plain Python, through a real Spark session and a real Dagster instance."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from wios_assets.definitions import build_definitions
from wios_assets.lake.library import open_library, publish
from wios_assets.lake.paths import partition_folder
from wios_assets.lake.stamps import keep_analysis_time
from wios_assets.lake.store import read_rows, replace_folder
from wios_assets.refined_tables import (
    ACTOR_OUTLIERS,
    ACTOR_SCREEN_TIME,
    CHARACTER_PRESENCE,
    CO_APPEARANCES,
    FILM_OUTLIERS,
    FILM_PAIRS,
    FILM_STATISTICS,
    REFINED_TABLES,
)
from wios_assets.settings import Settings, load_settings
from wios_assets.tables import FILM_TABLES, TABLES
from wios_assets.timeline.minutes import screen_time
from wios_assets.timeline.scenes import LONGEST_PAUSE_S
from wios_assets_tests.sample_lake import store

pytestmark = pytest.mark.slow

ACTORS = [("Grace Hopper", "nm0000001"), ("Eileen Collins", "nm0000002"), ("Averil Mean", None), ("Zoë Q", "nm0000004")]
DURATION_S = 600.0
Spans = dict[str, list[tuple[float, float]]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data", spark_master="local[2]")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def random_spans(seed: int) -> Spans:
    """Intervals of each person that do not overlap, some of which touch."""
    rng = np.random.default_rng(seed)
    spans: Spans = {}
    for actor, _ in [*ACTORS, ("unknown:1", None)]:
        turns = np.sort(rng.choice(np.arange(0, int(DURATION_S * 4) + 1), 24, replace=False)) / 4
        spans[actor] = [(float(a), float(b)) for a, b in zip(turns[::2], turns[1::2], strict=True)]
        a, b = spans[actor][0]
        spans[actor][:1] = [(a, (a + b) / 2), ((a + b) / 2, b)]
    return spans


def store_film(lake: Path, film: str, seed: int, year: int | None = 2000, **statistics: Any) -> Spans:
    spans = random_spans(seed)
    nconsts = dict(ACTORS)
    rows: list[dict[str, Any]] = [
        {
            "start_s": start, "end_s": end, "actor": actor, "nconst": nconsts.get(actor), "probability": 0.9,
            "kind": "unknown" if actor.startswith("unknown") else "cast", "shot": 0, "tracks": [number],
        }
        for number, (actor, own) in enumerate(spans.items()) for start, end in own
    ]  # fmt: skip
    for table in FILM_TABLES:
        store(lake, table, [], film)
    store(lake, "appearances", [{**row, "appearance": n} for n, row in enumerate(rows)], film)
    frame = pd.DataFrame([{**row, "character": None} for row in rows])
    totals = screen_time(frame, DURATION_S).astype(object)
    columns = [name for name in totals.columns if name != "film"]
    store(lake, "screen_time", totals[columns].where(totals[columns].notna(), None).to_dict("records"), film)
    store(lake, "film", [{"path": f"/{film}.mkv", "title": film, "year": year, "duration_s": DURATION_S}], film)
    store(lake, "minute_appearances", [], film)
    store(lake, "shots", [{"shot": n, "start_s": float(n), "end_s": n + 1.0} for n in range(11)], film)
    unreadable = statistics.get("unreadable", 1)
    outcomes = ["unreadable"] * unreadable + ["analysed"] * (20 - unreadable)
    store(lake, "frame_samples", [{"sample": n, "faces": 2, "outcome": o} for n, o in enumerate(outcomes)], film)
    decisions = ["named", "named", "unknown", "weak"]
    store(lake, "face_tracks", [{"track": n, "start_s": 0.0, "end_s": 5.0} for n in range(4)], film)
    store(lake, "track_names", [{"track": n, "decision": d, "model_hash": "m"} for n, d in enumerate(decisions)], film)
    return spans


def refine(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = build_definitions(settings).resolve_job_def("refined_tables")
    result = job.execute_in_process(instance=instance)
    assert result.success
    return result


def rows_of(settings: Settings, table: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_rows(settings.lake, table).to_pylist()
    return rows


def scenes(spans: list[tuple[float, float]]) -> int:
    count, reached = 0, -1e9
    for start, end in sorted(spans):
        count += start > reached + LONGEST_PAUSE_S
        reached = max(reached, end)
    return count


def together(first: list[tuple[float, float]], second: list[tuple[float, float]]) -> list[tuple[float, float]]:
    pairs = [(max(a, c), min(b, d)) for a, b in first for c, d in second if max(a, c) < min(b, d)]
    return sorted(pairs)


def expect(settings: Settings, films: dict[str, Spans]) -> None:
    """The tables hold exactly these films, as plain Python counts them."""
    cast = {film: {a: s for a, s in spans.items() if not a.startswith("unknown")} for film, spans in films.items()}
    seen = {(r["film"], r["actor"]): r for r in rows_of(settings, ACTOR_SCREEN_TIME)}
    assert set(seen) == {(film, actor) for film, people in cast.items() for actor in people}
    tenths: dict[tuple[str, str, int], float] = defaultdict(float)
    for film, people in cast.items():
        ranks = sorted(seen[film, actor]["rank"] for actor in people)
        assert ranks == list(range(1, len(people) + 1))
        for actor, spans in people.items():
            assert seen[film, actor]["seconds"] == pytest.approx(sum(b - a for a, b in spans))
            assert seen[film, actor]["scenes"] == scenes(spans)
            for a, b in spans:
                for tenth in range(10):
                    low, high = tenth * DURATION_S / 10, (tenth + 1) * DURATION_S / 10
                    if max(a, low) < min(b, high):
                        tenths[film, actor, tenth] += min(b, high) - max(a, low)
    presence = {(r["film"], r["actor"], r["tenth"]): r["seconds"] for r in rows_of(settings, CHARACTER_PRESENCE)}
    assert presence == pytest.approx(dict(tenths))
    pairs = {(r["film"], r["actor"], r["other"]): r for r in rows_of(settings, FILM_PAIRS)}
    totals: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    expected = set()
    for film, people in cast.items():
        for first, second in combinations(sorted(people), 2):
            shared = together(people[first], people[second])
            if shared:
                expected.add((film, first, second))
                row = pairs[film, first, second]
                assert row["seconds"] == pytest.approx(sum(b - a for a, b in shared))
                assert row["first_s"] == shared[0][0]
                assert row["scenes"] == scenes(shared)
                totals[first, second].append((film, row["seconds"]))
    assert set(pairs) == expected
    over_all = {frozenset((r["actor"], r["other"])): r for r in rows_of(settings, CO_APPEARANCES)}
    assert set(over_all) == {frozenset(pair) for pair in totals}
    for pair, own in totals.items():
        assert over_all[frozenset(pair)]["films"] == len(own)
        assert over_all[frozenset(pair)]["seconds"] == pytest.approx(sum(seconds for _, seconds in own))
    assert sorted(r["film"] for r in rows_of(settings, FILM_STATISTICS)) == sorted(films)


def test_only_changed_films_are_read_again_and_the_whole_stays_exact(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    films = {film: store_film(settings.lake, film, seed) for seed, film in enumerate(["007", "a b/c", "日本 🎬"])}
    refine(settings, instance)
    expect(settings, films)

    films["new"] = store_film(settings.lake, "new", 10)
    films["007"] = store_film(settings.lake, "007", 11)
    for table in FILM_TABLES:
        shutil.rmtree(partition_folder(settings.lake, table, "a b/c"))
    del films["a b/c"]
    result = refine(settings, instance)
    expect(settings, films)
    (event, *_) = result.asset_materializations_for_node("refined")
    assert event.metadata["films read again"].value == 2

    assert refine(settings, instance).asset_materializations_for_node("refined") == []


def test_a_run_that_fails_between_two_tables_is_made_good_by_the_next(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = {film: store_film(settings.lake, film, seed) for seed, film in enumerate(["one", "two"])}
    refine(settings, instance)
    films["two"] = store_film(settings.lake, "two", 7)
    with monkeypatch.context() as patch:

        def until_pairs(new: Path, target: Path) -> None:
            if target.name == "film_pairs":
                raise OSError(28, "No space left on device")
            replace_folder(new, target)

        patch.setattr("wios_assets.lake.io_manager.replace_folder", until_pairs)
        job = build_definitions(settings).resolve_job_def("refined_tables")
        assert not job.execute_in_process(instance=instance, raise_on_error=False).success
    refine(settings, instance)
    expect(settings, films)


def test_a_film_with_a_damaged_file_is_named_in_one_line_and_the_tables_stay(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    films = {"one": store_film(settings.lake, "one", 0)}
    refine(settings, instance)
    store_film(settings.lake, "two", 1)
    (file,) = partition_folder(settings.lake, "appearances", "two").glob("*.parquet")
    file.write_bytes(file.read_bytes()[:-8])
    job = build_definitions(settings).resolve_job_def("refined_tables")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    (failure,) = [event for event in result.all_node_events if event.is_step_failure]
    user_failure = failure.step_failure_data.user_failure_data
    assert user_failure is not None
    message = str(user_failure.description)
    assert "film=two: appearances cannot be read" in message
    assert message.endswith("run film 'two' again")
    assert "\n" not in message
    expect(settings, films)


@dataclass(frozen=True)
class FewFilms:
    """A film with statistics, and two films in which a person has the same nconst and two names."""

    settings: Settings
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> FewFilms:
    settings = load_settings(data=tmp_path_factory.mktemp("few") / "data", spark_master="local[2]")
    store_film(settings.lake, "heat", 3, year=1995, unreadable=5)
    store(settings.lake, "face_embeddings", [{"face": n, "engine": "onnx"} for n in range(2)], "heat")
    keep_analysis_time(settings.lake, "heat", DURATION_S / 8)
    store_film(settings.lake, "early", 1, year=1950)
    store_film(settings.lake, "late", 1, year=1990)
    for table in ("appearances", "screen_time"):
        rows = read_rows(settings.lake, TABLES[table], "late").drop(["film"]).to_pylist()
        for row in rows:
            row["actor"] = "Rear Admiral Hopper" if row["actor"] == "Grace Hopper" else row["actor"]
        store(settings.lake, table, rows, "late")
    with dg.DagsterInstance.ephemeral() as instance:
        return FewFilms(settings, refine(settings, instance))


def test_the_statistics_of_a_film_are_those_of_its_tables(few: FewFilms) -> None:
    (row,) = [row for row in rows_of(few.settings, FILM_STATISTICS) if row["film"] == "heat"]
    expected = {
        "film": "heat", "year": 1995, "people": 4, "unknown_people": 1, "shots": 11, "cuts_per_minute": 1.0,
        "samples": 20, "faces_per_sample": 2.0, "named_share": 0.5, "unknown_share": 0.25, "weak_share": 0.25,
        "unreadable_share": 0.25, "reviews": 0, "reviews_right": 0, "model_hash": "m",
        "engine": "onnx", "speed": 8.0,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["mean_probability"] == pytest.approx(0.9)
    (row,) = [row for row in rows_of(few.settings, FILM_STATISTICS) if row["film"] == "early"]
    assert (row["engine"], row["speed"]) == (None, None)


def test_people_of_the_same_nconst_are_one_whatever_they_are_called(few: FewFilms) -> None:
    hopper = [r for r in rows_of(few.settings, CO_APPEARANCES) if "nm0000001" in (r["nconst"], r["other_nconst"])]
    assert {r["films"] for r in hopper} == {3}
    assert {r["first_film"] for r in hopper} == {"early"}


def test_too_few_films_are_said_and_not_computed(few: FewFilms) -> None:
    (event,) = few.result.asset_materializations_for_node("refined__film_outliers")
    assert event.metadata["outliers"].value == "not computed: 3 films, 8 are needed"
    assert rows_of(few.settings, FILM_OUTLIERS) == rows_of(few.settings, ACTOR_OUTLIERS) == []


def test_the_tables_over_all_films_can_be_asked_in_sql(few: FewFilms) -> None:
    publish(few.settings.lake, few.settings.library)
    with open_library(few.settings) as library:
        for table in REFINED_TABLES:
            schema, _, name = table.name.partition("/")
            library.connection.execute(f'SELECT * FROM {schema}."{name}"').fetchall()


def test_a_film_far_from_the_others_is_told_with_the_reason_and_a_plot(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    for number in range(9):
        store_film(settings.lake, f"film {number}", number, year=1990 + number, unreadable=number % 2)
    store_film(settings.lake, "odd/one", 50, year=1999, unreadable=15)
    store(settings.lake, "cast", [{"billing": 1, "actor": "Grace Hopper"}], "odd/one")
    store(settings.lake, "track_names", [{"track": n, "decision": "unknown"} for n in range(4)], "odd/one")
    refine(settings, instance)
    told = {row["figure"]: row for row in rows_of(settings, FILM_OUTLIERS) if row["film"] == "odd/one"}
    assert told["unreadable_share"]["sentence"] == "75 % unreadable; the median is 2 %"
    assert told["unknown_share"]["sentence"].endswith(
        "the median is 25 %: photos are missing for Grace Hopper (billed 1)"
    )
    plot = settings.exports / "outliers" / "1999" / "odd%2Fone.png"
    assert told["unreadable_share"]["picture"] == str(plot)
    assert plot.read_bytes().startswith(b"\x89PNG")

    # The film becomes like the others: its plot goes, and so do its rows.
    store_film(settings.lake, "odd/one", 50, year=1999, unreadable=1)
    refine(settings, instance)
    assert [row for row in rows_of(settings, FILM_OUTLIERS) if row["film"] == "odd/one"] == []
    assert not plot.exists()
