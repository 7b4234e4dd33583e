"""Conversion between rows and data frames with the columns and types of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from wios_assets.tables import Table


def table_frame(rows: Iterable[Mapping[str, Any]], table: Table) -> pd.DataFrame:
    """Data frame of `table` without the column `film`; it has the table's types even without rows.

    Raises:
        pyarrow.ArrowInvalid: a value does not fit its column's type.
    """
    schema = pa.schema([field for field in table.schema if field.name != "film"])
    frame: pd.DataFrame = pa.Table.from_pylist([dict(row) for row in rows], schema=schema).to_pandas()
    return frame


def plain(value: Any) -> Any:
    """A cell of a data frame as a Python value; None for missing values (None, NaN, NA)."""
    if value is None or value is pd.NA:
        return None
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and value != value:
        return None
    return value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a data frame as dictionaries of Python values; missing values are None."""
    columns = [str(name) for name in frame.columns]
    values = [_plain_column(frame.iloc[:, number]) for number in range(len(columns))]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def _plain_column(column: pd.Series) -> list[Any]:
    """As `plain` of each cell; columns of numbers, of which a film has many, are converted at once."""
    if column.dtype.kind in "iub" and not isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
        return column.tolist()
    if column.dtype.kind == "f" and not isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
        return [None if value != value else value for value in column.tolist()]
    return [plain(value) for value in column]
