from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from wios_assets.atomic import LEFTOVER_AGE_S, atomic_path, remove_leftovers, write_atomic


def test_text_is_stored_as_utf8_in_a_folder_made_for_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "names.txt"
    write_atomic(file, "Zoë\r\n")
    assert file.read_bytes() == "Zoë\r\n".encode()
    assert list(file.parent.iterdir()) == [file]


def test_bytes_replace_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    write_atomic(file, b"old", durable=True)
    write_atomic(file, b"new", durable=True)
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "library.duckdb"
    write_atomic(file, "old")

    def fail_halfway() -> None:
        with atomic_path(file) as temporary:
            temporary.write_text("half of the new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_can_be_replaced_by_one_with_other_permissions(tmp_path: Path) -> None:
    file = tmp_path / "java"
    with atomic_path(file) as temporary:
        temporary.write_text("#!/bin/sh\n")
        temporary.chmod(0o755)
    assert os.access(file, os.X_OK)


def test_writers_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    contents = [str(number) * 10_000 for number in range(8)]
    write_atomic(file, contents[0])
    mixed: list[str] = []

    def write(content: str) -> None:
        for _ in range(50):
            write_atomic(file, content)
            if (seen := file.read_text()) not in contents:
                mixed.append(seen)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not mixed
    assert list(tmp_path.iterdir()) == [file]


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path) -> None:
    file = tmp_path / ("映" * 85)
    write_atomic(file, "film")
    assert file.read_text() == "film"


def test_only_old_leftovers_of_the_same_file_are_removed(tmp_path: Path) -> None:
    file = tmp_path / "film [1995].mkv"
    names = (".film [1995].mkv.dead.tmp", ".film [1995].mkv.alive.tmp", ".another.mkv.dead.tmp", "film.tmp")
    for name in names:
        (tmp_path / name).touch()
        if "alive" not in name:
            os.utime(tmp_path / name, (0.0, LEFTOVER_AGE_S))
    remove_leftovers(file)
    assert {entry.name for entry in tmp_path.iterdir()} == set(names[1:])
