"""IMDB's files into typed Parquet: what fits, what is set aside, what is refused."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wios_assets.errors import WiosError
from wios_assets.imdb import parse as parse_module
from wios_assets.imdb import stream as stream_module
from wios_assets.imdb.files import IMDB_FILES, find_file
from wios_assets.imdb.parse import QUARANTINE_SCHEMA, ParseReport, parse_imdb
from wios_assets.tables import TABLES

BASICS, PRINCIPALS, CREW, NAMES = IMDB_FILES
HEADERS = {table: "\t".join(file.names) for table, file in IMDB_FILES.items()}
SWING = 'tt0033122\tmovie\t"Swing it" magistern\t"Swing it" magistern\t0\t1940\t\\N\t92\tComedy,Music'
SEVEN = "tt0047478\tmovie\tSeven Samurai\t七人の侍\t0\t1954\t\\N\t207\tAction,Drama"


def write(folder: Path, table: str, *lines: str, header: str | None = None) -> Path:
    path = folder / f"{IMDB_FILES[table].stem}.tsv"
    path.write_bytes("\n".join([HEADERS[table] if header is None else header, *lines, ""]).encode())
    return path


def parsed(
    file: Path, table: str, share: float = 1.0
) -> tuple[ParseReport, list[dict[str, Any]], list[dict[str, Any]]]:
    """Report, rows and quarantined lines."""
    report = parse_imdb(file, table, file.parent / "staging", share)
    assert report.lines == report.rows + report.quarantined
    assert sorted(report.parquet_folder.iterdir()) == list(report.parquet_files)
    rows = [row for part in report.parquet_files for row in pq.read_table(part).to_pylist()]
    assert len(rows) == report.rows
    assert all(pq.read_schema(part).equals(TABLES[table].schema) for part in report.parquet_files)
    aside = pq.read_table(report.quarantine_file)
    assert aside.schema.equals(QUARANTINE_SCHEMA)
    return report, rows, aside.sort_by("line").to_pylist()


def small_blocks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Let files be read in blocks of about `size` bytes, from chunks smaller still."""
    monkeypatch.setattr(parse_module, "_BLOCK", size)
    monkeypatch.setattr(stream_module, "_PACKED_CHUNK", max(size // 3, 20))
    monkeypatch.setattr(stream_module, "_TEXT_CHUNK", max(size // 2, 7))


def test_values_get_their_types_and_quotes_stay(tmp_path: Path) -> None:
    _, rows, _ = parsed(write(tmp_path, BASICS, SWING, SEVEN), BASICS)
    assert rows[0] == {
        "tconst": "tt0033122",
        "title_type": "movie",
        "primary_title": '"Swing it" magistern',
        "original_title": '"Swing it" magistern',
        "is_adult": False,
        "start_year": 1940,
        "end_year": None,
        "runtime_minutes": 92,
        "genres": ["Comedy", "Music"],
    }
    assert rows[1]["original_title"] == "七人の侍"


def test_null_is_null_in_every_column_that_may_be(tmp_path: Path) -> None:
    file = write(tmp_path, NAMES, "nm0000001" + "\t\\N" * 5, "nm0000002" + "\t" * 5)
    _, rows, _ = parsed(file, NAMES)
    assert [set(list(row.values())[1:]) for row in rows] == [{None}, {None}]


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ('["Self"]', ["Self"]),
        ('["Mary","Jane"]', ["Mary", "Jane"]),
        (r'["Woman - (segment: \"Fire Woman\")"]', ['Woman - (segment: "Fire Woman")']),
        (r'["A","x\",","B"]', ["A", 'x",', "B"]),
        ('["A", "B"]', ["A", "B"]),
        ('["María","七"]', ["María", "七"]),
        ('["a\\u00e9\\\\"]', ["aé\\"]),
        ("[]", []),
        ('[""]', [""]),
        ("\\N", None),
        ('"[""Self""]"', ["Self"]),
        (r'"[""Woman (\""Fire\"")"",""B""]"', ['Woman ("Fire")', "B"]),
    ],
)
def test_characters_are_read_as_json(tmp_path: Path, text: str, characters: list[str] | None) -> None:
    file = write(tmp_path, PRINCIPALS, f"tt0000001\t1\tnm0000001\tself\t\\N\t{text}")
    _, rows, aside = parsed(file, PRINCIPALS)
    assert aside == []
    assert rows[0]["characters"] == characters


def test_a_title_that_a_csv_writer_quoted_is_unquoted(tmp_path: Path) -> None:
    requoted = SWING.replace('"Swing it" magistern', '"""Swing it"" magistern"')
    report, rows, _ = parsed(write(tmp_path, BASICS, requoted), BASICS)
    assert rows[0]["primary_title"] == '"Swing it" magistern'
    assert report.requoted == 2


@pytest.mark.parametrize(
    ("table", "line", "reason"),
    [
        (BASICS, SWING.replace("1940", "194O"), "startYear = '194O' is not a year of four digits"),
        (BASICS, SWING.replace("1940", "40"), "startYear = '40' is not a year of four digits"),
        (BASICS, SWING.replace("tt0033122", "33122"), "tconst = '33122' is not a key of a title"),
        (BASICS, SWING.replace("tt0033122", "nm0033122"), "tconst = 'nm0033122' is not a key of a title"),
        (BASICS, SWING.replace("tt0033122", "\\N"), "tconst is missing"),
        (BASICS, SWING.replace("\t0\t", "\t1940\t"), "isAdult = '1940' is not 0 or 1"),
        (BASICS, SWING.replace("\t92\t", "\t92 min\t"), "runtimeMinutes = '92 min' is not a whole number"),
        (BASICS, SWING.replace("\t92\t", "\t99999999999\t"), "runtimeMinutes = '99999999999' is not a whole number"),
        (BASICS, SWING + "\tmore", "10 columns where the header has 9"),
        (BASICS, "tt0033122\tmovie", "2 columns where the header has 9"),
        (BASICS, "tt0033122", "1 column where the header has 9"),
        (BASICS, "", "tconst is missing"),
        (CREW, "tt0033122\tnm0000001,x\t\\N", "directors = 'nm0000001,x' is not keys of people, joined by commas"),
        (PRINCIPALS, "tt0033122\t\\N\tnm0000001\tself\t\\N\t\\N", "ordering is missing"),
        (PRINCIPALS, "tt0033122\t1\t\\N\tself\t\\N\t\\N", "nconst is missing"),
        (PRINCIPALS, 'tt0033122\t1\tnm0000001\tself\t\\N\t["Self"', "characters = '[\"Self\"' is not a JSON list"),
        (PRINCIPALS, "tt0033122\t1\tnm0000001\tself\t\\N\t[1]", "characters = '[1]' is not a JSON list"),
        (PRINCIPALS, "tt0033122\t1\tnm0000001\tself\t\\N\té", "characters = 'é' is not a JSON list"),
    ],
)
def test_a_line_that_does_not_fit_is_set_aside_with_its_number(
    tmp_path: Path, table: str, line: str, reason: str
) -> None:
    good = {
        BASICS: SWING,
        CREW: "tt0033122\t\\N\t\\N",
        PRINCIPALS: "tt0033122\t1\tnm0000001\tself\t\\N\t\\N",
    }[table]
    before, after = good.replace("tt0033122", "tt0000002"), good.replace("tt0033122", "tt0099999")
    report, rows, aside = parsed(write(tmp_path, table, before, line, after), table)
    assert [row["tconst"] for row in rows] == ["tt0000002", "tt0099999"]
    assert [(row["meant_for"], row["line"]) for row in aside] == [(table, 3)]
    assert reason in aside[0]["reason"]
    assert report.reasons != {}
    assert aside[0]["text"].split("\t")[0] == (line.split("\t")[0] or "\\N")


def test_text_that_is_not_utf8_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "name.basics.tsv"
    lines = [HEADERS[NAMES].encode(), b"nm0000001\tRen\xe9" + b"\t\\N" * 4, b"nm0000002\tRen\xc3\xa9" + b"\t\\N" * 4]
    path.write_bytes(b"\n".join(lines))
    _, rows, aside = parsed(path, NAMES)
    assert [row["primary_name"] for row in rows] == ["René"]
    assert aside[0]["line"] == 2
    assert "is not UTF-8" in aside[0]["reason"]


def test_columns_may_stand_in_another_order_and_there_may_be_more(tmp_path: Path) -> None:
    names = ["tconst", "titleType", "originalTitle", "isAdult", "genres", "startYear", "endYear", "runtimeMinutes"]
    header = "\t".join(["averageRating", "primaryTitle", *names])
    line = "7.1\tHeat\ttt0113277\tmovie\tHeat\t0\tCrime\t1995\t\\N\t170"
    report, rows, _ = parsed(write(tmp_path, BASICS, line, header=header), BASICS)
    assert report.extra_columns == ("averageRating",)
    assert (rows[0]["tconst"], rows[0]["runtime_minutes"], rows[0]["genres"]) == ("tt0113277", 170, ["Crime"])


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "title.basics.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([HEADERS[BASICS], SWING, SEVEN, ""]).encode())
    report, rows, _ = parsed(path, BASICS)
    assert report.lines == 2
    assert [row["genres"] for row in rows] == [["Comedy", "Music"], ["Action", "Drama"]]


def test_a_lone_carriage_return_ends_no_line(tmp_path: Path) -> None:
    file = write(tmp_path, NAMES, "nm0000001\tAda\rLovelace" + "\t\\N" * 4, "nm0000002\tB" + "\t\\N" * 4)
    _, rows, _ = parsed(file, NAMES)
    assert [row["primary_name"] for row in rows] == ["Ada Lovelace", "B"]


def test_the_last_line_may_lack_its_end(tmp_path: Path) -> None:
    path = tmp_path / "title.basics.tsv"
    path.write_bytes(f"{HEADERS[BASICS]}\n{SWING}".encode())
    assert parsed(path, BASICS)[0].lines == 1


def test_gzip_is_known_by_its_content_and_may_come_in_members(tmp_path: Path) -> None:
    plain = f"{HEADERS[BASICS]}\n{SWING}\n".encode()
    packed = tmp_path / "title.basics.tsv"
    packed.write_bytes(gzip.compress(plain) + gzip.compress(f"{SEVEN}\n".encode()) + bytes(7))
    assert parsed(packed, BASICS)[0].rows == 2
    unpacked = tmp_path / "title.basics.tsv.gz"
    unpacked.write_bytes(plain)
    assert parsed(unpacked, BASICS)[0].rows == 1


def test_of_two_lines_with_one_key_the_first_stays(tmp_path: Path) -> None:
    report, rows, aside = parsed(write(tmp_path, BASICS, SWING, SEVEN, SWING.replace("1940", "1941")), BASICS)
    assert [(row["tconst"], row["start_year"]) for row in rows] == [("tt0033122", 1940), ("tt0047478", 1954)]
    assert [(row["line"], row["reason"]) for row in aside] == [(4, "tt0033122 is on an earlier line")]
    assert report.was_sorted is False


def test_rows_come_out_in_the_order_of_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_module, "_SORTED_ROWS", 3)
    numbers = [7, 3, 9, 1, 3, 8, 2, 7, 7, 5]
    lines = [f"tt{number:07d}\tnm000000{index}\t\\N" for index, number in enumerate(numbers)]
    _, rows, aside = parsed(write(tmp_path, CREW, *lines), CREW)
    assert [row["tconst"] for row in rows] == [f"tt{number:07d}" for number in (1, 2, 3, 5, 7, 8, 9)]
    assert [row["line"] for row in aside] == [6, 9, 10]
    assert next(row for row in rows if row["tconst"] == "tt0000007")["directors"] == ["nm0000000"]


def test_credits_out_of_order_within_a_title_are_put_in_order_without_sorting_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 200)
    lines = [
        f"tt{title:07d}\t{ordering}\tnm0000001\tactor\t\\N\t\\N"
        for title in range(1, 40)
        for ordering in (10, 1, 2, 3, 12, 5)
    ]
    report, rows, _ = parsed(write(tmp_path, PRINCIPALS, *lines), PRINCIPALS)
    assert report.was_sorted
    assert [row["ordering"] for row in rows] == [1, 2, 3, 5, 10, 12] * 39


def test_many_blocks_and_files_give_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"tt{number:07d}\tnm{number:07d}\t{'x' if number % 7 == 0 else ''}" for number in range(1, 2000)]
    lines[500:500] = ["too\tfew"]
    file = write(tmp_path, CREW, *lines)
    _, rows, aside = parsed(file, CREW)
    small_blocks(monkeypatch, 512)
    monkeypatch.setattr(parse_module, "ROWS_A_FILE", 300)
    report, again, aside_again = parsed(file, CREW)
    assert len(report.parquet_files) > 4
    assert (again, aside_again) == (rows, aside)
    assert 502 in [row["line"] for row in aside]
    assert all(lines[row["line"] - 2].startswith(row["text"].split("\t")[0]) for row in aside)


def test_a_file_whose_order_breaks_late_leaves_nothing_of_the_first_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 512)
    monkeypatch.setattr(parse_module, "ROWS_A_FILE", 100)
    lines = [f"tt{number:07d}\t\\N\t\\N" for number in [*range(2, 1000), 1]]
    report, rows, _ = parsed(write(tmp_path, CREW, *lines), CREW)
    assert not report.was_sorted
    assert [row["tconst"] for row in rows] == [f"tt{number:07d}" for number in range(1, 1000)]


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, BASICS, SWING)
    reports: list[tuple[int, int]] = []
    parse_imdb(file, BASICS, tmp_path / "staging", progress=lambda *now: reports.append(now))
    assert reports[-1] == (file.stat().st_size, file.stat().st_size)


def refused(path: Path, table: str = BASICS, share: float = 0.0) -> str:
    """The message; nothing may be left in the staging folder."""
    with pytest.raises(WiosError) as caught:
        parse_imdb(path, table, path.parent / "staging", share)
    assert not (path.parent / "staging").exists()
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message


def test_a_missing_column_is_named_with_file_and_line(tmp_path: Path) -> None:
    header = HEADERS[BASICS].replace("\truntimeMinutes", "")
    message = refused(write(tmp_path, BASICS, SWING, header=header))
    assert "line 1 has no column runtimeMinutes" in message
    assert "download the file again" in message


def test_a_doubled_column_is_named(tmp_path: Path) -> None:
    header = HEADERS[BASICS].replace("endYear", "startYear") + "\tendYear"
    assert "line 1 has two columns startYear" in refused(write(tmp_path, BASICS, SWING, header=header))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "title.basics.tsv.gz"
    path.write_bytes(b"")
    assert "the file is empty" in refused(path)
    path.write_bytes(gzip.compress(b""))
    assert "the file is empty once unpacked" in refused(path)
    assert "nothing after the header" in refused(write(tmp_path, BASICS))


@pytest.mark.parametrize("page", [b"<!DOCTYPE html>\n<html>", b"\xef\xbb\xbf\r\n <html>", b"<?xml version='1.0'?>"])
def test_a_web_page_is_told_from_a_table(tmp_path: Path, page: bytes) -> None:
    path = tmp_path / "title.basics.tsv.gz"
    path.write_bytes(page)
    assert "a web page" in refused(path)
    path.write_bytes(gzip.compress(page))
    assert "a web page" in refused(path)


@pytest.mark.parametrize("magic", [b"PK\x03\x04rest", b"BZh91AY", b"\xfd7zXZ\x00", b"PAR1xxxx"])
def test_another_format_is_named(tmp_path: Path, magic: bytes) -> None:
    path = tmp_path / "title.basics.tsv.gz"
    path.write_bytes(magic)
    assert "unpack it to .tsv" in refused(path)


def many_titles(count: int = 30_000) -> bytes:
    lines = [SWING.replace("tt0033122", f"tt{number:07d}").replace("92", str(number)) for number in range(1, count)]
    return "\n".join([HEADERS[BASICS], *lines, ""]).encode()


@pytest.mark.parametrize("share", [0.001, 0.3, 0.999])
def test_a_truncated_gzip_names_the_line_reached(tmp_path: Path, share: float) -> None:
    path = tmp_path / "title.basics.tsv.gz"
    whole = gzip.compress(many_titles())
    path.write_bytes(whole[: int(len(whole) * share)])
    assert re.search(r"the gzip data ends too early, after line \d+; download the file again", refused(path))


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "title.basics.tsv.gz"
    whole = bytearray(gzip.compress(many_titles()))
    whole[-8] ^= 0xFF
    path.write_bytes(whole)
    assert "the gzip data is damaged" in refused(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "title.basics.tsv.gz")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(WiosError, match=r"taken/staging: cannot be written"):
        parse_imdb(write(tmp_path, BASICS, SWING), BASICS, tmp_path / "taken" / "staging")


def test_too_many_lines_that_do_not_fit_refuse_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, BASICS, SWING, "tt1", SEVEN)
    message = refused(file, share=0.3)
    assert "1 of 3 lines do not fit" in message
    assert "the first is line 3: 1 column where the header has 9" in message
    assert parse_imdb(file, BASICS, tmp_path / "staging", 0.34).quarantined == 1


def test_the_later_of_two_files_is_taken(tmp_path: Path) -> None:
    import os

    with pytest.raises(WiosError, match=r"there is no title\.basics\.tsv\.gz"):
        find_file(tmp_path, BASICS)
    plain, packed = write(tmp_path, BASICS), tmp_path / "title.basics.tsv.gz"
    assert find_file(tmp_path, BASICS) == plain
    packed.write_bytes(b"x")
    os.utime(plain, (1, 1))
    assert find_file(tmp_path, BASICS) == packed


@pytest.mark.devset
@pytest.mark.parametrize("table", IMDB_FILES)
def test_real_rows_all_fit(devset: Path, tmp_path: Path, table: str) -> None:
    file = find_file(devset / "imdb", table)
    report = parse_imdb(file, table, tmp_path, allowed_share=0.0)
    assert report.rows == file.read_bytes().count(b"\n") - 1


NULL = st.just("\\N")
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\t\n\r\x00", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda text: text != "\\N" and '""' not in text)
YEARS = st.one_of(NULL, st.integers(1000, 9999).map(str), st.sampled_from(["99", "x", "-200", "12345", "0x10"]))
MINUTES = st.one_of(NULL, st.integers(0, 999_999_999).map(str), st.sampled_from(["1.5", "9" * 10, "+4", " 4"]))
ADULT = st.sampled_from(["0", "1", "\\N", "2", "true"])
KEYS = st.one_of(st.integers(1, 60).map(lambda number: f"tt{number:07d}"), st.sampled_from(["tt1", "\\N", "nm0000001"]))
LINES = st.one_of(
    st.tuples(KEYS, NULL | TEXT, NULL | TEXT, NULL | TEXT, ADULT, YEARS, YEARS, MINUTES, NULL | TEXT).map("\t".join),
    st.sampled_from(["", "x", "tt0000001\tmovie", "\t" * 12]),
)


def reference_row(line: str) -> list[Any] | None:
    """A row of title_basics read the plain way, or None where the line does not fit."""
    fields = [None if field in ("\\N", "") else field for field in line.split("\t")]
    if len(fields) != 9 or fields[0] is None or not re.fullmatch(r"tt\d{7,10}", fields[0]):
        return None
    key, kind, primary, original, adult, start, end, minutes, genres = fields
    fits = [
        adult in (None, "0", "1"),
        *(year is None or re.fullmatch(r"[0-9]{4}", year) for year in (start, end)),
        minutes is None or re.fullmatch(r"[0-9]{1,9}", minutes),
    ]
    if not all(fits):
        return None
    numbers = [None if value is None else int(value) for value in (start, end, minutes)]
    flag = None if adult is None else adult == "1"
    return [key, kind, primary, original, flag, *numbers, None if genres is None else genres.split(",")]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINES, min_size=1, max_size=30), packed=st.booleans(), block=st.sampled_from([64, 500, 1 << 20]))
def test_any_file_is_read_as_the_plain_way_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], packed: bool, block: int
) -> None:
    """Rows and quarantined lines are those of a line-by-line reader, whatever the order, gzip or block size."""
    small_blocks(monkeypatch, block)
    text = ("\n".join([HEADERS[BASICS], *lines]) + "\n").encode()
    path = tmp_path / "title.basics.tsv.gz"
    path.write_bytes(gzip.compress(text) if packed else text)
    _, rows, aside = parsed(path, BASICS)
    expected: dict[str, list[Any]] = {}
    misfits = []
    for number, line in enumerate(lines, start=2):
        row = reference_row(line)
        if row is None or row[0] in expected:
            misfits.append(number)
        else:
            expected[row[0]] = row
    assert [list(row.values()) for row in rows] == [expected[key] for key in sorted(expected)]
    assert [row["line"] for row in aside] == misfits


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), max_size=4), st.booleans(), st.booleans())
def test_any_list_of_characters_survives(characters: list[str], ascii_only: bool, requoted: bool) -> None:
    import pyarrow as pa

    from wios_assets.imdb.files import Kind
    from wios_assets.imdb.values import typed, unquoted

    text = json.dumps(characters, ensure_ascii=ascii_only, separators=(",", ":"))
    if requoted:
        text = '"' + text.replace('"', '""') + '"' if '"' in text else text
    texts, _ = unquoted(pa.array([text, None, '["Self"]']))
    values, misfit = typed(texts, Kind.JSON_LIST)
    assert values.to_pylist() == [characters, None, ["Self"]]
    assert misfit.to_pylist() == [False, False, False]
