"""What every asset and check tells Dagster of itself: owner, group, kinds, tags, description, partitions."""

import warnings
from typing import Any, TypedDict

import dagster as dg

from wios_assets.partitions import films
from wios_assets.tables import TABLES

# These parts of Dagster may still change; the pinned minor version has them.
warnings.filterwarnings("ignore", category=dg.BetaWarning, message="Parameter `(data_version|owners|freshness)`")
warnings.filterwarnings("ignore", category=dg.PreviewWarning, message="Specifying a partitions_def on an AssetCheck")
warnings.filterwarnings("ignore", category=dg.BetaWarning, message="Class `(LocalFile)?CodeReference")

OWNERS = ["team:wios"]
COST = "wios/cost"
"""Tag of every asset: `heavy` where it runs the face engine or reads whole IMDB files, else `light`."""


class TableSpec(TypedDict):
    """Keyword arguments of `@dg.asset`."""

    group_name: str
    kinds: set[str]
    owners: list[str]
    tags: dict[str, str]
    description: str


class FilmSpec(TableSpec):
    """The same for a table with one partition a film."""

    partitions_def: dg.PartitionsDefinition[str]


def row_description(table: str, more: str = "") -> str:
    """An asset's description: what one row of it is, and `more` sentences."""
    return f"One row is {TABLES[table].row}. {more}".strip()


def table_spec(table: str, group: str, *, kinds: set[str], cost: str = "light", more: str = "") -> TableSpec:
    """Keyword arguments of `@dg.asset` that follow from a table's documentation."""
    return {
        "group_name": group,
        "kinds": kinds,
        "owners": OWNERS,
        "tags": {COST: cost},
        "description": row_description(table, more),
    }


def film_spec(table: str, group: str, *, more: str = "") -> FilmSpec:
    """Keyword arguments of `@dg.asset` for a table with one partition a film."""
    return {"partitions_def": films, **table_spec(table, group, kinds={"python", "parquet"}, more=more)}


def table_out(
    table: str, group: str, *, code_version: str, kinds: set[str], cost: str = "heavy", required: bool = True
) -> dg.AssetOut:
    """One table of a step that makes several; without `required` the step may leave it as it is."""
    return dg.AssetOut(
        key=table.split("/"),
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        tags={COST: cost},
        description=row_description(table),
        code_version=code_version,
        dagster_type=Any,
        is_required=required,
    )


def check_spec(name: str, table: str, description: str, *, blocking: bool, by_film: bool = True) -> dg.AssetCheckSpec:
    """A check that the asset's own step makes. With `by_film`, each film has a result of its own."""
    return dg.AssetCheckSpec(
        name,
        asset=dg.AssetKey(table.split("/")),
        description=description,
        blocking=blocking,
        partitions_def=films if by_film else None,
    )
