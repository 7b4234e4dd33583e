"""Logs of services: their last lines, and new ones across the change to a new file."""

from __future__ import annotations

from pathlib import Path

from wios_assets.services.logs import LogReader, last_lines


def test_the_last_lines_reach_into_older_files(tmp_path: Path) -> None:
    log = tmp_path / "page.log"
    for name, numbers in {"page.log.10": "01", "page.log.2": "23", "page.log.1": "45", "page.log": "67"}.items():
        (tmp_path / name).write_text("".join(f"line {number}\n" for number in numbers))
    assert last_lines(log, 3) == ["line 5", "line 6", "line 7"]
    assert last_lines(log, 100) == [f"line {number}" for number in range(8)]
    assert last_lines(log, 0) == []
    assert last_lines(tmp_path / "none.log", 5) == []


def test_new_lines_are_given_once_and_whole(tmp_path: Path) -> None:
    log = tmp_path / "page.log"
    log.write_text("before\n")
    with LogReader(log, from_end=True) as reader, log.open("a", buffering=1) as writer:
        assert list(reader.lines()) == []
        writer.write("one\ntw")
        writer.flush()
        assert list(reader.lines()) == ["one"]
        writer.write("o\n")
        assert list(reader.lines()) == ["two"]
        assert list(reader.lines()) == []


def test_a_new_file_of_the_same_name_is_followed_and_nothing_of_the_old_one_is_lost(tmp_path: Path) -> None:
    log = tmp_path / "page.log"
    log.write_text("")
    with LogReader(log, from_end=True) as reader:
        with log.open("a") as writer:
            writer.write("last of the old\n")
        log.rename(tmp_path / "page.log.1")
        log.write_text("first of the new\n")
        assert list(reader.lines()) == ["last of the old", "first of the new"]


def test_a_log_that_is_not_there_yet_is_read_from_its_beginning_once_it_is(tmp_path: Path) -> None:
    with LogReader(tmp_path / "page.log", from_end=True) as reader:
        assert list(reader.lines()) == []
        (tmp_path / "page.log").write_text("hello\n")
        assert list(reader.lines()) == ["hello"]
