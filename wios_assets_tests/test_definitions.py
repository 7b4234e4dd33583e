import re
from pathlib import Path

import pytest
from dagster import AssetKey, Definitions, validate_run_config

from wios_assets.definitions import build_definitions
from wios_assets.imdb.files import ALL_FILES
from wios_assets.lake.io_manager import column_schema
from wios_assets.partitions import films
from wios_assets.refined_tables import REFINED_TABLES
from wios_assets.settings import load_settings
from wios_assets.tables import FILM_TABLES, TABLES

GROUPS = {
    "imdb": {*ALL_FILES, "imdb/film_titles", "imdb/series_episodes", "imdb/quarantine", "filmography", "wanted"},
    "films": {"film_file", "film", "cast", "imdb/title_of_film", "imdb/credits_of_film"},
    "galleries": {"cast_photos", "gallery_photos", "gallery_embeddings"},
    "frames": {"shots", "frame_samples"},
    "faces": {"faces", "face_embeddings", "face_tracks"},
    "appearances": {"decisions", "track_names", "appearances", "minute_appearances", "screen_time"},
    "evaluation": {"truth", "evaluation", "recogniser_selection", "recogniser_runs"},
    "library": {"library", "player_files", "prediction_log", "published", "published_library"},
    "refined": {table.name for table in REFINED_TABLES},
}
WITHOUT_TABLE = {
    "decisions": "a decision",
    "film_file": "the video file",
    "cast_photos": "a photo of a cast member",
    "truth": "an interval of a person",
    "player_files": "a file that a player reads",
    "published": "a row of the film on the SQL server",
    "published_library": "a row of a table over all films on the SQL server",
    "imdb/title_of_film": "the title of IMDB's",
    "imdb/credits_of_film": "a credit of the title",
}
CHECKS = {
    ("imdb/title_principals", "keys_found"),
    ("imdb/film_titles", "every_film_findable"),
    ("imdb/quarantine", "no_line_set_aside"),
    ("filmography", "director_known"),
    ("filmography", "billing_without_gaps"),
    ("wanted", "each_once"),
    ("film", "decodable"),
    ("film", "title_known"),
    ("cast", "at_least_one_actor"),
    ("cast", "names_fit_galleries"),
    ("gallery_photos", "every_actor_has_a_photo"),
    ("gallery_embeddings", "finite_and_of_right_length"),
    ("shots", "cover_the_film"),
    ("frame_samples", "times_increase"),
    ("frame_samples", "film_covered"),
    ("faces", "share_of_samples_with_faces"),
    ("face_embeddings", "finite_and_of_right_length"),
    ("face_tracks", "every_face_in_one_track"),
    ("track_names", "every_track_decided"),
    ("appearances", "inside_the_film"),
    ("appearances", "no_actor_twice_at_once"),
    ("appearances", "in_cast_or_marked_unknown"),
    ("minute_appearances", "at_most_sixty_seconds"),
    ("minute_appearances", "sums_agree_with_appearances"),
    ("screen_time", "sums_agree_with_appearances"),
    ("recogniser_runs", "winner_in_use"),
    ("evaluation", "no_worse_than_accepted"),
    ("library", "every_finished_film_present"),
    ("refined/actor_screen_time", "sums_agree_with_screen_time"),
    ("refined/character_presence", "tenths_add_up"),
    ("refined/film_pairs", "no_longer_than_either"),
    ("refined/co_appearances", "sums_agree_with_pairs"),
    ("refined/film_statistics", "every_finished_film_present"),
    ("refined/film_outliers", "no_film_is_far_off"),
    ("refined/actor_outliers", "no_actor_is_far_off"),
    ("player_files", "written_where_wanted"),
    ("published", "on_the_server"),
    ("published_library", "everything_is_on_the_server"),
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    return build_definitions(load_settings(data=tmp_path_factory.mktemp("data")))


def test_every_group_has_its_assets(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    groups: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        groups.setdefault(graph.get(key).group_name, set()).add(key.to_user_string())
    assert groups == GROUPS


def test_every_asset_says_what_a_row_is_and_who_owns_it(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node, name = graph.get(key), key.to_user_string()
        assert (node.description or "").startswith(row_of(name))
        assert node.owners
        assert node.kinds
        assert node.code_version or not node.is_materializable


def row_of(name: str) -> str:
    return "One row is " + (TABLES[name].row if name in TABLES else WITHOUT_TABLE[name])


def test_films_partition_exactly_the_tables_of_a_film(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    by_film = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).partitions_def == films}
    assert by_film == {*FILM_TABLES, *WITHOUT_TABLE} - {"published_library"}


def test_every_asset_is_checked(definitions: Definitions) -> None:
    keys = definitions.resolve_asset_graph().asset_check_keys
    checks = {(key.asset_key.to_user_string(), key.name) for key in keys}
    imdb = {(table, name) for table in ALL_FILES for name in ("counts_add_up", "keys_unique_and_not_null")}
    assert checks == CHECKS | imdb


def test_every_check_has_a_description_and_the_partitions_of_its_asset(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.asset_check_keys:
        spec = graph.get_check_spec(key)
        assert (spec.description or "").endswith("."), key
        assert spec.partitions_def == graph.get(key.asset_key).partitions_def, key


def test_every_asset_links_to_the_line_that_defines_it(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        references = graph.get(key).metadata["dagster/code_references"].code_references
        (link,) = references
        defined = Path(link.file_path).read_text(encoding="utf-8").splitlines()[link.line_number - 1 :]
        function = next(line for line in defined if line.startswith("def "))
        assert defined[0].startswith("@dg."), key
        # The operation of an asset in a folder has the folder's name ahead.
        assert function.startswith(f"def {graph.get(key).assets_def.op.name.rpartition('__')[2]}"), key


def test_footage_can_be_forced_from_the_launchpad(definitions: Definitions) -> None:
    job = definitions.resolve_job_def("film_map")
    result = validate_run_config(job, {"ops": {"footage": {"config": {"force": True}}}})
    assert result["ops"]["footage"]["config"] == {"force": True}


def test_every_column_has_documentation_without_html_that_a_browser_would_swallow() -> None:
    for table in TABLES.values():
        for column in column_schema(table).columns:
            assert column.description, (table.name, column.name)
            outside_code = re.sub(r"`[^`]*`", "", column.description or "")
            assert not set("<>*") & set(outside_code), (table.name, column.name)


def test_names_do_not_depend_on_the_video(definitions: Definitions) -> None:
    selected = definitions.resolve_job_def("film_names").asset_layer.executable_asset_keys
    assert AssetKey("appearances") in selected
    assert not {AssetKey(name) for name in ("shots", "frame_samples", "faces", "face_embeddings")} & set(selected)


@pytest.mark.parametrize("job", ["film_map", "film_names", "film_decisions"])
def test_files_for_players_follow_whatever_changes_the_names(job: str, definitions: Definitions) -> None:
    assert AssetKey("player_files") in definitions.resolve_job_def(job).asset_layer.executable_asset_keys


def test_sensor_and_schedule_run_by_themselves(definitions: Definitions) -> None:
    assert definitions.resolve_sensor_def("inbox").default_status.value == "RUNNING"
    assert definitions.resolve_schedule_def("imdb_daily").default_status.value == "RUNNING"


def test_another_engine_is_another_code_version_of_what_embeds_and_of_nothing_else() -> None:
    versions = []
    for engine in ("onnx", "dlib"):
        graph = build_definitions(load_settings(engine=engine)).resolve_asset_graph()
        versions.append({key.to_user_string(): graph.get(key).code_version for key in graph.get_all_asset_keys()})
    changed = {name for name in versions[0] if versions[0][name] != versions[1][name]}
    assert changed == {
        "gallery_photos", "gallery_embeddings", "shots", "frame_samples", "faces", "face_embeddings",
    }  # fmt: skip


def test_a_film_is_published_though_it_has_no_truth(definitions: Definitions) -> None:
    """Dagster skips a step with the ones that it waits for, and an evaluation is made only of a film with a truth."""
    published = definitions.resolve_assets_def("published")
    for key in published.dependency_keys:
        outputs = definitions.resolve_assets_def(key).node_def.output_dict.values()
        assert all(output.is_required for output in outputs), key
