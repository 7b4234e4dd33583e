"""What the galleries of all films contribute to one film's names: a cohort of impostors, and the best recogniser."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wios_assets.errors import WiosError
from wios_assets.lake.paths import partition_keys
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.tables import GALLERY_EMBEDDINGS, RECOGNISER_SELECTION


def read_cohort(lake: Path, film: str, people: int) -> pd.DataFrame:
    """Usable photos of people in other films' galleries, rows of `tables.GALLERY_EMBEDDINGS`.

    Galleries are read film by film, sorted by key, until `people` people are found, so the time does not grow with
    the number of films. People who are in this film's gallery as well are included; naming leaves them out.

    Args:
        lake: folder of the lake.
        film: the film whose own gallery is left out.
        people: most people to return.
    """
    known: set[str] = set()
    parts: list[pa.Table] = []
    for other in partition_keys(lake, GALLERY_EMBEDDINGS.name):
        if other == film or len(known) >= people:
            continue
        try:
            rows = read_rows(lake, GALLERY_EMBEDDINGS, other)
        except WiosError:
            # Another film's damaged files, which `wios doctor` names, are no fault of this film.
            continue
        new = [actor for actor in dict.fromkeys(rows["actor"].to_pylist()) if actor not in known]
        new = new[: people - len(known)]
        known.update(new)
        parts.append(rows.filter(pc.is_in(rows["actor"], pa.array(new, pa.string()))))
    stored = pa.concat_tables(parts) if parts else GALLERY_EMBEDDINGS.schema.empty_table()
    cohort: pd.DataFrame = stored.to_pandas()
    return cohort


def read_galleries(lake: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Usable photos of all films, and why the galleries of some cannot be read, by film.

    Returns:
        Rows of `tables.GALLERY_EMBEDDINGS`, `film` first; a film whose files are damaged is left out.
    """
    parts, faults = [], {}
    for film in partition_keys(lake, GALLERY_EMBEDDINGS.name):
        try:
            parts.append(read_rows(lake, GALLERY_EMBEDDINGS, film))
        except WiosError as error:
            faults[film] = str(error)
    stored = pa.concat_tables(parts) if parts else GALLERY_EMBEDDINGS.schema.empty_table()
    rows: pd.DataFrame = stored.to_pandas()
    return rows, faults


def chosen_recogniser(lake: Path) -> str | None:
    """Name of the recogniser that the table `recogniser_selection` chose; None without the table or a choice."""
    if not has_rows_of(lake, RECOGNISER_SELECTION):
        return None
    rows = read_rows(lake, RECOGNISER_SELECTION).to_pandas()
    chosen = rows.loc[rows["chosen"], "recogniser"].tolist()
    return str(chosen[0]) if chosen else None
