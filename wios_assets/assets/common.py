"""What every asset shares: owners, code versions, data versions, pictures as metadata."""

import base64
import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetOut,
    BetaWarning,
    DataVersion,
    MarkdownMetadataValue,
    MetadataValue,
)

from wios_assets.partitions import films
from wios_assets.tables import TABLES

# Data versions and owners are in beta; the pinned minor version of Dagster has them.
warnings.filterwarnings("ignore", category=BetaWarning, message="Parameter `(data_version|owners|freshness)`")

OWNERS = ["team:wios"]
SHOWN_ROWS = 5
OFFENDERS = "first offenders"


def sentence(table: str) -> str:
    """An asset's description: what one row of it is."""
    return f"One row is {TABLES[table].row}."


def table_out(table: str, group: str, version: str, kinds: set[str]) -> AssetOut:
    """One table of a step that makes several."""
    return AssetOut(
        key=table.split("/"),
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        description=sentence(table),
        code_version=version,
        dagster_type=Any,
    )


def film_table(
    table: str, group: str, version: str, blocking: Sequence[str] = (), warning: Sequence[str] = ()
) -> dict[str, Any]:
    """What `@asset` is told of a table of a film, with the names of its blocking and of its warning checks."""
    checks = [AssetCheckSpec(name, asset=AssetKey(table), blocking=True) for name in blocking]
    checks += [AssetCheckSpec(name, asset=AssetKey(table)) for name in warning]
    return {
        "partitions_def": films,
        "group_name": group,
        "kinds": {"python", "parquet"},
        "owners": OWNERS,
        "description": sentence(table),
        "code_version": version,
        "check_specs": checks,
    }


def code_version(number: int, *parts: Any) -> str:
    """Version of an asset's code: a number raised by hand, and a hash of the options that decide its content."""
    if not parts:
        return str(number)
    plain = [asdict(part) if is_dataclass(part) and not isinstance(part, type) else part for part in parts]
    return f"{number}-{hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:12]}"


def content_version(rows: pd.DataFrame) -> DataVersion:
    """Data version from the rows themselves: the same rows leave what depends on them fresh."""
    text = rows.to_json(orient="split", date_format="iso", default_handler=str)
    return DataVersion(hashlib.sha256(text.encode()).hexdigest()[:32])


def nullable(column: pd.Series) -> list[Any]:
    """A column's values with None for what is missing."""
    return [None if pd.isna(value) else value for value in column.tolist()]


def picture(png: bytes, alt: str) -> MarkdownMetadataValue:
    """A PNG shown inline in Dagster."""
    return MetadataValue.md(f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode()})")


def check(name: str, asset: str, bad: list[Any], *, warn: bool = False, **metadata: Any) -> AssetCheckResult:
    """A check's result: passed where `bad` is empty; the first offenders are shown."""
    shown = {OFFENDERS: MetadataValue.json(json.loads(json.dumps(bad[:SHOWN_ROWS], default=str)))} if bad else {}
    return AssetCheckResult(
        check_name=name,
        asset_key=asset.split("/"),
        passed=not bad,
        severity=AssetCheckSeverity.WARN if warn else AssetCheckSeverity.ERROR,
        metadata={"offending": len(bad), **shown, **metadata},
    )
