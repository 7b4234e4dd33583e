"""A library of 300 files is taken as what it is: each file right, none wrong."""

from __future__ import annotations

from pathlib import Path

from benchmarks.library_layout import read_by_wios, wrong_readings
from wios_assets_tests.films.made_library import library


def test_every_file_of_a_large_library_is_taken_as_what_it_is(tmp_path: Path) -> None:
    files = library()

    assert len(files) >= 300
    assert len({file.path for file in files}) == len(files)
    assert wrong_readings(files, read_by_wios(files, tmp_path)) == []
