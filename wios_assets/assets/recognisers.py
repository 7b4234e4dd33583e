"""The recognisers compared on the galleries of all films, and the record of all comparisons."""

import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from wios_assets.assets.results import check, picture
from wios_assets.assets.specs import check_spec, table_out
from wios_assets.atomic import write_atomic
from wios_assets.errors import NotFound, Unavailable
from wios_assets.failures import one_line_failures, retry_unavailable
from wios_assets.lake.cohort import read_galleries
from wios_assets.lake.store import is_current, read_rows
from wios_assets.naming.selection import Comparison, SelectionOptions, compare_recognisers, deciding_figure
from wios_assets.reviews.recogniser import judge, read_in_use, write_in_use
from wios_assets.settings import Settings
from wios_assets.tables import RECOGNISER_RUNS, RECOGNISER_SELECTION

GROUP = "evaluation"
SHOWN = 15
LISTED = ("recogniser", "top1", "top1_spread", "top3", "true_acceptance", "true_acceptance_by_film", "usable")


@dg.multi_asset(
    name="recogniser_selection",
    outs={
        table.name: table_out(table.name, GROUP, code_version="2", kinds={"scikitlearn", "parquet"}, cost="light")
        for table in (RECOGNISER_SELECTION, RECOGNISER_RUNS)
    },
    deps=["gallery_embeddings"],
    check_specs=[
        check_spec(
            "winner_in_use",
            RECOGNISER_RUNS.name,
            "The newest comparison's winner is in use.",
            blocking=False,
            by_film=False,
        )
    ],
)
@retry_unavailable(most=2, wait_s=30)
@one_line_failures
def recogniser_selection(context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]) -> Iterator[Any]:
    from wios_assets.naming.selection_picture import selection_picture

    galleries, faults = read_galleries(settings.lake)
    for fault in faults.values():
        context.log.warning(f"{fault}; its gallery is left out")
    started = time.monotonic()
    compared = some_people(galleries, settings.recogniser.most_people)
    comparison = compare_recognisers(compared, SelectionOptions())
    runs = recorded_runs(settings.lake)
    run = run_row(galleries, compared, comparison, len(runs) + 1, time.monotonic() - started)
    verdict = judge(read_in_use(settings.data), run)
    in_use = verdict.in_use.recogniser if verdict.in_use is not None else None
    run |= {"taken_up": verdict.taken_up, "reason": verdict.reason, "in_use": in_use}
    record = pa.concat_tables([runs, pa.Table.from_pylist([run], schema=RECOGNISER_RUNS.schema)])
    history = write_history(settings.exports, record.to_pandas())
    yield dg.Output(
        record, RECOGNISER_RUNS.name, metadata={"verdict": verdict.reason, "history": picture(history, "the winners")}
    )
    rows = selection_rows(comparison, in_use)
    if verdict.in_use is not None:
        write_in_use(settings.data, verdict.in_use)
    shown = comparison.settings[list(LISTED)].head(SHOWN) if len(comparison.settings) else comparison.settings
    yield dg.Output(
        rows,
        RECOGNISER_SELECTION.name,
        # Names depend on the one in use alone: another table with the same one leaves them fresh.
        data_version=dg.DataVersion(in_use or "none"),
        metadata={
            "winner": run["winner"] or "none: too few people or pictures",
            "in use": in_use or "none",
            "best": dg.MetadataValue.md(shown.to_markdown(index=False, floatfmt=".4f")),
            "plots": picture(selection_picture(comparison), "accuracy by recogniser, acceptance curves"),
            "actors": dg.MetadataValue.md(comparison.actors.head(60).to_markdown(index=False, floatfmt=".3f")),
        },
    )
    refused = [] if verdict.taken_up or run["winner"] is None else [f"{run['winner']}: {verdict.reason}"]
    yield check("winner_in_use", RECOGNISER_RUNS.name, refused, warn=True, held=verdict.reason)


def recorded_runs(lake: Path) -> pa.Table:
    """Rows of `tables.RECOGNISER_RUNS`, oldest first; empty where no comparison was made.

    Raises:
        WiosError: the record cannot be read.
    """
    try:
        return read_rows(lake, RECOGNISER_RUNS).sort_by("run")
    except NotFound:
        return RECOGNISER_RUNS.schema.empty_table()


def selection_rows(comparison: Comparison, in_use: str | None) -> pd.DataFrame:
    """Rows of `tables.RECOGNISER_SELECTION`."""
    rows = comparison.settings.reindex(
        columns=[name for name in RECOGNISER_SELECTION.schema.names if name not in ("place", "chosen")]
    )
    rows.insert(0, "place", range(1, len(rows) + 1))
    rows["chosen"] = rows["recogniser"] == in_use
    return rows


def some_people(galleries: pd.DataFrame, most: int) -> pd.DataFrame:
    """Rows of at most so many people, chosen by a hash of their names, so that they stay the same as galleries grow."""
    people = galleries["actor"].unique().tolist()
    if len(people) <= most:
        return galleries
    chosen = sorted(people, key=lambda actor: hashlib.sha256(actor.encode()).digest())[:most]
    return galleries[galleries["actor"].isin(chosen)]


def run_row(
    galleries: pd.DataFrame, compared: pd.DataFrame, comparison: Comparison, number: int, seconds: float
) -> dict[str, Any]:
    """A row of `tables.RECOGNISER_RUNS` without the verdict: `taken_up`, `reason`, `in_use`.

    Args:
        galleries: rows of `tables.GALLERY_EMBEDDINGS` of all films. compared: those that were compared.
        number: the run's. seconds: time that comparing took.
    """
    table = comparison.settings
    photos = galleries.drop_duplicates(["actor", "photo_hash"])
    row: dict[str, Any] = {
        "run": number,
        "compared_at": datetime.now(UTC),
        "seconds": seconds,
        "films": galleries["film"].nunique(),
        "people": photos["actor"].nunique(),
        "photos": len(photos),
        "people_compared": compared["actor"].nunique(),
        "photos_compared": len(compared.drop_duplicates(["actor", "photo_hash"])),
        "data_hash": data_hash(photos),
        "model_hashes": sorted(photos["model_hash"].dropna().unique().tolist()),
        "winner": comparison.winner.name if comparison.winner is not None else None,
        "figure": deciding_figure(table) if len(table) else None,
        "value": None,
        "spread": None,
        "recognisers": table["recogniser"].tolist() if len(table) else [],
    }
    for name in RECOGNISER_RUNS.stored_schema.names:
        if name.startswith(("top1", "top3", "true_acceptance")):
            row[name] = table[name].astype(float).tolist() if len(table) else []
    if row["winner"] is not None:
        index = row["recognisers"].index(row["winner"])
        row["value"], row["spread"] = row[row["figure"]][index], row[f"{row['figure']}_spread"][index]
    return row


def data_hash(photos: pd.DataFrame) -> str:
    """Hash of who has which photos, and of the models behind the embeddings; the order of rows does not count."""
    lines = sorted("\x1f".join(map(str, row)) for row in photos[["actor", "photo_hash", "model_hash"]].to_numpy())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def write_history(exports: Path, runs: pd.DataFrame) -> bytes:
    """The record as PNG, also written to `recogniser.png` in the folder of exports."""
    from wios_assets.naming.record_picture import record_picture

    drawn = record_picture(runs)
    write_atomic(exports / "recogniser.png", drawn)
    return drawn


def set_chosen(settings: Settings, recogniser: str) -> None:
    """Have naming compare in this way from now on.

    Raises:
        WiosError: no comparison was made yet.
    """
    from wios_assets.lake.store import write_rows

    if not is_current(settings.lake, RECOGNISER_SELECTION):
        raise Unavailable(f"{settings.lake}: no comparison is stored; `wios recogniser compare` makes one")
    rows: pd.DataFrame = read_rows(settings.lake, RECOGNISER_SELECTION).to_pandas()
    rows["chosen"] = rows["recogniser"] == recogniser
    write_rows(settings.lake, RECOGNISER_SELECTION, rows)
