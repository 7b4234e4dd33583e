"""Names of films and episodes as Kodi, Jellyfin, Plex and release groups write them are read right."""

from __future__ import annotations

import pytest

from benchmarks.file_names import FOLDER, compare, read_by_wios
from wios_assets.films.names import read_name, read_part


def test_two_hundred_names_are_read_right() -> None:
    counts, wrong = compare(FOLDER / "names.csv", read_by_wios)
    assert counts["names"] == 200
    assert wrong == []


def test_names_that_no_rule_was_made_for_are_read_right() -> None:
    counts, wrong = compare(FOLDER / "more_names.csv", read_by_wios)
    assert counts["names"] == 40
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("Kingdom.of.Heaven.2005.DC.1080p.BluRay.x264", "Director's Cut 1080p BluRay x264"),
        ("La Dolce Vita (1960) [Criterion Collection]", "Criterion Collection"),
        ("The.Final.Cut.2004.DVDRip", "DVDRip"),
        ("The Final Cut", ""),
    ],
)
def test_a_version_is_read_after_the_year_and_not_in_the_title(name: str, version: str) -> None:
    assert read_name(name).version == version


def test_the_size_of_a_disc_is_no_part() -> None:
    assert read_part("The Proposition 2005 DVD5") is None
    assert read_part("The Proposition 2005 DVD-9") is None
    part = read_part("Novecento (1976) - dvd2")
    assert part is not None
    assert part.number == 2
