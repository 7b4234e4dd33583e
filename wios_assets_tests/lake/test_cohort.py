"""What the galleries of other films say for one film's names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from wios_assets.assets.options import naming_options
from wios_assets.lake.cohort import chosen_recogniser, read_cohort
from wios_assets.lake.store import write_rows
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.selection import RECOGNISERS, Recogniser, recogniser_called, recogniser_name
from wios_assets.settings import load_settings
from wios_assets.tables import GALLERY_EMBEDDINGS, RECOGNISER_SELECTION
from wios_assets_tests.naming.people import People


def store(lake: Path, film: str, *cast: str) -> None:
    write_rows(lake, GALLERY_EMBEDDINGS, People().gallery(cast, photos=2), film)


def store_winner(lake: Path, winner: Recogniser | None) -> None:
    rows = pd.DataFrame({"recogniser": [recogniser.name for recogniser in RECOGNISERS]})
    rows["chosen"] = rows["recogniser"] == (winner.name if winner else None)
    write_rows(lake, RECOGNISER_SELECTION, rows.reindex(columns=RECOGNISER_SELECTION.schema.names))


def test_the_cohort_is_the_people_of_all_other_films(tmp_path: Path) -> None:
    store(tmp_path, "Heat", "Al Pacino", "Val Kilmer")
    store(tmp_path, "The Insider", "Al Pacino", "Russell Crowe")
    store(tmp_path, "Ali", "Will Smith")
    cohort = read_cohort(tmp_path, "Heat", 100)
    assert set(cohort["actor"]) == {"Al Pacino", "Russell Crowe", "Will Smith"}
    assert cohort.groupby("actor").size().eq(2).all()


def test_a_person_of_two_other_films_is_taken_once_and_the_cohort_is_bounded(tmp_path: Path) -> None:
    store(tmp_path, "A", "Ann", "Bob", "Cy")
    store(tmp_path, "B", "Bob", "Dee", "Eve")
    assert len(read_cohort(tmp_path, "Heat", 100)) == 5 * 2
    assert read_cohort(tmp_path, "Heat", 4)["actor"].unique().tolist() == ["Ann", "Bob", "Cy", "Dee"]
    assert not len(read_cohort(tmp_path, "Heat", 0))


def test_a_lone_film_has_no_cohort(tmp_path: Path) -> None:
    store(tmp_path, "Heat", "Al Pacino")
    cohort = read_cohort(tmp_path, "Heat", 100)
    assert not len(cohort)
    assert set(GALLERY_EMBEDDINGS.schema.names) == set(cohort.columns)


def test_the_chosen_recogniser_is_read_back(tmp_path: Path) -> None:
    assert chosen_recogniser(tmp_path) is None
    store_winner(tmp_path, Recogniser("mean"))
    assert recogniser_called(chosen_recogniser(tmp_path)) == Recogniser("mean")
    store_winner(tmp_path, None)
    assert chosen_recogniser(tmp_path) is None
    assert recogniser_called(None) is None


@pytest.mark.parametrize(
    ("setting", "chosen", "nearest"),
    [
        ("chosen", None, NamingOptions().nearest_photos),
        ("chosen", Recogniser("mean"), 0),
        ("chosen", Recogniser("nearest", neighbours=2), 2),
        ("nearest photo", Recogniser("mean"), 1),
        ("nearest mean", None, 0),
    ],
)
def test_naming_compares_as_chosen_unless_the_user_pins_another(
    tmp_path: Path, setting: str, chosen: Recogniser | None, nearest: int
) -> None:
    options = naming_options(load_settings(data=tmp_path, naming={"recogniser": setting}), chosen)
    assert options.nearest_photos == nearest
    if setting != "chosen":
        assert recogniser_name(options.nearest_photos) == setting


def test_every_usable_recogniser_can_be_pinned_by_its_name(tmp_path: Path) -> None:
    for recogniser in RECOGNISERS:
        if recogniser.nearest_photos is not None:
            pinned = naming_options(load_settings(data=tmp_path, naming={"recogniser": recogniser.name}))
            assert pinned.nearest_photos == recogniser.nearest_photos
