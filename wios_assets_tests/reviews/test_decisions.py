"""Decisions of people as they are stored: who, when, taken back, and two who decide on one track."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from wios_assets.errors import WiosError
from wios_assets.reviews.decisions import (
    AlreadyDecided,
    Decision,
    UnknownDecision,
    active,
    decide,
    decisions_file,
    import_decisions,
    read_decisions,
    read_faces,
    revision_of,
    undo,
)
from wios_assets_tests.reviewed_lake import FILM, store_reviewed_film


@pytest.fixture
def data(tmp_path: Path) -> Path:
    store_reviewed_film(tmp_path / "lake")
    return tmp_path


def say(data: Path, tracks: list[int], person: str, by: str = "Ann", seen: int | None = None) -> list[Decision]:
    return decide(data, data / "lake", FILM, tracks, "is", person, everywhere=False, by=by, seen=seen)


def test_who_decided_and_when_and_what_naming_had_said_are_kept(data: Path) -> None:
    say(data, [0], "Eileen Collins")
    (made,) = read_decisions(data, FILM)
    assert (made.decided_by, made.person, made.revision) == ("Ann", "Eileen Collins", 1)
    assert made.decided_at.tzinfo is not None
    assert made.claim is not None
    assert (made.claim.decision, made.claim.actor) == ("named", "Grace Hopper")


def test_a_decision_that_is_taken_back_no_longer_counts_and_is_kept(data: Path) -> None:
    (made,) = say(data, [0], "Eileen Collins")
    assert len(active(read_decisions(data, FILM))) == 1
    undo(data, FILM, made.id, "Ben")
    (kept,) = read_decisions(data, FILM)
    assert (kept.undone_by, kept.decided_by, revision_of([kept])) == ("Ben", "Ann", 2)
    assert len(active([kept])) == 0
    with pytest.raises(UnknownDecision, match="taken back by Ben before"):
        undo(data, FILM, made.id, "Cat")
    with pytest.raises(UnknownDecision, match="does not exist"):
        undo(data, FILM, "nothing", "Cat")


def test_one_act_on_several_tracks_is_taken_back_as_one(data: Path) -> None:
    made = say(data, [1, 2], "Somebody New")
    assert len({each.id for each in made}) == 1
    assert len(undo(data, FILM, made[0].id)) == 2
    assert len(active(read_decisions(data, FILM))) == 0


def test_the_second_of_two_reviewers_is_told_of_the_first_and_can_still_decide(data: Path) -> None:
    (first,) = say(data, [0], "Eileen Collins", by="Ann", seen=0)
    with pytest.raises(AlreadyDecided, match=r"Ann decided on .* that it is Eileen Collins") as error:
        say(data, [0], "Grace Hopper", by="Ben", seen=0)
    assert error.value.decision == first
    assert len(read_decisions(data, FILM)) == 1
    say(data, [0], "Grace Hopper", by="Ben", seen=first.revision)
    assert [(each.decided_by, each.person) for each in read_decisions(data, FILM)] == [
        ("Ann", "Eileen Collins"),
        ("Ben", "Grace Hopper"),
    ]


def test_decisions_on_other_tracks_are_no_conflict(data: Path) -> None:
    say(data, [1], "Eileen Collins", seen=0)
    say(data, [0], "Eileen Collins", seen=0)
    assert revision_of(read_decisions(data, FILM)) == 2


def test_what_many_decide_at_once_is_all_kept(data: Path) -> None:
    faces = read_faces(data / "lake", FILM)

    def one(number: int) -> None:
        decide(data, data / "lake", FILM, [number % 3], "is", f"Nr {number}", everywhere=False, faces=faces)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = read_decisions(data, FILM)
    assert {each.person for each in made} == {f"Nr {number}" for number in range(12)}
    assert sorted(each.revision for each in made) == list(range(1, 13))


def test_decisions_find_their_tracks_again(data: Path) -> None:
    say(data, [2, 0], "Grace Hopper")
    assert read_faces(data / "lake", FILM).find(read_decisions(data, FILM)) == [2, 0]


def test_a_track_without_a_face_to_go_by_cannot_be_decided_on(data: Path) -> None:
    for tracks in ([3], [99], []):
        with pytest.raises(WiosError, match="has no face with an embedding"):
            say(data, tracks, "Grace Hopper")
    assert not decisions_file(data, FILM).exists()


def test_a_file_from_before_acts_were_counted_is_read(data: Path) -> None:
    say(data, [0], "Grace Hopper")
    file = decisions_file(data, FILM)
    kept = (
        *("time_s", "left", "top", "right", "bottom", "embedding"),
        *("model_hash", "verdict", "person", "everywhere", "decided_at"),
    )
    (entry,) = json.loads(file.read_text())
    file.write_text(json.dumps([{name: entry[name] for name in kept}] * 2))
    made = read_decisions(data, FILM)
    assert [(each.id, each.revision, each.decided_by) for each in made] == [("1", 1, None), ("2", 2, None)]


@pytest.mark.parametrize("content", ["{", "{}", '[{"time_s": 1}]', "[1]"])
def test_a_file_that_is_not_one_is_named(data: Path, content: str) -> None:
    file = decisions_file(data, FILM)
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(WiosError, match="cannot be read"):
        read_decisions(data, FILM)


def test_decisions_made_elsewhere_are_taken_in_once(data: Path, tmp_path: Path) -> None:
    say(data, [0], "Eileen Collins")
    (second,) = say(data, [1], "Grace Hopper")
    undo(data, FILM, second.id, "Ben")
    made = read_decisions(data, FILM)
    elsewhere = tmp_path / "elsewhere"
    assert import_decisions(elsewhere, FILM, made) == (2, 0)
    assert read_decisions(elsewhere, FILM) == [
        made[0],
        made[1].model_copy(update={"revision": 2, "undone_revision": 2}),
    ]
    assert import_decisions(elsewhere, FILM, made) == (0, 0)
    undo(data, FILM, made[0].id, "Cat")
    assert import_decisions(elsewhere, FILM, read_decisions(data, FILM)) == (0, 1)
    assert len(active(read_decisions(elsewhere, FILM))) == 0
