"""What all galleries together say for one film's names: strangers to compare with, and the best way of comparing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wios_assets.lake.paths import partition_keys
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.naming.selection import RECOGNISERS, Recogniser
from wios_assets.tables import GALLERY_EMBEDDINGS, RECOGNISER_SELECTION


def read_cohort(lake: Path, film: str, people: int) -> pd.DataFrame:
    """Usable photos of people in other films' galleries, rows of `tables.GALLERY_EMBEDDINGS`.

    Galleries are read film by film, by their keys, until `people` have been found: what it takes does not grow with
    the number of films. People who are in this film's gallery as well are left out by whoever compares.

    Args:
        lake: folder of the lake.
        film: the film whose own gallery is left out.
        people: how many people, at the most.
    """
    known: set[str] = set()
    parts: list[pa.Table] = []
    for other in partition_keys(lake, GALLERY_EMBEDDINGS.name):
        if other == film or len(known) >= people:
            continue
        rows = read_rows(lake, GALLERY_EMBEDDINGS, other)
        new = [actor for actor in dict.fromkeys(rows["actor"].to_pylist()) if actor not in known]
        new = new[: people - len(known)]
        known.update(new)
        parts.append(rows.filter(pc.is_in(rows["actor"], pa.array(new, pa.string()))))
    found = pa.concat_tables(parts) if parts else GALLERY_EMBEDDINGS.schema.empty_table()
    return found.to_pandas()


def chosen_recogniser(lake: Path) -> Recogniser | None:
    """The way of comparing that `recogniser_selection` chose; None where it was never made or found too few photos."""
    if not has_rows_of(lake, RECOGNISER_SELECTION):
        return None
    rows = read_rows(lake, RECOGNISER_SELECTION).to_pandas()
    chosen = set(rows.loc[rows["chosen"], "recogniser"])
    return next((recogniser for recogniser in RECOGNISERS if recogniser.name in chosen), None)
