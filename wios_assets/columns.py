"""How a table of the lake is described: its name, its columns with Arrow types, and what a value means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """A column: its Arrow type is named as Arrow prints it, so that questions about tables do without Arrow."""

    name: str
    type: str
    meaning: str

    @property
    def arrow_type(self) -> pa.DataType:
        return _arrow_types()[self.type]


@dataclass(frozen=True)
class Table:
    """A table of the lake: its name, what one row is, its columns."""

    name: str
    row: str
    columns: tuple[Column, ...]
    by_film: bool = True

    @property
    def every_column(self) -> tuple[Column, ...]:
        """The columns, `film` first where the table is partitioned by film."""
        key = Column("film", TEXT, "Film that the row belongs to, the partition key")
        return (key, *self.columns) if self.by_film else self.columns

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema, `film` first where the table is partitioned by film."""
        import pyarrow as pa

        return pa.schema([pa.field(c.name, c.arrow_type, metadata={"comment": c.meaning}) for c in self.every_column])

    @cached_property
    def stored_schema(self) -> pa.Schema:
        """Arrow schema of the files: the table's, without `film`, which stands in the folder's name."""
        return self.schema.remove(0) if self.by_film else self.schema


def table(name: str, row: str, *columns: tuple[str, str, str], by_film: bool = True) -> Table:
    return Table(name, row, tuple(Column(*c) for c in columns), by_film)


TEXT, INT, LONG, REAL, SINGLE = "string", "int32", "int64", "double", "float"
FLAG, BYTES, WHEN = "bool", "binary", "timestamp[us, tz=UTC]"
VECTOR, TEXTS, LONGS, REALS = "list<item: float>", "list<item: string>", "list<item: int64>", "list<item: double>"
CANDIDATES = "list<item: struct<actor: string, probability: double>>"


@cache
def _arrow_types() -> dict[str, pa.DataType]:
    """Arrow types by the names above."""
    import pyarrow as pa

    return {
        TEXT: pa.string(),
        INT: pa.int32(),
        LONG: pa.int64(),
        REAL: pa.float64(),
        SINGLE: pa.float32(),
        FLAG: pa.bool_(),
        BYTES: pa.binary(),
        WHEN: pa.timestamp("us", tz="UTC"),
        VECTOR: pa.list_(pa.float32()),
        TEXTS: pa.list_(pa.string()),
        LONGS: pa.list_(pa.int64()),
        REALS: pa.list_(pa.float64()),
        CANDIDATES: pa.list_(pa.struct([("actor", pa.string()), ("probability", pa.float64())])),
    }
