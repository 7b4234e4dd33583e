import os
from pathlib import Path

import pytest

from wios_assets.assets.options import engine_options, footage_options, naming_options, threads_of_a_task
from wios_assets.errors import BadInput
from wios_assets.naming.options import NamingOptions
from wios_assets.settings import (
    FOLDERS,
    GROUPS,
    Settings,
    differing_settings,
    load_settings,
    setting_origins,
    settings_of_environment,
)
from wios_assets.settings.old_names import DESCRIBED, GONE, MOVED
from wios_assets.vision.options import EngineOptions, FootageOptions

KEPT = [name for name in Settings.model_fields if name not in GROUPS]
VALUES = {
    "spark_memory": "3g",
    "spark_master": "local[1]",
    "engine": "dlib",
    "device": "cuda",
    "director": "nm0000206",
    "imdb_download": "true",
}


@pytest.fixture(autouse=True)
def no_settings_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "wios.yaml"
    monkeypatch.setenv("WIOS_CONFIG", str(file))
    return file


def test_moving_the_data_folder_moves_lake_and_run_history(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WIOS_DATA", str(tmp_path / "elsewhere"))
    settings = load_settings()
    assert {getattr(settings, name).parent for name in FOLDERS} == {tmp_path / "elsewhere"}
    assert settings.library.is_relative_to(tmp_path / "elsewhere")


def test_a_folder_of_its_own_stays_where_it_was_put(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WIOS_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("WIOS_FILMS", str(tmp_path / "inbox"))
    assert load_settings().films == tmp_path / "inbox"


@pytest.mark.parametrize(
    "address", ["s3://bucket/lake", "s3a://bucket", "gs://bucket/lake", "hdfs://host:8020/lake", "abfss://a@b/lake"]
)
@pytest.mark.parametrize("name", ["lake", "data", "films"])
def test_an_object_store_is_refused_with_the_setting_that_names_it(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch, no_settings_file: Path
) -> None:
    no_settings_file.write_text(f"{name}: {address}\n")
    with pytest.raises(BadInput, match=rf"wios\.yaml: {name} = '{address}': .*keeps its files in folders"):
        load_settings()
    monkeypatch.setenv(f"WIOS_{name.upper()}", address)
    with pytest.raises(BadInput, match=f"WIOS_{name.upper()}: {name} = '{address}'"):
        load_settings()
    assert not list(no_settings_file.parent.glob("*:*"))


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    monkeypatch: pytest.MonkeyPatch, no_settings_file: Path
) -> None:
    no_settings_file.write_text("samples_per_second: 2\npage_port: 4000\n")
    monkeypatch.setenv("WIOS_SAMPLES_PER_SECOND", "8")
    settings = load_settings()
    assert (settings.samples_per_second, settings.page_port) == (8, 4000)
    origins = {row.name: row.origin for row in setting_origins(settings)}
    assert origins["samples_per_second"] == "WIOS_SAMPLES_PER_SECOND"
    assert origins["page_port"] == str(no_settings_file)
    assert origins["engine"] == "default"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("samples_per_secnd: 2\n", r"there is no setting 'samples_per_secnd' \(nearest: samples_per_second\)"),
        ("samples_per_second: many\n", "samples_per_second = 'many'"),
        ("samples_per_second: 0\n", "greater than 0"),
        ("a: [\n", "not YAML"),
        ("- a\n", "not a list of"),
        ("naming: {certain: 2}\n", r"naming\.certain = 2: .*less than 1"),
        ("naming: {certan: 0.9}\n", r"there is no setting 'naming\.certan' \(nearest: naming\.certain\)"),
        ("naming: 0.9\n", "naming = 0.9"),
    ],
)
def test_a_wrong_line_in_the_file_is_named(no_settings_file: Path, text: str, says: str) -> None:
    no_settings_file.write_text(text)
    with pytest.raises(BadInput, match=says) as caught:
        load_settings()
    assert str(no_settings_file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_PAGE_PORT", "99999")
    with pytest.raises(BadInput, match="WIOS_PAGE_PORT: page_port = '99999'"):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("WIOS_NAMING__CERTAIN", "2", r"WIOS_NAMING__CERTAIN: naming\.certain = '2': .*less than 1"),
        ("WIOS_NAMING__CERTAN", "0.9", r"WIOS_NAMING__CERTAN: there is no setting 'naming\.certan'"),
        ("WIOS_NAMING", "0.9 or so", r"WIOS_NAMING: not a JSON object"),
    ],
)
def test_a_wrong_variable_of_a_group_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput, match=says):
        load_settings()


def test_a_group_takes_each_of_its_settings_from_the_nearest_source(
    monkeypatch: pytest.MonkeyPatch, no_settings_file: Path
) -> None:
    no_settings_file.write_text("naming: {certain: 0.7, perhaps: 0.5, same_person: 0.3}\n")
    monkeypatch.setenv("WIOS_NAMING__CERTAIN", "0.8")
    monkeypatch.setenv("WIOS_NAMING__PERHAPS", "0.55")
    settings = load_settings(naming={"certain": 0.9})
    assert (settings.naming.certain, settings.naming.perhaps, settings.naming.same_person) == (0.9, 0.55, 0.3)
    assert settings.naming.wrong_share == NamingOptions.wrong_names
    origins = {row.name: row.origin for row in setting_origins(settings)}
    assert origins["naming.perhaps"] == "WIOS_NAMING__PERHAPS"
    assert origins["naming.same_person"] == str(no_settings_file)
    assert origins["naming.wrong_share"] == "default"


def test_the_defaults_of_the_settings_are_the_cores() -> None:
    settings = load_settings()
    threads = threads_of_a_task(settings)
    assert naming_options(settings) == NamingOptions()
    assert footage_options(settings, settings.samples_per_second) == FootageOptions(decoder_threads=threads)
    assert engine_options(settings, 3) == EngineOptions(cache=str(settings.cache), threads=3)


def test_every_setting_of_a_group_reaches_the_core() -> None:
    moved: dict[str, dict[str, float | str]] = {
        "detector": {"smallest_face": 0.2, "largest_face": 0.9, "pyramid_ratio": 0.8, "threshold": 0.3},
        "footage": {"decoder": "vaapi", "duplicate_change": 7.0},
        "chips": {"per_tracklet": 9, "spacing_seconds": 0.9, "jpeg_quality": 70},
        "cuts": {"ratio": 5.0, "smallest_change": 7.0, "window_seconds": 0.35, "picture_width": 64},
        "links": {"shift": 0.9, "growth": 1.9, "gap_seconds": 0.9, "longest_seconds": 9.0},
        "naming": {"wrong_share": 0.2, "certain": 0.9, "perhaps": 0.6, "same_person": 0.5},
    }
    moved["detector"] |= {"network": "mmod", "precision": "float"}
    changed = load_settings(**moved)
    reached = repr((engine_options(changed, 1), footage_options(changed, 4), naming_options(changed)))
    for group in moved.values():
        for value in group.values():
            assert repr(value) in reached


def test_there_is_no_director_until_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().director is None
    monkeypatch.setenv("WIOS_DIRECTOR", "nm0000206")
    assert load_settings().director == "nm0000206"


def test_the_settings_that_people_set_are_few() -> None:
    assert len(KEPT) <= 25
    assert len(KEPT) + len(MOVED) + len(DESCRIBED) + len(GONE) == 71


@pytest.mark.parametrize("name", KEPT)
def test_a_setting_that_kept_its_name_is_taken_from_everywhere(
    monkeypatch: pytest.MonkeyPatch, no_settings_file: Path, name: str
) -> None:
    # Relative paths of the environment start at the working folder, those of the file at its folder.
    monkeypatch.chdir(no_settings_file.parent)
    value = VALUES.get(name, "7")
    shown = str(getattr(load_settings(**{name: value}), name))
    monkeypatch.setenv(f"WIOS_{name.upper()}", value)
    assert str(getattr(load_settings(), name)) == shown
    monkeypatch.delenv(f"WIOS_{name.upper()}")
    no_settings_file.write_text(f"{name}: {value!r}\n")
    assert str(getattr(load_settings(), name)) == shown


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_the_new_name_of_a_moved_setting_exists(old: str, new: str) -> None:
    group, name = new.split(".")
    assert name in GROUPS[group].model_fields
    assert old not in Settings.model_fields


@pytest.mark.parametrize("old", [*MOVED, *DESCRIBED, *GONE])
@pytest.mark.parametrize("source", ["argument", "environment", "file"])
def test_an_old_name_is_refused_with_the_new_one(
    monkeypatch: pytest.MonkeyPatch, no_settings_file: Path, old: str, source: str
) -> None:
    where = {"argument": "argument: ", "environment": "WIOS_", "file": f"{no_settings_file}: "}[source]
    if source == "environment":
        monkeypatch.setenv(f"WIOS_{old.upper()}", "1")
    if source == "file":
        no_settings_file.write_text(f"{old}: 1\n")
    with pytest.raises(BadInput) as refused:
        load_settings(**({old: 1} if source == "argument" else {}))
    message = str(refused.value)
    shown = f"WIOS_{old.upper()}" if source == "environment" else old
    assert message.startswith(where)
    if old in MOVED:
        assert f"{shown} is now {MOVED[old]}: set WIOS_{MOVED[old].upper().replace('.', '__')}" in message
    elif old in GONE:
        assert f"{shown} is gone, {GONE[old]}: remove it" in message
    else:
        assert f"{shown} is now `{DESCRIBED[old]}` in the description beside the file of" in message


def test_every_setting_says_what_it_means() -> None:
    assert all(row.description for row in setting_origins(load_settings()))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://wios:s3cret-w0rd@db/wios", "has a password"),
        ("postgresql://wios:s3cret-w0rd/x@y@db/wios", "."),
        ("mariadb://wios@db/wios?password=s3cret-w0rd", "has a password"),
        ("sqlite://wios:s3cret-w0rd@db/wios", "begins with none of"),
        ("postgresql://wios@db", "names no database"),
    ],
)
def test_a_password_in_a_databases_address_is_refused_and_not_shown(address: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as refused:
        load_settings(publish={"address": address})
    assert "s3cret" not in str(refused.value)


def test_a_password_that_is_no_text_is_not_shown() -> None:
    with pytest.raises(BadInput) as refused:
        load_settings(publish={"password": 31415926})
    assert "31415926" not in str(refused.value)


def test_the_settings_of_another_environment_are_read_without_leaving_a_trace(
    monkeypatch: pytest.MonkeyPatch, no_settings_file: Path, tmp_path: Path
) -> None:
    no_settings_file.write_text("samples_per_second: 3\n")
    monkeypatch.setenv("WIOS_PUBLISH__ADDRESS", "mariadb://wios@one/wios")
    before = dict(os.environ)
    other = {"WIOS_CONFIG": str(no_settings_file), "WIOS_DATA": str(tmp_path / "other"), "HOME": "/nowhere"}
    settings = settings_of_environment(other)
    assert dict(os.environ) == before
    assert settings.data == tmp_path / "other"
    assert (settings.samples_per_second, settings.publish.address) == (3, "")
    differing = {name: (one, another) for name, one, another in differing_settings(settings, load_settings())}
    assert differing["publish.address"] == ("", "mariadb://wios@one/wios")
    assert "samples_per_second" not in differing
