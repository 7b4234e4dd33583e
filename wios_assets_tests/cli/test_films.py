from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from wios_assets.films.index import read_index
from wios_assets.films.registry import film_source, index_path, look_at_inbox
from wios_assets.lake.library import publish
from wios_assets.tables import FILM_TABLES
from wios_assets_tests.cli.command_line import Wios, make_video
from wios_assets_tests.sample_lake import fill, library_row, store


@pytest.fixture
def wios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Wios:
    return Wios(tmp_path / "data", monkeypatch, capsys)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    for name in ("Grace Hopper", "nm1234567"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(folder / "1.jpg")
    return tmp_path / "photos"


def listed(wios: Wios) -> dict[str, dict[str, Any]]:
    return {film["film"]: film for film in json.loads(wios("film", "list", "--json").out)}


def in_inbox(wios: Wios) -> list[str]:
    films = wios.settings.films
    return sorted(str(path.relative_to(films)) for path in films.rglob("*")) if films.is_dir() else []


def test_a_film_is_linked_into_its_folder_with_what_was_said_of_it(wios: Wios, tmp_path: Path, gallery: Path) -> None:
    video = make_video(tmp_path / "from" / "rip 1.MP4", seconds=2.0)
    answer = wios(
        *("film", "add", video, "--name", "My Film (2001)", "--tconst", "tt0133093", "--title", "My Film"),
        *("--cast", "Grace Hopper; nm1234567 ;;José Álvarez", "--gallery", gallery),
    )
    assert answer.code == 0, answer.err
    folder = wios.settings.films / "My Film (2001)"
    assert answer.out == f"added: My Film (2001) (00:00:02, 64 × 48), {folder / 'My Film (2001).mp4'}\n"
    assert answer.err == "next: wios run 'My Film (2001)'\n"
    assert (folder / "My Film (2001).mp4").readlink() == video
    assert yaml.safe_load((folder / "My Film (2001).wios.yaml").read_text(encoding="utf-8")) == {
        "name": "My Film (2001)",
        "tconst": "tt0133093",
        "title": "My Film",
        "cast": ["Grace Hopper", "nm1234567", "José Álvarez"],
        "gallery": str(gallery),
    }
    entry, sidecar = film_source(wios.settings, "My Film (2001)")
    assert Path(entry.path) == folder / "My Film (2001).mp4"
    assert sidecar.cast == ["Grace Hopper", "nm1234567", "José Álvarez"]
    assert listed(wios)["My Film (2001)"]["state"] == "new"


def test_a_misspelt_cast_name_is_told_with_the_folder_it_may_mean(wios: Wios, tmp_path: Path, gallery: Path) -> None:
    video = make_video(tmp_path / "clip.mp4")
    answer = wios("film", "add", video, "--cast", "grace_hoper;Somebody Else", "--gallery", gallery)
    assert answer.code == 0, answer.err
    doubt, _ = answer.err.splitlines()
    folder = gallery / "Grace Hopper"
    assert doubt == f"cast: 'grace_hoper' has no gallery folder; did you mean 'Grace Hopper' ({folder})?"


def test_what_was_added_is_nothing_new_to_the_inbox(wios: Wios, tmp_path: Path) -> None:
    wios("film", "add", make_video(tmp_path / "a.mkv"))
    before = read_index(index_path(wios.settings))
    changes = look_at_inbox(wios.settings, 0.0)
    assert (changes.new, changes.changed, changes.edited, changes.removed, changes.problems) == ([], [], [], {}, [])
    assert changes.index == before
    assert list(before.films) == ["a"]


def test_a_copy_is_a_file_of_its_own_with_the_same_content_and_times(wios: Wios, tmp_path: Path) -> None:
    video = make_video(tmp_path / "a film.mkv")
    os.utime(video, ns=(10**18, 10**18))
    content = video.read_bytes()
    assert wios("film", "add", video, "--copy").code == 0
    video.unlink()
    copied = wios.settings.films / "a film" / "a film.mkv"
    assert not copied.is_symlink()
    assert copied.read_bytes() == content
    assert copied.stat().st_mtime_ns == 10**18
    assert in_inbox(wios) == ["a film", "a film/a film.mkv", "a film/a film.wios.yaml"]


def test_the_same_film_again_is_answered_with_its_key(wios: Wios, tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4")
    wios("film", "add", video, "--name", "The first")
    for again in (video, Path(shutil.copy(video, tmp_path / "other.mp4"))):
        answer = wios("film", "add", again, "--name", "The second")
        assert answer.code == 1
        assert f"{again}: this film is in the inbox already, as 'The first' (" in answer.err
        assert answer.err.endswith("`wios run 'The first'` analyses it\n")
    assert list(listed(wios)) == ["The first"]


def test_a_name_that_another_film_has_is_refused(wios: Wios, tmp_path: Path) -> None:
    wios("film", "add", make_video(tmp_path / "a.mp4"))
    other = make_video(tmp_path / "elsewhere" / "a.mp4", seed=1)
    answer = wios("film", "add", other)
    assert answer.code == 1
    assert "'a' is the name of a film already (" in answer.err
    assert "choose another with --name" in answer.err
    assert wios("film", "add", other, "--name", "b").code == 0
    make_video(wios.settings.films / "dropped.mp4", seed=2)
    assert "'dropped' is the name" in wios("film", "add", make_video(tmp_path / "dropped.mp4", seed=3)).err
    assert sorted(listed(wios)) == ["a", "b", "dropped"]


def test_a_removed_film_comes_back_under_its_key(wios: Wios, tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4")
    wios("film", "add", video, "--name", "Known")
    shutil.rmtree(wios.settings.films / "Known")
    look_at_inbox(wios.settings, 0.0)
    assert listed(wios)["Known"]["state"] == "removed"
    other = make_video(tmp_path / "b.mp4", seed=1)
    assert "was removed and whose results are kept" in wios("film", "add", other, "--name", "Known").err
    assert "is known as 'Known', and its results are kept" in wios("film", "add", video, "--name", "New").err
    answer = wios("film", "add", video)
    assert answer.out.startswith("is back: Known (")
    assert listed(wios)["Known"]["state"] == "new"


def test_a_film_that_lies_in_the_inbox_stays_where_it_is(wios: Wios) -> None:
    video = make_video(wios.settings.films / "shelf" / "Some Film (1999).mp4")
    answer = wios("film", "add", video, "--cast", "Grace Hopper")
    assert answer.code == 0, answer.err
    assert in_inbox(wios) == ["shelf", "shelf/Some Film (1999).mp4", "shelf/Some Film (1999).wios.yaml"]
    assert film_source(wios.settings, "Some Film (1999)")[1].cast == ["Grace Hopper"]


def test_a_sidecar_beside_the_file_is_taken_along(wios: Wios, tmp_path: Path, gallery: Path) -> None:
    video = make_video(tmp_path / "a.mp4")
    (tmp_path / "a.wios.yaml").write_text("name: From Sidecar\ngallery: photos\ntitle: T\ncast: [A, B]\n")
    assert wios("film", "add", video, "--title", "Other").code == 0
    sidecar = film_source(wios.settings, "From Sidecar")[1]
    assert (sidecar.gallery, sidecar.title, sidecar.cast) == (str(gallery), "Other", ["A", "B"])


@pytest.mark.parametrize(
    "name",
    [
        *("007", 'L\'Été "à" la=plage', "七人の侍", "100% [a]*? {b}", "AC/DC", ".hidden", "trailer", "My-Trailer"),
        *("Shorts", "-dash", "x" * 300, "é" * 120, "two\nlines", "..."),
    ],
)
def test_any_name_makes_a_film_that_the_inbox_sees(wios: Wios, tmp_path: Path, name: str) -> None:
    answer = wios("film", "add", make_video(tmp_path / "a.mp4"), f"--name={name}")
    assert answer.code == 0, answer.err
    (key,) = listed(wios)
    assert list(read_index(index_path(wios.settings)).films) == [key]
    assert key.replace("…", "...") == " ".join(name.split())[: len(key.replace("…", "..."))]
    assert look_at_inbox(wios.settings, 0.0).problems == []
    assert answer.err == f"next: wios run {'-- ' if key[0] == '-' else ''}{shlex.quote(key)}\n"


def bad_inputs(tmp_path: Path) -> dict[str, Path]:
    files = {name: tmp_path / f"{name}.mp4" for name in ("text", "empty", "cut off", "absent", "folder")}
    files["text"].write_text("this is no film\n" * 100)
    files["empty"].touch()
    whole = make_video(tmp_path / "whole.mp4", seconds=5.0).read_bytes()
    files["cut off"].write_bytes(whole[: len(whole) // 2])
    files["folder"].mkdir()
    files["odd ending"] = make_video(tmp_path / "whole.mp4").rename(tmp_path / "film.bin")
    return files


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("text", "cannot be read as a video"),
        ("empty", "is empty (0 bytes); copy it again"),
        ("cut off", "cut off"),
        ("absent", "there is no such file; check the name"),
        ("folder", "is a folder, not a video file"),
        ("odd ending", "a film's name ends in one of"),
    ],
)
def test_what_is_no_film_is_refused_in_one_line_and_leaves_nothing(
    wios: Wios, tmp_path: Path, which: str, message: str
) -> None:
    file = bad_inputs(tmp_path)[which]
    answer = wios("film", "add", file)
    assert answer.code == 1
    assert answer.err.startswith(f"wios: {file}: ")
    assert message in answer.err
    assert answer.err.count("\n") == 1
    assert in_inbox(wios) == []
    assert read_index(index_path(wios.settings)).films == {}


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--tconst", "0133093"), 2, "--tconst"),
        (("--title", " "), 2, "--title"),
        (("--cast", " ; "), 2, "--cast"),
        (("--name", " \n "), 1, "the name is blank; choose one with --name"),
        (("--gallery", "nowhere"), 1, "nowhere: there is no such folder; a gallery holds one folder of photos"),
        (("--gallery", "."), 1, "holds no folder with pictures"),
    ],
)
def test_invalid_options_of_a_film_are_refused_and_leaves_nothing(
    wios: Wios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = wios("film", "add", make_video(tmp_path / "a.mp4"), *options)
    assert answer.code == code
    assert message in answer.err
    assert in_inbox(wios) == []


def test_a_failed_copy_leaves_nothing(wios: Wios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(tmp_path / "a.mp4")

    def full(file: int) -> None:
        if os.fstat(file).st_size == video.stat().st_size:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        answer = wios("film", "add", video, "--copy")
    assert answer.code == 1
    assert "wios: the disk is full: " in answer.err
    assert "permissions" not in answer.err
    assert in_inbox(wios) == []
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
        assert "GB are free" in wios("film", "add", video, "--copy").err
    assert in_inbox(wios) == []
    assert wios("film", "add", video, "--copy").code == 0


def test_a_broken_index_is_named_and_leaves_nothing(wios: Wios, tmp_path: Path) -> None:
    wios.settings.data.mkdir(parents=True)
    index_path(wios.settings).write_text("{")
    answer = wios("film", "add", make_video(tmp_path / "a.mp4"))
    assert answer.code == 1
    assert "films.json: not an index of films" in answer.err
    assert in_inbox(wios) == []


def test_films_are_listed_with_their_state(wios: Wios, tmp_path: Path) -> None:
    wios("film", "add", make_video(tmp_path / "a.mp4"), "--name", "Ready", "--title", "The Ready")
    wios("film", "add", make_video(tmp_path / "b.mp4", seed=1), "--name", "Waiting (2020)")
    make_video(wios.settings.films / "Dropped (1931).mp4", seed=2)
    rows = [library_row("Ready", title="The Ready", year=2001, people=4), library_row("Gone", present=False)]
    fill(wios.settings.lake, *rows)
    publish(wios.settings.lake, wios.settings.library)
    films = listed(wios)
    assert {key: (film["state"], film["title"], film["year"], film["people"]) for key, film in films.items()} == {
        "Dropped (1931)": ("new", "Dropped", 1931, None),
        "Gone": ("removed", "Gone", None, 2),
        "Ready": ("ready", "The Ready", 2001, 4),
        "Waiting (2020)": ("new", "Waiting", 2020, None),
    }
    lines = wios("film", "list").out.splitlines()
    assert lines[3].split() == ["Ready", "The", "Ready", "2001", "00:01:30", "ready", "4", "1"]
    shutil.rmtree(wios.settings.films / "Ready")
    look_at_inbox(wios.settings, 0.0)
    assert listed(wios)["Ready"]["state"] == "removed"


def test_no_films_and_what_is_wrong_in_the_inbox_are_said_beside_the_answer(wios: Wios) -> None:
    answer = wios("film", "list", "--json")
    assert (answer.code, json.loads(answer.out)) == (0, [])
    assert "no such folder; create it or set WIOS_FILMS" in answer.err
    wios.settings.films.mkdir(parents=True)
    assert "no films yet: `wios film add PATH` adds one" in wios("film", "list").err
    (wios.settings.films / "lost.mkv").symlink_to("/nowhere/lost.mkv")
    answer = wios("film", "list")
    assert (answer.code, answer.out) == (0, "")
    assert "lost.mkv: links to /nowhere/lost.mkv, which is not there" in answer.err


@pytest.mark.parametrize("made", range(len(FILM_TABLES)))
def test_films_are_listed_whatever_an_interrupted_first_run_left(wios: Wios, made: int) -> None:
    make_video(wios.settings.films / "Heat.mp4")
    lake = wios.settings.lake
    for table in FILM_TABLES[:made]:
        store(lake, table, [], film="Heat")
    for published in (False, True):
        if published:
            publish(lake, wios.settings.library)
        answer = wios("film", "list", "--json")
        assert (answer.code, answer.err) == (0, "")
        (film,) = json.loads(answer.out)
        assert (film["film"], film["state"], film["reason"]) == ("Heat", "new", None)
