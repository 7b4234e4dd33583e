"""A decision shows at once in exports, the command line's answers and players' files, and is gone when taken back."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from wios_assets.errors import Unavailable
from wios_assets.exports.files import export_bytes
from wios_assets.lake.library import Library, open_library
from wios_assets.lake.store import read_rows
from wios_assets.reviews import current_timeline
from wios_assets.reviews.decisions import Decision, decide, decisions_file, read_decisions, revision_of, undo
from wios_assets.reviews.film_decisions import match_decisions
from wios_assets.reviews.stored_revision import stored_revision
from wios_assets.settings import Settings
from wios_assets.tables import APPEARANCES
from wios_assets_tests.reviewed_lake import DURATION_S, FILM, NAMES, reviewed_settings
from wios_assets_tests.sample_lake import store

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return reviewed_settings(tmp_path)


@pytest.fixture
def library(settings: Settings) -> Library:
    return open_library(settings)


def decided(settings: Settings, tracks: list[int], person: str | None = "Averil Mean", verdict: str = "is") -> str:
    made = decide(settings.data, settings.lake, FILM, tracks, verdict, person, everywhere=False)  # type: ignore[arg-type]
    return made[0].id


def everyone(library: Library) -> dict[str, set[str]]:
    """Who is in the film, by each of the ways to ask."""
    document = json.loads(export_bytes(library, FILM, "appearances", "json"))
    sidecar = json.loads(export_bytes(library, FILM, "sidecar", "json"))
    return {
        "appearances": {row["actor"] for row in current_timeline.appearances(library, FILM)},
        "minutes": {row["actor"] for row in current_timeline.minutes(library, FILM)},
        "screen time": {row["actor"] for row in current_timeline.screen_time(library, FILM)},
        "who": {row["actor"] for t in (2, 25, 42) for row in current_timeline.who(library, FILM, t)},
        "document": {person["actor"] for person in document["people"]},
        "sidecar": {person["actor"] for person in sidecar["people"]},
    }


def test_a_decision_is_read_by_all_and_so_is_its_undoing(settings: Settings, library: Library) -> None:
    before = everyone(library)
    assert set(map(frozenset, before.values())) == {frozenset({"Grace Hopper", "unknown:1"})}
    act = decided(settings, [1])
    assert set(map(frozenset, everyone(library).values())) == {frozenset({"Grace Hopper", "Averil Mean"})}
    assert "Averil Mean" in export_bytes(library, FILM, "report", "html").decode()
    undo(settings.data, FILM, act)
    assert everyone(library) == before


def test_rows_with_decisions_have_the_columns_of_the_stored_ones(settings: Settings, library: Library) -> None:
    stored = current_timeline.appearances(library, FILM)
    decided(settings, [2], "Eileen Collins")
    current = current_timeline.appearances(library, FILM)
    assert [list(row) for row in current] == [list(stored[0])] * 3
    content = export_bytes(library, FILM, "appearances", "parquet")
    (settings.data / "x.parquet").write_bytes(content)
    table = pq.read_table(settings.data / "x.parquet")
    assert table.schema.equals(APPEARANCES.schema)
    assert table["actor"].to_pylist() == ["Grace Hopper", "unknown:1", "Eileen Collins"]


def test_the_lake_is_read_where_it_rests_on_all_decisions(settings: Settings, library: Library) -> None:
    assert current_timeline.rows_with_decisions(library, FILM, DURATION_S) is None
    decided(settings, [1])
    assert current_timeline.rows_with_decisions(library, FILM, DURATION_S) is not None
    full = [{"track": n, "reason": "", "model_hash": "0" * 16, **row, "decisions": 1} for n, row in enumerate(NAMES)]
    store(settings.lake, "track_names", full, FILM)
    assert current_timeline.rows_with_decisions(library, FILM, DURATION_S) is None


def test_a_hidden_person_is_nowhere(settings: Settings, library: Library) -> None:
    act = decided(settings, [1], None, "hidden")
    assert set(map(frozenset, everyone(library).values())) == {frozenset({"Grace Hopper"})}
    undo(settings.data, FILM, act)
    assert everyone(library)["who"] == {"Grace Hopper", "unknown:1"}


def test_decisions_are_matched_by_position_and_else_by_embedding(settings: Settings) -> None:
    decided(settings, [0, 2])
    stored = read_decisions(settings.data, FILM)
    assert set(match_decisions(settings.lake, FILM, stored).by_track) == {0, 2}
    elsewhere = [each.model_copy(update={"left": 900.0, "right": 980.0}) for each in stored]
    assert set(match_decisions(settings.lake, FILM, elsewhere).by_track) == {0, 2}
    assert match_decisions(settings.lake, "nothing", stored).by_track == {}


def test_the_revision_is_read_without_the_decisions(settings: Settings) -> None:
    assert stored_revision(settings.data, FILM) == 0
    act = decided(settings, [1])
    decided(settings, [2])
    undo(settings.data, FILM, act)
    assert stored_revision(settings.data, FILM) == revision_of(read_decisions(settings.data, FILM)) == 3
    file = decisions_file(settings.data, FILM)
    plain = [each for each in json.loads(file.read_text()) if each.pop("revision") and each.pop("undone_revision") > -1]
    file.write_text(json.dumps(plain))
    assert stored_revision(settings.data, FILM) == revision_of(read_decisions(settings.data, FILM)) == 2
    file.write_text("{")
    with pytest.raises(Unavailable, match="mend it"):
        stored_revision(settings.data, FILM)


def test_a_decision_outlives_the_reader_of_it(settings: Settings, library: Library) -> None:
    decided(settings, [1])
    library.close()
    with open_library(settings) as again:
        assert everyone(again)["who"] == {"Grace Hopper", "Averil Mean"}
    assert read_rows(settings.lake, APPEARANCES, FILM)["actor"].to_pylist() == ["Grace Hopper", "unknown:1"]
    assert all(isinstance(each, Decision) for each in read_decisions(settings.data, FILM))


def test_a_chosen_face_is_the_portrait_of_players_files(settings: Settings, library: Library) -> None:
    decided(settings, [1, 2], "Grace Hopper")

    def portrait() -> int:
        (person,) = json.loads(export_bytes(library, FILM, "sidecar", "json"))["people"]
        with Image.open(io.BytesIO(base64.b64decode(person["picture"]))) as picture:
            return int(np.asarray(picture)[..., 0].mean())

    for track in (2, 0, 1):
        decide(settings.data, settings.lake, FILM, [track], "is", "Grace Hopper", everywhere=False, portrait=True)
        # The chip of a track has a shade of its own.
        assert portrait() == pytest.approx(60 * track, abs=4)
