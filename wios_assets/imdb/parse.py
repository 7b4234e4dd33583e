"""Parses one of IMDB's files, of any size, into typed Parquet; misfit lines are quarantined with number and reason."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from wios_assets.errors import BadInput, file_error
from wios_assets.imdb.files import ALL_FILES, ImdbFile, Kind
from wios_assets.imdb.part_files import ROWS_A_FILE, PartFiles
from wios_assets.imdb.sort import rising, sorted_rows
from wios_assets.imdb.stream import TextStream
from wios_assets.imdb.values import decoded, typed, unquoted
from wios_assets.tables import QUARANTINE

QUARANTINE_SCHEMA = QUARANTINE.schema
ALLOWED_SHARE = 0.001
_BLOCK = 4 << 20
_SORTED_ROWS = 50_000
_LINE = "__line"
T = TypeVar("T")


@dataclass(frozen=True)
class ParseReport:
    """Result of parsing a file: `lines == rows + quarantined + passed_over`.

    Attributes:
        lines: lines after the header. rows: rows written. quarantined: lines that do not fit.
        reasons: reason without its value → lines. extra_columns: columns of the file that the table does not have.
        requoted: values that a CSV writer had put into quotes. passed_over: sound lines of titles that are not kept.
        parquet_folder: holds `part-….parquet` of the table's schema, sorted by key; keys are unique in it.
        quarantine_file: Parquet of `QUARANTINE_SCHEMA`; written even when it is empty.
        was_sorted: whether the file had its rows in the order of the key, as IMDB's have.
    """

    table: str
    file: Path
    lines: int
    rows: int
    quarantined: int
    reasons: dict[str, int]
    extra_columns: tuple[str, ...]
    requoted: int
    parquet_folder: Path
    parquet_files: tuple[Path, ...]
    quarantine_file: Path
    was_sorted: bool
    passed_over: int = 0

    @property
    def quarantined_share(self) -> float:
        """Share of the lines that were set aside, 0 to 1."""
        return self.quarantined / self.lines if self.lines else 0.0


def parse_imdb(
    file: Path,
    table: str,
    staging: Path,
    allowed_share: float = ALLOWED_SHARE,
    progress: Callable[[int, int], None] | None = None,
    kept_titles: np.ndarray | None = None,
) -> ParseReport:
    """Read `file` as `table` (a name such as `imdb/title_basics`) and write it to `staging`.

    Memory does not grow with the file: it is read in blocks of 4 MB. Rows are written in the order of the key; a
    file that has another order is sorted on disk. Of two lines with the same key the first is kept.

    Args:
        staging: folder for `rows/` and `quarantine.parquet`; what it held is removed.
        allowed_share: largest share of quarantined lines, 0 to 1.
        progress: called with bytes read and total bytes (of the file, compressed or not).
        kept_titles: numbers of the tconsts whose lines are kept, int64, ascending; None keeps all.

    Raises:
        WiosError: no such column, empty, damaged or no table at all, or too many lines that do not fit. Nothing is
            left in `staging` then.
    """
    spec = ALL_FILES[table]
    try:
        try:
            report = _Parser(spec, file, _emptied(staging), progress, False, kept_titles).run()
        except _NotSortedError:
            report = _Parser(spec, file, _emptied(staging), progress, True, kept_titles).run()
        _check(report, allowed_share)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise file_error(staging, error, "written", "change its access rights") from None
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return report


def no_lines(folder: Path, table: str, staging: Path) -> ParseReport:
    """Write `table` without rows, where `folder` lacks its file."""
    spec, rows, aside = ALL_FILES[table], _emptied(staging) / "rows", staging / "quarantine.parquet"
    rows.mkdir()
    parts = PartFiles(rows, spec.table.schema, spec.rows_a_group)
    parts.write(pa.RecordBatch.from_pylist([], spec.table.schema))
    parts.close()
    pq.write_table(QUARANTINE_SCHEMA.empty_table(), aside)
    file = folder / f"{spec.stem}.tsv.gz"
    return ParseReport(table, file, 0, 0, 0, {}, (), 0, rows, tuple(parts.files), aside, True)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _check(report: ParseReport, allowed_share: float) -> None:
    if not report.lines:
        raise BadInput(f"{report.file}: there is nothing after the header, line 1; download it again")
    if report.quarantined_share > allowed_share:
        first = pq.read_table(report.quarantine_file).sort_by("line").slice(0, 1).to_pylist()[0]
        raise BadInput(
            f"{report.file}: {report.quarantined} of {report.lines} lines do not fit, more than the allowed share of "
            f"{allowed_share:g}; the first is line {first['line']}: {first['reason']}; download the file again"
        )


class _NotSortedError(Exception):
    """The file's rows are not in the order of the key."""


@dataclass
class _Parser:
    """One pass over a file. `keep_lines` keeps each row's line, and sorts the rows in the end."""

    spec: ImdbFile
    file: Path
    staging: Path
    progress: Callable[[int, int], None] | None
    keep_lines: bool
    kept_titles: np.ndarray | None = None
    passed_over: int = 0
    misshapen: list[tuple[int, str, str]] = field(default_factory=list)
    quarantined: int = 0
    requoted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    held: pa.RecordBatch | None = None
    last_key: str | None = None

    def run(self) -> ParseReport:
        table, rows, aside = self.spec.table, self.staging / "rows", self.staging / "quarantine.parquet"
        rows.mkdir()
        with TextStream(self.file) as stream, pq.ParquetWriter(aside, QUARANTINE_SCHEMA) as self.quarantine:
            extra = self._check_header(stream)
            parts = PartFiles(rows, table.schema, self.spec.rows_a_group, ROWS_A_FILE)
            if self.keep_lines:
                unsorted = self.staging / "unsorted"
                unsorted.mkdir()
                with_lines = table.schema.append(pa.field(_LINE, pa.int64()))
                self._read(stream, PartFiles(unsorted, with_lines, self.spec.rows_a_group))
                self._sort(unsorted, parts)
            else:
                self._read(stream, parts)
            lines = stream.lines - 1
        if lines != parts.rows + self.quarantined + self.passed_over:
            raise RuntimeError(
                f"{self.file}: {lines} lines, but {parts.rows} rows, {self.quarantined} set aside and "
                f"{self.passed_over} passed over"
            )
        return ParseReport(
            table.name, self.file, lines, parts.rows, self.quarantined, dict(self.reasons), extra, self.requoted,
            rows, tuple(parts.files), aside, not self.keep_lines, self.passed_over,
        )  # fmt: skip

    def _read(self, stream: TextStream, parts: PartFiles) -> None:
        """Write every block's rows to `parts`."""
        pending: Future[None] | None = None
        with ThreadPoolExecutor(1) as writer:
            try:
                # Three blocks at a time: one is decompressed, one parsed, one written.
                for first_line, block in _one_ahead(stream.blocks(_BLOCK)):
                    batch = self._typed_batch(first_line, block)
                    if pending is not None:
                        pending.result()
                    pending = writer.submit(parts.write, batch)
                    if self.progress is not None:
                        self.progress(stream.position, stream.size)
                if pending is not None:
                    pending.result()
                if self.held is not None:
                    parts.write(self._sorted(self.held))
                if not parts.files:
                    parts.write(pa.RecordBatch.from_pylist([], parts.schema))
            finally:
                if pending is not None:
                    wait([pending])
                parts.close()

    def _check_header(self, stream: TextStream) -> tuple[str, ...]:
        header = stream.header.decode("utf-8", "replace")
        self.header = header.split("\t")
        missing = [name for name in self.spec.names if name not in self.header]
        doubled = [name for name in self.spec.names if self.header.count(name) > 1]
        if missing or doubled:
            what = f"no column {missing[0]}" if missing else f"two columns {doubled[0]}"
            expected = ", ".join(self.spec.names)
            raise BadInput(
                f"{self.file}: line 1 has {what} (it reads {header[:200]!r}); {self.spec.stem} has {expected}, "
                f"separated by tabs; download the file again"
            )
        return tuple(name for name in self.header if name not in self.spec.names)

    def _raw_batch(self, block: bytes) -> pa.RecordBatch:
        """A block's lines as columns of bytes; lines with another number of columns go to `misshapen`."""
        self.misshapen = []
        try:
            table = csv.read_csv(
                pa.BufferReader(block),
                # One thread: only then does the reader know the numbers of the lines that it skips.
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=len(block) + 1, column_names=_distinct(self.header)
                ),
                parse_options=csv.ParseOptions(
                    delimiter="\t",
                    quote_char=False,
                    double_quote=False,
                    escape_char=False,
                    newlines_in_values=False,
                    ignore_empty_lines=False,
                    invalid_row_handler=self._misshapen,
                ),
                convert_options=csv.ConvertOptions(
                    include_columns=list(self.spec.names),
                    column_types=dict.fromkeys(self.spec.names, pa.binary()),
                    null_values=["\\N", ""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            raise BadInput(f"{self.file}: not a table of lines ({error}); download it again") from None
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)

    def _misshapen(self, row: csv.InvalidRow) -> str:
        columns = "column" if row.actual_columns == 1 else "columns"
        reason = f"{row.actual_columns} {columns} where the header has {row.expected_columns}"
        self.misshapen.append((row.number, reason, row.text))
        return "skip"

    def _typed_batch(self, first_line: int, block: bytes) -> pa.RecordBatch:
        raw = self._raw_batch(block)
        columns, misfit, checks = [], None, []
        for (name, kind), column in zip(self.spec.columns, self.spec.table.schema, strict=True):
            texts, undecodable = decoded(raw.column(name))
            if kind in (Kind.TEXT, Kind.JSON_LIST):
                texts, requoted = unquoted(texts)
                self.requoted += requoted
            values, unfit = typed(texts, kind)
            required = pc.is_null(raw.column(name)) if column.name in self.spec.key or kind is Kind.NAME_KEY else None
            for mask, reason in (
                (undecodable, "is not UTF-8"),
                (unfit, f"is not {kind.value}"),
                (required, "is missing"),
            ):
                if mask is not None and pc.any(mask).as_py():
                    checks.append((name, mask, reason))
                    misfit = mask if misfit is None else pc.or_(misfit, mask)
            columns.append(values)
        batch = pa.RecordBatch.from_arrays(columns, schema=self.spec.table.schema)
        if self.keep_lines:
            batch = batch.append_column(_LINE, pa.array(self._lines(first_line, np.arange(len(raw)))))
        if misfit is not None:
            rows = np.flatnonzero(misfit.to_numpy(zero_copy_only=False))
            self._set_aside(raw, rows, self._lines(first_line, rows), checks)
            batch = batch.filter(pc.invert(misfit))
        if self.misshapen:
            self.reasons["another number of columns"] += len(self.misshapen)
            numbers, reasons, texts = zip(*self.misshapen, strict=True)
            self._quarantine([first_line + number - 1 for number in numbers], list(reasons), list(texts))
        if self.kept_titles is not None:
            batch = self._of_kept_titles(batch, self.kept_titles)
        return batch if self.keep_lines else self._in_order(batch)

    def _of_kept_titles(self, batch: pa.RecordBatch, kept: np.ndarray) -> pa.RecordBatch:
        numbers = pc.utf8_slice_codeunits(batch.column(0), 2).cast(pa.int64()).to_numpy(zero_copy_only=False)
        index = np.searchsorted(kept, numbers)
        inside = index < len(kept)
        inside[inside] = kept[index[inside]] == numbers[inside]
        self.passed_over += len(batch) - int(np.count_nonzero(inside))
        return batch.filter(pa.array(inside))

    def _lines(self, first_line: int, rows: np.ndarray) -> np.ndarray:
        """Line of the file for each row of a block, the misshapen lines in between counted."""
        skipped = np.array([number for number, _, _ in self.misshapen], dtype=np.int64)
        before = np.searchsorted(skipped - 1 - np.arange(len(skipped)), rows, side="right")
        return first_line + rows + before

    def _set_aside(
        self, raw: pa.RecordBatch, rows: np.ndarray, lines: np.ndarray, checks: list[tuple[str, pa.Array, str]]
    ) -> None:
        reasons: list[str] = []
        for row in rows:
            name, reason = next((name, reason) for name, mask, reason in checks if mask[row].as_py())
            value = raw.column(name)[row].as_py()
            self.reasons[f"{name} {reason}"] += 1
            reasons.append(f"{name} {reason}" if value is None else f"{name} = {_readable(value)[:100]!r} {reason}")
        texts = [
            "\t".join("\\N" if value is None else _readable(value) for value in line.values())
            for line in raw.take(pa.array(rows)).to_pylist()
        ]
        self._quarantine(lines.tolist(), reasons, texts)

    def _quarantine(self, lines: list[int], reasons: list[str], texts: list[str]) -> None:
        self.quarantined += len(lines)
        same = ([value] * len(lines) for value in (self.spec.table.name, str(self.file)))
        self.quarantine.write_table(pa.table([*same, lines, reasons, texts], schema=QUARANTINE_SCHEMA))

    def _in_order(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with every key greater than the one before; raises where the whole file must be sorted.

        IMDB's principals are sorted by title, but not always by `ordering` within it. So the last title of a batch,
        which may continue in the next one, is held back until then.
        """
        if not len(batch):
            return batch
        if len(self.spec.key) > 1:
            if self.held is not None:
                batch = _one_batch([self.held, batch])
            titles = batch.column(0)
            last = pc.index(titles, titles[len(titles) - 1]).as_py()
            if not rising([titles], strictly=False):
                raise _NotSortedError
            self.held, batch = batch.slice(last), batch.slice(0, last)
        return self._sorted(batch)

    def _sorted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if not len(batch):
            return batch
        if not rising([batch.column(name) for name in self.spec.key]):
            if len(self.spec.key) == 1:
                raise _NotSortedError
            batch = batch.sort_by([(name, "ascending") for name in self.spec.key])
            if not rising([batch.column(name) for name in self.spec.key]):
                raise _NotSortedError
        first, last = batch.column(0)[0].as_py(), batch.column(0)[len(batch) - 1].as_py()
        if self.last_key is not None and first <= self.last_key:
            raise _NotSortedError
        self.last_key = last
        return batch

    def _sort(self, unsorted: Path, parts: PartFiles) -> None:
        """Sort the written rows by key and line, on disk; of lines with the same key the first is kept."""
        spill = self.staging / "spill"
        for kept, repeats in sorted_rows(unsorted, self.spec.key, _LINE, spill, _SORTED_ROWS):
            for batch in kept.drop_columns([_LINE]).cast(parts.schema).combine_chunks().to_batches():
                parts.write(batch)
            if repeats:
                self.reasons["key on an earlier line"] += len(repeats)
                self._quarantine(
                    [row[_LINE] for row in repeats],
                    [f"{' '.join(str(row[name]) for name in self.spec.key)} is on an earlier line" for row in repeats],
                    ["\t".join(str(row[name]) for name in parts.schema.names) for row in repeats],
                )
        parts.close()
        shutil.rmtree(unsorted)
        shutil.rmtree(spill, ignore_errors=True)


def _one_ahead(items: Iterator[T]) -> Iterator[T]:
    """The items; the next one is computed in another thread meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def _distinct(names: list[str]) -> list[str]:
    """Column names made unique; repeated columns are not used."""
    return [name if names.index(name) == index else f"{name} ({index})" for index, name in enumerate(names)]


def _one_batch(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def _readable(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
