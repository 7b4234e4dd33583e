"""What assets and checks report to Dagster: results of checks, data versions, pictures and paths as metadata."""

import base64
import hashlib
import json
from typing import Any, Literal

import dagster as dg
import pandas as pd

SHOWN_ROWS = 5
OFFENDERS = "first offenders"
PAGE_PATH = "path on the page of `wios ui`"
"""Metadata that holds a path, not a link: stored metadata outlives the page's address and port."""


def content_version(rows: pd.DataFrame) -> dg.DataVersion:
    """Data version from the rows themselves: the same rows leave what depends on them fresh."""
    text = rows.to_json(orient="split", date_format="iso", default_handler=str)
    return dg.DataVersion(hashlib.sha256(text.encode()).hexdigest()[:32])


def nullable(column: pd.Series) -> list[Any]:
    """A column's values with None for what is missing."""
    return [None if pd.isna(value) else value for value in column.tolist()]


def picture(content: bytes, alt: str, kind: Literal["png", "jpeg", "svg+xml"] = "png") -> dg.MarkdownMetadataValue:
    """A picture shown inline in Dagster."""
    return dg.MetadataValue.md(f"![{alt}](data:image/{kind};base64,{base64.b64encode(content).decode()})")


def check(name: str, asset: str, bad: list[Any], *, warn: bool = False, **metadata: Any) -> dg.AssetCheckResult:
    """A check's result: passed where `bad` is empty; the first offenders are shown."""
    shown = {OFFENDERS: dg.MetadataValue.json(json.loads(json.dumps(bad[:SHOWN_ROWS], default=str)))} if bad else {}
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=asset.split("/"),
        passed=not bad,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        metadata={"offending": len(bad), **shown, **metadata},
    )
