"""Decisions show in names that rest on an earlier state of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wios_assets.reviews.overlay import chosen_portraits, decided_names, followers
from wios_assets.tables import TRACK_NAMES
from wios_assets.timeline.frames import table_frame


@dataclass(frozen=True)
class Said:
    decision: str
    actor: str | None
    probability: float | None = 0.9


@dataclass(frozen=True)
class Made:
    verdict: str
    person: str | None
    revision: int = 1
    undone_revision: int = 0
    claim: Said | None = None
    portrait: bool = False


def shown(*actors: str | None, rests_on: int | None = None, **decisions: Any) -> list[str | None]:
    """Actors of tracks that naming gave `actors`, with the decisions on each, `t<number>=[...]`."""
    rows: list[dict[str, object]] = [
        {"track": n, "actor": a, "decision": "weak" if a is None else "named", "photos": [], "decisions": rests_on}
        for n, a in enumerate(actors)
    ]
    by_track = {int(name[1:]): made for name, made in decisions.items()}
    changed = decided_names(table_frame(rows, TRACK_NAMES), by_track)
    assert all((row["actor"] is None) == (row["decision"] == "weak") for row in changed.to_dict("records"))
    return changed["actor"].tolist()


def test_a_decision_shows_at_once_and_on_its_track_alone() -> None:
    assert shown("ada", None, t1=[Made("is", "ben")]) == ["ada", "ben"]
    assert shown("ada", None, t0=[Made("not_a_face", None)]) == [None, None]
    assert shown("ada", None, t0=[Made("is_not", "ada")]) == [None, None]
    assert shown("ada", None, t0=[Made("is_not", "ben")]) == ["ada", None]


def test_the_latest_decision_shows() -> None:
    assert shown(None, t0=[Made("is", "ada", 1), Made("is", "ben", 2)]) == ["ben"]
    assert shown(None, t0=[Made("is", "ada", 1), Made("is_not", "ada", 2)]) == [None]
    assert shown("ada", t0=[Made("is", "ben", 1), Made("is_not", "ben", 2)]) == ["ada"]


def test_what_is_taken_back_before_a_run_is_gone() -> None:
    assert shown("ada", t0=[Made("is", "ben", 1, undone_revision=2)]) == ["ada"]


def test_what_is_taken_back_after_a_run_is_as_naming_had_it() -> None:
    made = Made("is", "ben", 1, undone_revision=2, claim=Said("named", "ada"))
    assert shown("ben", rests_on=1, t0=[made]) == ["ada"]
    assert shown("ben", rests_on=2, t0=[made]) == ["ben"]


def test_an_unknown_person_of_before_is_not_taken_for_another_of_now() -> None:
    made = Made("is", "ben", 1, undone_revision=2, claim=Said("unknown", "unknown:1"))
    assert shown("ben", "unknown:1", "ben", rests_on=1, t0=[made], t2=[made]) == ["unknown:2", "unknown:1", "unknown:2"]


def test_unknown_people_who_are_one_show_under_one_number_and_apart_once_that_is_taken_back() -> None:
    rows = [
        {"track": n, "actor": f"unknown:{n}", "decision": "unknown", "photos": [], "numbers": [n], "probability": 0.7}
        for n in (1, 2)
    ]
    one = decided_names(table_frame(rows, TRACK_NAMES), {2: [Made("is", "unknown:1")]})
    assert one[["actor", "decision", "probability"]].values.tolist() == [["unknown:1", "unknown", 0.7]] * 2
    # A run that worked the decision in leaves the tracks their own numbers.
    worked_in = table_frame([rows[0], {**rows[1], "actor": "unknown:1", "decisions": 1}], TRACK_NAMES)
    undone = Made("is", "unknown:1", 1, undone_revision=2, claim=Said("unknown", "unknown:2"))
    assert decided_names(worked_in, {2: [undone]})["actor"].tolist() == ["unknown:1", "unknown:2"]


def test_names_that_rest_on_all_decisions_stay_as_they_are() -> None:
    assert shown("cleo", rests_on=5, t0=[Made("is", "ben", 3)]) == ["cleo"]


def test_a_decision_takes_a_likely_name_away_and_an_undone_one_gives_the_present_number() -> None:
    perhaps = [{"actor": "ada", "probability": 0.6}, {"actor": "ben", "probability": 0.3}]
    row = {"track": 0, "actor": "unknown:7", "decision": "unknown", "photos": [], "perhaps": perhaps, "numbers": [7, 2]}
    stored = table_frame([row], TRACK_NAMES)

    def left(*made: Made) -> list[str]:
        return [each["actor"] for each in decided_names(stored, {0: made})["perhaps"][0]]

    assert left(Made("is_not", "ada")) == ["ben"]
    assert left(Made("is", "ben")) == left(Made("not_a_face", None)) == []
    named = table_frame([{**row, "actor": "ben", "decision": "named", "decisions": 1, "perhaps": []}], TRACK_NAMES)
    undone = Made("is", "ben", 1, undone_revision=2, claim=Said("unknown", "unknown:2"))
    assert decided_names(named, {0: [undone]})["actor"].tolist() == ["unknown:7"]


def test_tracks_that_followed_a_decision_go_back_with_it() -> None:
    rows = [
        {"track": 0, "actor": "ben", "decision": "named", "reason": "a person decided so"},
        {
            "track": 1,
            "actor": "ben",
            "decision": "named",
            "reason": "like track 0, which a person named",
            "numbers": [3],
        },
        {"track": 2, "actor": "ben", "decision": "named", "reason": "like track 0, which a person named"},
        {"track": 3, "actor": "ben", "decision": "named", "reason": "ben at 0.31 from the nearest photos"},
    ]
    names = table_frame([{"photos": [], "decisions": 1, **row} for row in rows], TRACK_NAMES)
    assert followers(names, [0], "ben") == [1, 2]
    undone = Made("is", "ben", 1, undone_revision=2, claim=Said("weak", None))
    assert decided_names(names, {0: [undone]})["actor"].tolist() == [None, "unknown:3", None, "ben"]
    other = Made("is", "ada", 2)
    assert decided_names(names, {0: [Made("is", "ben"), other]})["actor"].tolist() == ["ada", "unknown:3", None, "ben"]


def test_the_face_chosen_last_stands_for_a_person_while_it_shows_the_person() -> None:
    first, second = Made("is", "ben", 1, portrait=True), Made("is", "ben", 2, portrait=True)
    assert chosen_portraits({0: [first], 1: [second], 2: [Made("is", "ada", 3)]}) == {"ben": 1}
    assert chosen_portraits({0: [first], 1: [Made("is", "ben", 2, undone_revision=3, portrait=True)]}) == {"ben": 0}
    assert chosen_portraits({0: [first], 1: [second, Made("is", "ada", 3)]}) == {"ben": 0}
