"""Films registered in the index, and the lookup of their files and results by key."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from wios_assets.errors import NotFound
from wios_assets.films.index import IndexEntry
from wios_assets.films.registry import film_source, finished_content, video_path
from wios_assets.lake.paths import parquet_files, partition_folder
from wios_assets.lake.store import write_rows
from wios_assets.settings import load_settings
from wios_assets.tables import FILM, MINUTE_APPEARANCES, SCREEN_TIME


def test_a_film_whose_row_is_damaged_is_not_finished_and_stops_no_other(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    for film in ("Heat (1995)", "Ran (1985)"):
        row = {"path": f"/films/{film}.mkv", "fingerprint": f"content of {film}", "title": film}
        write_rows(settings.lake, FILM, pa.Table.from_pylist([{"film": film, **row}], FILM.schema), film)
        for table in (SCREEN_TIME, MINUTE_APPEARANCES):
            write_rows(settings.lake, table, table.schema.empty_table(), film)
    assert set(finished_content(settings)) == {"Heat (1995)", "Ran (1985)"}
    (file,) = parquet_files(partition_folder(settings.lake, FILM.name, "Ran (1985)"))
    file.write_bytes(file.read_bytes()[:-20])
    assert finished_content(settings) == {"Heat (1995)": "content of Heat (1995)"}


def test_a_list_of_parts_that_was_damaged_is_written_again(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    parts = (str(tmp_path / "VTS_01_1.VOB"), str(tmp_path / "VTS_01_2.VOB"))
    entry = IndexEntry(parts[0], 2, 1, "content", parts=parts)
    listed = video_path(settings, "Heat (1995)", entry)
    whole = listed.read_bytes()
    listed.write_bytes(b"\xff\xfe")
    assert video_path(settings, "Heat (1995)", entry).read_bytes() == whole


def test_a_film_that_nobody_added_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="film 'Heat' is not known"):
        film_source(load_settings(data=tmp_path), "Heat")
