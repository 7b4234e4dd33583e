"""Films in the inbox: names, folders, links, partial files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.films.inbox import KEY_BYTES, KEY_CHARACTERS, discover, film_key


def put(path: Path, content: bytes = b"film") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def keys(folder: Path) -> list[str]:
    return sorted(film.key for film in discover(folder).films)


def test_a_file_and_a_folder_give_their_names(tmp_path: Path) -> None:
    put(tmp_path / "The Matrix (1999).mkv")
    put(tmp_path / "Heat (1995)" / "heat.1080p.mp4")
    put(tmp_path / "Mr. Robot" / "disc.avi")
    assert keys(tmp_path) == ["Heat (1995)", "Mr. Robot", "The Matrix (1999)"]


def test_a_shelf_is_not_the_name_of_its_only_film(tmp_path: Path) -> None:
    put(tmp_path / "Comedies" / "Airplane! (1980).mkv")
    put(tmp_path / "Shorts" / "Pauvre Pierrot (1892).mkv")
    put(tmp_path / "Star Wars Collection" / "Star Wars (1977)" / "a.mkv")
    assert keys(tmp_path) == ["Airplane! (1980)", "Pauvre Pierrot (1892)", "Star Wars (1977)"]


def test_versions_of_a_film_are_one_film_that_knows_the_others(tmp_path: Path) -> None:
    first = put(tmp_path / "Double (2001)" / "Double (2001) - 1080p.mkv")
    other = put(tmp_path / "Double (2001)" / "Double (2001) - 2160p.mkv")
    (film,) = discover(tmp_path).films
    assert (film.key, film.path, film.versions) == ("Double (2001)", first, (other,))


@pytest.mark.parametrize("part", ["Heat (1995)-cd{}.avi", "Heat (1995) part{}.mkv", "CD{}/heat.avi"])
def test_parts_of_a_film_are_one_film_with_its_files_in_order(tmp_path: Path, part: str) -> None:
    files = tuple(put(tmp_path / "Heat (1995)" / part.format(number)) for number in (1, 2))
    inbox = discover(tmp_path)
    (film,) = inbox.films
    assert (film.key, film.parts) == ("Heat (1995)", files)
    assert inbox.problems == []


def test_a_part_that_is_missing_is_named_and_the_others_are_no_film(tmp_path: Path) -> None:
    for number in (1, 3, 4):
        put(tmp_path / "Heat (1995)" / f"Heat (1995)-cd{number}.avi")
    put(tmp_path / "Ran (1985)-cd2.avi")
    inbox = discover(tmp_path)
    assert inbox.films == []
    assert [problem.partition(": ")[2] for problem in inbox.problems] == [
        "of 'Heat (1995)' part 2 is missing; put it beside the others, or join what there is to one file",
        "of 'Ran (1985)' part 1 is missing; put it beside the others, or join what there is to one file",
    ]


def test_an_episode_knows_its_series(tmp_path: Path) -> None:
    put(tmp_path / "Fargo (2014)" / "Season 01" / "S01E02.mkv")
    (film,) = discover(tmp_path).films
    assert (film.key, film.series, film.episode) == ("Fargo (2014) S01E02", "Fargo (2014)", "S01E02")


@pytest.mark.parametrize("suffix", [".iso", ".strm", ".img"])
def test_a_file_of_a_kind_that_is_not_read_is_named_in_one_line(tmp_path: Path, suffix: str) -> None:
    put(tmp_path / f"Heat (1995){suffix}")
    inbox = discover(tmp_path)
    assert inbox.films == []
    assert [f"Heat (1995){suffix}" in problem for problem in inbox.problems] == [True]


def test_a_name_that_is_not_utf_8_is_reported_and_hides_no_other_film(tmp_path: Path) -> None:
    put(tmp_path / "Heat (1995).mkv")
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/Am\xe9lie (2001).mkv")))
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/Caf\xe9")) / "a.mkv")
    inbox = discover(tmp_path)
    assert [film.key for film in inbox.films] == ["Heat (1995)"]
    assert [problem.removeprefix(f"{tmp_path}/") for problem in inbox.problems] == [
        "Amélie (2001).mkv: its name is not UTF-8; rename it",
        "Café: its name is not UTF-8; rename it",
    ]


@pytest.mark.parametrize(
    "text", ["title: 2024-13-45", "gallery: ~no-such-user/x", 'cast: ["\\ud800"]', "name: [" * 2000]
)
def test_a_broken_sidecar_is_reported_and_hides_no_other_film(tmp_path: Path, text: str) -> None:
    put(tmp_path / "Heat (1995).mkv")
    put(tmp_path / "Ran (1985).mkv")
    (tmp_path / "Ran (1985).wios.yaml").write_text(text)
    inbox = discover(tmp_path)
    assert [film.key for film in inbox.films] == ["Heat (1995)"]
    assert ["Ran (1985).wios.yaml" in problem for problem in inbox.problems] == [True]
    assert inbox.unreadable == [tmp_path / "Ran (1985).mkv"]


def test_what_is_not_the_film_is_left_out(tmp_path: Path) -> None:
    put(tmp_path / "Heat (1995)" / "Heat (1995).mkv")
    for name in (
        "sample.mkv",
        "Heat (1995)-trailer.mp4",
        "Heat (1995)-deleted.mkv",
        "Heat (1995).nfo",
        ".hidden.mkv",
        "Heat.mkv.part",
        "Heat.mkv.crdownload",
        "Heat.tmp",
        "Heat.part.mkv",
        "extras/making of.mkv",
        "Behind The Scenes/x.mkv",
        ".actors/Al_Pacino.jpg",
    ):
        put(tmp_path / "Heat (1995)" / name)
    assert keys(tmp_path) == ["Heat (1995)"]


def test_a_film_whose_title_ends_like_an_extra_is_a_film(tmp_path: Path) -> None:
    put(tmp_path / "The-Big-Short.mkv")
    put(tmp_path / "The Interview (2014).mkv")
    put(tmp_path / "Trailer Park Boys (2006).mkv")
    assert keys(tmp_path) == ["The Interview (2014)", "The-Big-Short", "Trailer Park Boys (2006)"]


def test_quotes_unicode_and_leading_zeros_are_kept(tmp_path: Path) -> None:
    names = ["007", '"Swing it" magistern (1940)', "L'Été (2018)", "七人の侍 (1954)", "50% off, 1=1 (2001)"]
    for name in names:
        put(tmp_path / f"{name}.mkv")
    assert keys(tmp_path) == sorted(names)


def test_newlines_and_runs_of_spaces_become_one_space(tmp_path: Path) -> None:
    put(tmp_path / "Heat \n\t (1995).mkv")
    assert keys(tmp_path) == ["Heat (1995)"]


def test_a_name_in_parts_is_the_same_name_when_composed(tmp_path: Path) -> None:
    put(tmp_path / "Amélie.mkv")
    assert keys(tmp_path) == ["Amélie"]


def test_a_blank_name_is_a_problem(tmp_path: Path) -> None:
    put(tmp_path / "\n.mkv")
    inbox = discover(tmp_path)
    assert inbox.films == []
    assert "the name is blank" in inbox.problems[0]


def test_two_films_with_the_same_name_are_both_reported(tmp_path: Path) -> None:
    put(tmp_path / "Heat (1995).mkv")
    put(tmp_path / "Heat  (1995).mp4")
    inbox = discover(tmp_path)
    assert inbox.films == []
    assert [len(films) for films in inbox.contested.values()] == [2]


def test_a_sidecar_gives_the_name(tmp_path: Path) -> None:
    put(tmp_path / "x.mkv")
    put(tmp_path / "x.wios.yaml", b"name: '007'\ntconst: tt0055928\n")
    (film,) = discover(tmp_path).films
    assert film.key == "007"
    assert film.sidecar is not None
    assert film.sidecar.tconst == "tt0055928"
    assert film.called == "x"


def test_a_bad_sidecar_holds_back_only_its_own_film(tmp_path: Path) -> None:
    put(tmp_path / "bad.mkv")
    put(tmp_path / "bad.wios.yaml", b"actors: [x]\n")
    put(tmp_path / "good.mkv")
    inbox = discover(tmp_path)
    assert [film.key for film in inbox.films] == ["good"]
    assert "unknown key 'actors'" in inbox.problems[0]


def test_a_linked_film_is_followed_and_a_broken_link_reported(tmp_path: Path) -> None:
    target = put(tmp_path / "elsewhere" / "real.mkv", b"12345")
    inbox_folder = tmp_path / "inbox"
    inbox_folder.mkdir()
    (inbox_folder / "Linked (2000).mkv").symlink_to(target)
    (inbox_folder / "Gone (2000).mkv").symlink_to(tmp_path / "nowhere.mkv")
    (inbox_folder / "loop").symlink_to(inbox_folder)
    inbox = discover(inbox_folder)
    assert [(film.key, film.size) for film in inbox.films] == [("Linked (2000)", 5)]
    assert len(inbox.problems) == 1
    assert "nowhere.mkv, which is not there" in inbox.problems[0]


def test_a_missing_inbox_says_so_and_hides_its_films(tmp_path: Path) -> None:
    inbox = discover(tmp_path / "films")
    assert inbox.unreadable == [tmp_path / "films"]
    assert "no such folder" in inbox.problems[0]


def test_a_folder_that_cannot_be_opened_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refusing(folder: Path) -> object:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    inbox = discover(tmp_path)
    assert inbox.unreadable == [tmp_path / "closed"]
    assert "cannot be opened (Permission denied)" in inbox.problems[0]


def test_a_film_that_vanishes_while_looked_at_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "gone.mkv")
    put(tmp_path / "there.mkv")
    stat = Path.stat

    def vanishing(path: Path, **more: bool) -> os.stat_result:
        if path.name == "gone.mkv":
            raise OSError(116, "Stale file handle")
        return stat(path, **more)

    monkeypatch.setattr(Path, "stat", vanishing)
    inbox = discover(tmp_path)
    assert [film.key for film in inbox.films] == ["there"]
    assert inbox.unreadable == [tmp_path / "gone.mkv"]
    assert "Stale file handle" in inbox.problems[0]


def test_a_pipe_called_like_a_film_is_reported(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    inbox = discover(tmp_path)
    assert inbox.films == []
    assert "pipe.mkv: not a file" in inbox.problems[0]


def test_a_dvd_is_one_film_called_by_the_folder_around_it(tmp_path: Path) -> None:
    parts = tuple(put(tmp_path / "Heat (1995)" / "VIDEO_TS" / f"VTS_01_{n}.VOB") for n in (1, 2))
    (film,) = discover(tmp_path).films
    assert (film.key, film.parts) == ("Heat (1995)", parts)


@given(st.text(max_size=400))
def test_a_key_is_short_printable_and_stable(name: str) -> None:
    key = film_key(name)
    assert len(key) <= KEY_CHARACTERS
    assert len(key.encode()) <= KEY_BYTES
    assert key == key.strip()
    assert "..." not in key
    assert not any(ord(c) < 32 or ord(c) == 127 for c in key)
    assert film_key(key) == key
