"""What happened between two looks at the inbox."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wios_assets.errors import WiosError
from wios_assets.films.inbox import discover
from wios_assets.films.index import FilmChanges, FilmIndex, IndexEntry, Look, film_changes, read_index, write_index

LONG_AGO = 1_000_000_000.0
SETTLE = 10.0


class Folder:
    """An inbox with a clock and a count of the files that were read."""

    def __init__(self, path: Path) -> None:
        self.path, self.index, self.now = path, FilmIndex(), LONG_AGO + 1_000_000
        self.read: list[str] = []
        path.mkdir(exist_ok=True)

    def put(self, name: str, content: bytes, changed: float = LONG_AGO) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (changed, changed))
        return path

    def fingerprint(self, path: Path) -> str:
        self.read.append(path.name)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def look(self) -> FilmChanges:
        self.read.clear()
        changes = film_changes(self.index, discover(self.path), self.now, SETTLE, self.fingerprint)
        self.index = changes.index
        self.now += 15
        return changes


@pytest.fixture
def inbox(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "films")


def nothing(changes: FilmChanges) -> bool:
    return not (
        changes.new
        or changes.changed
        or changes.returned
        or changes.renamed
        or changes.edited
        or changes.removed
        or changes.problems
    )


def test_a_new_film_is_new_once(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    assert [change.key for change in inbox.look().new] == ["A"]
    assert nothing(inbox.look())


def test_an_unchanged_film_is_not_read_again(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    inbox.look()
    inbox.look()
    assert inbox.read == []


def test_a_film_still_being_copied_waits(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a", changed=inbox.now - 1)
    changes = inbox.look()
    assert changes.new == []
    assert list(changes.waiting.values()) == ["changed just now"]
    assert inbox.read == []
    inbox.put("A.mkv", b"ab")
    assert list(inbox.look().waiting.values()) == ["still being copied"]
    assert [change.key for change in inbox.look().new] == ["A"]
    assert inbox.index.looks == {}


def test_a_file_from_the_future_is_taken_once_it_stands_still(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a", changed=inbox.now + 1_000_000)
    assert inbox.look().new == []
    assert [change.key for change in inbox.look().new] == ["A"]


def test_a_renamed_film_keeps_its_key_and_is_not_analysed_twice(inbox: Folder) -> None:
    path = inbox.put("A.mkv", b"a")
    inbox.look()
    path.rename(inbox.path / "B (2001).mkv")
    changes = inbox.look()
    assert [(change.key, change.entry.path) for change in changes.renamed] == [("A", str(inbox.path / "B (2001).mkv"))]
    assert (changes.new, changes.removed) == ([], {})
    assert nothing(inbox.look())


def test_a_name_taken_over_by_another_film_is_changed_content(inbox: Folder) -> None:
    a, b = inbox.put("A.mkv", b"a"), inbox.put("B.mkv", b"bb")
    inbox.look()
    a.rename(inbox.path / "C.mkv")
    b.rename(inbox.path / "A.mkv")
    changes = inbox.look()
    assert [change.key for change in changes.changed] == ["A"]
    assert [change.key for change in changes.new] == ["C"]
    assert list(changes.removed) == ["B"]
    assert changes.problems == []


def test_a_film_with_other_content_is_changed(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    inbox.look()
    inbox.put("A.mkv", b"other")
    (change,) = inbox.look().changed
    assert change.key == "A"
    assert change.before is not None
    assert change.before.fingerprint != change.entry.fingerprint


def test_a_film_replaced_by_another_container_is_changed(inbox: Folder) -> None:
    path = inbox.put("A.avi", b"a")
    inbox.look()
    path.unlink()
    inbox.put("A.mkv", b"better")
    changes = inbox.look()
    assert [change.key for change in changes.changed] == ["A"]
    assert changes.removed == {}


def test_a_touched_film_is_read_but_not_changed(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    inbox.look()
    inbox.put("A.mkv", b"a", changed=LONG_AGO + 5)
    assert nothing(inbox.look())
    assert inbox.look().index.films["A"].mtime_ns == int((LONG_AGO + 5) * 1e9)


def test_a_removed_film_stays_and_is_marked_and_may_return(inbox: Folder) -> None:
    path = inbox.put("A.mkv", b"a")
    inbox.look()
    path.unlink()
    assert list(inbox.look().removed) == ["A"]
    assert inbox.index.films["A"].present is False
    assert nothing(inbox.look())
    inbox.put("sub/A again.mkv", b"a")
    changes = inbox.look()
    assert [change.key for change in changes.returned] == ["A"]
    assert inbox.index.films["A"].present is True


def test_a_film_that_returns_with_other_content_is_changed(inbox: Folder) -> None:
    path = inbox.put("A.mkv", b"a")
    inbox.look()
    path.unlink()
    inbox.look()
    inbox.put("A.mkv", b"other")
    changes = inbox.look()
    assert [change.key for change in changes.changed] == ["A"]
    assert changes.returned == []


def test_a_copy_is_reported_and_the_original_keeps_its_place(inbox: Folder) -> None:
    inbox.put("B.mkv", b"a")
    inbox.look()
    inbox.put("A copy.mkv", b"a")
    changes = inbox.look()
    assert changes.new == []
    assert "the same film as" in changes.problems[0]
    assert "'B'" in changes.problems[0]


def test_a_copy_with_a_name_of_its_own_is_a_film_of_its_own(inbox: Folder) -> None:
    inbox.put("B.mkv", b"a")
    inbox.look()
    inbox.put("C.mkv", b"a")
    inbox.put("C.wios.yaml", b"name: C again")
    assert [change.key for change in inbox.look().new] == ["C again"]


def test_a_second_file_of_a_known_name_is_reported_and_the_first_stays(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    inbox.look()
    inbox.put("A.mp4", b"b")
    changes = inbox.look()
    assert changes.new == changes.changed == []
    assert changes.removed == {}
    assert "'A' would be the name of 2 films" in changes.problems[0]


def test_two_new_files_of_one_name_are_both_left_until_one_is_renamed(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    inbox.put("A.mp4", b"b")
    assert inbox.look().new == []
    (inbox.path / "A.mp4").unlink()
    assert [change.key for change in inbox.look().new] == ["A"]


def test_the_old_name_of_a_renamed_film_is_not_free(inbox: Folder) -> None:
    path = inbox.put("A.mkv", b"a")
    inbox.look()
    path.rename(inbox.path / "B.mkv")
    inbox.look()
    inbox.put("A.mkv", b"new film")
    changes = inbox.look()
    assert changes.new == changes.changed == []
    assert "'A' is the name of" in changes.problems[0]


def test_an_edited_sidecar_is_told_apart_from_an_edited_film(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    inbox.look()
    inbox.put("A.wios.yaml", b"cast: [Someone]")
    changes = inbox.look()
    assert [change.key for change in changes.edited] == ["A"]
    assert changes.changed == []
    assert nothing(inbox.look())


def test_a_broken_sidecar_does_not_remove_its_film(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    inbox.look()
    inbox.put("A.wios.yaml", b"nonsense: 1")
    changes = inbox.look()
    assert changes.removed == {}
    assert "unknown key" in changes.problems[0]


def test_a_missing_inbox_removes_nothing(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")
    inbox.look()
    inbox.path.rename(inbox.path.with_name("unmounted"))
    changes = inbox.look()
    assert changes.removed == {}
    assert changes.index.films["A"].present is True


def test_a_film_that_cannot_be_read_is_reported_and_tried_again(inbox: Folder) -> None:
    inbox.put("A.mkv", b"a")

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    changes = film_changes(inbox.index, discover(inbox.path), inbox.now, SETTLE, refuse)
    assert changes.new == []
    assert "cannot be read" in changes.problems[0]
    assert [change.key for change in inbox.look().new] == ["A"]


def test_empty_files_are_not_taken_for_copies_of_each_other(inbox: Folder) -> None:
    inbox.put("A.mkv", b"")
    inbox.put("B.mkv", b"")
    assert [change.key for change in inbox.look().new] == ["A", "B"]


def test_an_index_survives_being_written(tmp_path: Path) -> None:
    index = FilmIndex(
        {'"Swing" é\n007': IndexEntry("/films/\udce9.mkv", 1, 2, "f", False, "s")}, {"/x": Look(3, 4, 5.5)}
    )
    path = tmp_path / "data" / "films.json"
    write_index(path, index)
    assert read_index(path) == index
    assert [file.name for file in path.parent.iterdir()] == ["films.json"]


def test_without_a_file_the_index_is_empty(tmp_path: Path) -> None:
    assert read_index(tmp_path / "films.json") == FilmIndex()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": 9}', '{"version": 1, "films": {"a": {"path": 1}}, "looks": {}}',
     '{"version": 1, "films": {"a": {"path": 1, "size": 1, "mtime_ns": 1, "fingerprint": "f"}}, "looks": {}}'],
)  # fmt: skip
def test_a_broken_index_is_named_with_a_way_on(tmp_path: Path, text: str) -> None:
    path = tmp_path / "films.json"
    path.write_text(text)
    with pytest.raises(WiosError, match=r"films\.json: not an index of films .* move it away"):
        read_index(path)


NAMES = st.sampled_from(["A", "B", "C"])
CONTENTS = st.sampled_from([b"1", b"22", b"333"])
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES, CONTENTS),
    st.tuples(st.just("remove"), NAMES, st.none()),
    st.tuples(st.just("move"), NAMES, NAMES),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_whatever_happens_to_the_files_the_index_ends_true(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, bytes | str | None]]
) -> None:
    """After any history, every present entry is a file with that content, and a second look finds nothing."""
    inbox = Folder(tmp_path_factory.mktemp("films"))
    for step, name, value in steps:
        path = inbox.path / f"{name}.mkv"
        if isinstance(value, bytes):
            inbox.put(path.name, value, changed=LONG_AGO + len(value))
        elif path.exists() and step == "remove":
            path.unlink()
        elif path.exists() and step == "move":
            path.rename(inbox.path / f"{value}.mkv")
        before = dict(inbox.index.films)
        changes = inbox.look()
        assert set(before) <= set(inbox.index.films)
        paths = [entry.path for entry in inbox.index.films.values() if entry.present]
        assert len(paths) == len(set(paths))
        for entry in inbox.index.films.values():
            file = Path(entry.path)
            if entry.present:
                assert hashlib.sha256(file.read_bytes()).hexdigest() == entry.fingerprint
        reports = {file.name for file in inbox.path.iterdir() if any(str(file) in text for text in changes.problems)}
        assert {Path(path).name for path in paths} | reports == {file.name for file in inbox.path.iterdir()}
        again = inbox.look()
        assert [again.new, again.changed, again.renamed, again.returned, again.removed] == [[], [], [], [], {}]
