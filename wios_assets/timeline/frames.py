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
    return [
        {name: plain(value) for name, value in zip(columns, row, strict=True)}
        for row in frame.itertuples(index=False, name=None)
    ]
