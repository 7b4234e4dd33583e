import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wios_assets.errors import WiosError
from wios_assets.lake import store
from wios_assets.lake.paths import partition_folder
from wios_assets.lake.store import (
    StoredRows,
    has_rows_of,
    move_rows,
    read_rows,
    staging_folder,
    write_rows,
)
from wios_assets.tables import APPEARANCES, NAME_BASICS, SHOTS


def shots(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"shot": range(count), "start_s": [float(i) for i in range(count)], "end_s": [i + 1.0 for i in range(count)]}
    ).assign(samples=4)


@pytest.mark.parametrize("film", ["007", 'L\'Été "à" la=plage %41', "a b/c", "日本 🎬", "*?[x]{y}", "."])
def test_a_film_is_read_back_under_the_key_it_was_stored_with(tmp_path: Path, film: str) -> None:
    write_rows(tmp_path, SHOTS, shots(3), film)
    assert read_rows(tmp_path, SHOTS, film)["film"].to_pylist() == [film] * 3
    assert read_rows(tmp_path, SHOTS)["film"].to_pylist() == [film] * 3


def test_storing_again_replaces_the_partition_and_only_it(tmp_path: Path) -> None:
    write_rows(tmp_path, SHOTS, shots(5), "one")
    write_rows(tmp_path, SHOTS, shots(2), "two")
    write_rows(tmp_path, SHOTS, shots(1), "one")
    assert read_rows(tmp_path, SHOTS, "one").num_rows == 1
    assert read_rows(tmp_path, SHOTS, "two").num_rows == 2


def test_no_rows_are_a_stored_partition_too(tmp_path: Path) -> None:
    write_rows(tmp_path, SHOTS, shots(0), "empty")
    assert has_rows_of(tmp_path, SHOTS, "empty")
    assert read_rows(tmp_path, SHOTS, "empty").num_rows == 0


def test_a_missing_film_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(WiosError, match="shots: film 'Heat' is not in the lake"):
        read_rows(tmp_path, SHOTS, "Heat")


def test_a_missing_column_is_named_and_the_old_rows_stay(tmp_path: Path) -> None:
    write_rows(tmp_path, SHOTS, shots(3), "one")
    with pytest.raises(WiosError, match="no column end_s"):
        write_rows(tmp_path, SHOTS, shots(9).drop(columns="end_s"), "one")
    assert read_rows(tmp_path, SHOTS, "one").num_rows == 3


def test_a_value_of_the_wrong_type_is_refused_and_the_old_rows_stay(tmp_path: Path) -> None:
    write_rows(tmp_path, SHOTS, shots(3), "one")
    with pytest.raises(WiosError, match="shots of film 'one'"):
        write_rows(tmp_path, SHOTS, shots(2).assign(samples="four"), "one")
    assert read_rows(tmp_path, SHOTS, "one").num_rows == 3


def test_a_full_disk_leaves_the_old_rows_and_no_half_written_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path, SHOTS, shots(3), "one")

    def full(content: pa.Table, path: Path, **_: object) -> None:
        path.write_bytes(b"PAR1 and then no more")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        write_rows(tmp_path, SHOTS, shots(9), "one")
    monkeypatch.undo()
    assert read_rows(tmp_path, SHOTS, "one").num_rows == 3
    assert [entry.name for entry in (tmp_path / store.STAGING).iterdir()] == [".lock"]


def test_a_half_deleted_partition_says_what_to_do(tmp_path: Path) -> None:
    write_rows(tmp_path, SHOTS, shots(3), "one")
    file = next(partition_folder(tmp_path, "shots", "one").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(WiosError, match=r"shots cannot be read .* run film 'one' again"):
        read_rows(tmp_path, SHOTS, "one")


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_a_changed_byte_is_never_read_as_a_value(tmp_path: Path, share: float) -> None:
    """Compression stores random numbers as they are, where nothing but a checksum shows that one was changed."""
    rows = np.random.default_rng(0).random((500, 2))
    write_rows(tmp_path, SHOTS, shots(500).assign(start_s=rows[:, 0], end_s=rows[:, 1]), "one")
    file = next(partition_folder(tmp_path, "shots", "one").glob("*.parquet"))
    content = bytearray(file.read_bytes())
    content[int(len(content) * share)] ^= 0x01
    file.write_bytes(content)
    with pytest.raises(WiosError, match=r"shots cannot be read .* run film 'one' again"):
        read_rows(tmp_path, SHOTS, "one")


def test_a_reader_never_sees_a_mixture_of_old_and_new_rows(tmp_path: Path) -> None:
    write_rows(tmp_path, SHOTS, shots(10), "one")
    seen, stop = set(), threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                seen.add(read_rows(tmp_path, SHOTS, "one").num_rows)
            except WiosError:
                seen.add(-1)

    reader = threading.Thread(target=read)
    reader.start()
    for size in (10, 20) * 40:
        write_rows(tmp_path, SHOTS, shots(size), "one")
    stop.set()
    reader.join()
    assert seen <= {10, 20, -1}
    assert {10, 20} & seen


def test_numbers_with_gaps_keep_their_type(tmp_path: Path) -> None:
    people = pd.DataFrame(
        {
            "nconst": ["nm1", "nm2"],
            "primary_name": ["A", "B"],
            "birth_year": [1900, None],
            "death_year": [None, None],
            "primary_profession": [["actor"], None],
            "known_for_titles": [[], None],
        }
    )
    write_rows(tmp_path, NAME_BASICS, people)
    rows = read_rows(tmp_path, NAME_BASICS)
    assert rows.schema.equals(NAME_BASICS.schema)
    assert rows["birth_year"].to_pylist() == [1900, None]
    assert rows["primary_profession"].to_pylist() == [["actor"], None]


def test_all_films_of_an_empty_lake_are_no_rows_with_the_right_columns(tmp_path: Path) -> None:
    assert read_rows(tmp_path, APPEARANCES).schema.equals(APPEARANCES.schema)


def test_staging_is_gone_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), staging_folder(tmp_path) as folder:
        raise RuntimeError
    assert not folder.exists()


def test_files_that_are_written_already_take_the_tables_place(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    write_rows(lake, NAME_BASICS, NAME_BASICS.schema.empty_table())
    with staging_folder(lake) as staging:
        own = staging / "own"
        own.mkdir()
        rows = pa.Table.from_pylist([{"nconst": "nm0000001"}], schema=NAME_BASICS.schema)
        pq.write_table(rows.replace_schema_metadata(None), own / "part-00000.parquet")
        move_rows(lake, NAME_BASICS, StoredRows(own))
    assert read_rows(lake, NAME_BASICS)["nconst"].to_pylist() == ["nm0000001"]


@pytest.mark.parametrize("columns", [[], ["nconst"], ["primary_name", "nconst"]], ids=["no file", "one", "swapped"])
def test_files_with_other_columns_are_refused_and_the_old_rows_stay(tmp_path: Path, columns: list[str]) -> None:
    lake = tmp_path / "lake"
    write_rows(lake, NAME_BASICS, NAME_BASICS.schema.empty_table())
    own = tmp_path / "own"
    own.mkdir()
    if columns:
        pq.write_table(NAME_BASICS.schema.empty_table().select(columns), own / "part.parquet")
    with pytest.raises(WiosError, match="imdb/name_basics"):
        move_rows(lake, NAME_BASICS, StoredRows(own))
    assert read_rows(lake, NAME_BASICS).num_rows == 0


def test_files_with_another_type_are_refused(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    index = NAME_BASICS.schema.get_field_index("birth_year")
    schema = NAME_BASICS.schema.set(index, pa.field("birth_year", pa.string()))
    pq.write_table(schema.empty_table(), own / "part.parquet")
    with pytest.raises(WiosError, match="birth_year string"):
        move_rows(tmp_path / "lake", NAME_BASICS, StoredRows(own))
