"""What is unusual about a film or an actor, with the plot that `wios refine` made of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wios_assets.errors import WiosError
from wios_assets.page.state.catalog import Catalog
from wios_assets.refined_tables import ACTOR_OUTLIERS, FILM_OUTLIERS, OUTLIERS

_OF_FILM = "SELECT sentence, picture FROM refined.film_outliers WHERE film = $key ORDER BY abs(robust_z) DESC, figure"
_OF_ACTOR = """
    SELECT sentence, picture FROM refined.actor_outliers WHERE coalesce(nconst, actor) = $key
    ORDER BY abs(robust_z) DESC, figure
"""


@dataclass(frozen=True)
class Outliers:
    """What is unusual, in sentences, the most unusual first; and the file of the plot, None where it is gone."""

    sentences: list[str]
    picture: Path | None


def film_outliers(catalog: Catalog, film: str) -> Outliers:
    """What is unusual about a film."""
    return _outliers(catalog, FILM_OUTLIERS.name, _OF_FILM, film)


def actor_outliers(catalog: Catalog, actor: str) -> Outliers:
    """What is unusual about an actor, by nconst or name, in one film or another."""
    return _outliers(catalog, ACTOR_OUTLIERS.name, _OF_ACTOR, actor)


def _outliers(catalog: Catalog, table: str, sql: str, key: str) -> Outliers:
    rows: list[dict[str, Any]] = []
    with suppress(WiosError), catalog.library() as library:
        rows = library.rows(table, sql, {"key": key})
    pictures = (Path(row["picture"]) for row in rows if row["picture"])
    return Outliers([row["sentence"] for row in rows], _plot(catalog, next(pictures, None)))


def _plot(catalog: Catalog, picture: Path | None) -> Path | None:
    """The file, if it is a plot in the folder of exports."""
    if picture is None:
        return None
    folder = (catalog.settings.exports / OUTLIERS).resolve()
    with suppress(OSError):
        file = picture.resolve()
        if folder in file.parents and file.suffix == ".png" and file.is_file():
            return file
    return None
