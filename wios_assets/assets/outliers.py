"""Films and actors whose figures are far from the others: rows, a sentence and a plot each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from wios_assets.assets.results import check, content_version, nullable, picture
from wios_assets.assets.specs import table_spec
from wios_assets.atomic import write_atomic
from wios_assets.failures import one_line_failures
from wios_assets.lake.paths import escape_key
from wios_assets.lake.store import has_rows_of, read_rows
from wios_assets.notation import format_percent
from wios_assets.refined_tables import ACTOR_OUTLIERS, ACTOR_SCREEN_TIME, FILM_OUTLIERS, FILM_STATISTICS, OUTLIERS
from wios_assets.settings import Settings
from wios_assets.tables import CAST, GALLERY_PHOTOS
from wios_assets.timeline.frames import records
from wios_assets.timeline.outliers import Spread, spread_of

GROUP = "refined"
SHOWN = 3
LONGEST_LIST = 3


@dataclass(frozen=True)
class Figure:
    """A figure that is compared.

    Attributes:
        what: what it counts, as in `3 people without a name`.
        one: the same of a single one; empty where it is no count.
        digits: decimals that are shown, of a share's percentage or of the number.
        is_share: whether it is shown as a percentage.
    """

    what: str
    digits: int = 0
    is_share: bool = False
    one: str = ""

    @property
    def step(self) -> float:
        """The least difference that can be seen in the figure as it is shown."""
        return float(10.0 ** -(self.digits + (2 if self.is_share else 0)))

    def sentence(self, value: float, median: float) -> str:
        shown, usual = (
            format_percent(each, self.digits) if self.is_share else f"{each:.{self.digits}f}"
            for each in (value, median)
        )
        return f"{shown} {self.one if self.one and shown == '1' else self.what}; the median is {usual}"

    def spread(self, values: pd.Series) -> Spread:
        """How the values of films are spread; differences that are not shown make no outlier."""
        return spread_of(values.to_numpy(dtype=float), self.step)


FILM_FIGURES = {
    "people": Figure("cast members seen", one="cast member seen"),
    "unknown_people": Figure("people without a name", one="person without a name"),
    "cuts_per_minute": Figure("cuts a minute", 1),
    "faces_per_sample": Figure("faces a sample", 2),
    "named_share": Figure("named", is_share=True),
    "unknown_share": Figure("unknown", is_share=True),
    "weak_share": Figure("of the faces' time says nothing", is_share=True),
    "unreadable_share": Figure("unreadable", is_share=True),
    "mean_probability": Figure("mean probability of the names", 3),
}
"""Figures of a film that are compared."""

ACTOR_FIGURES = {"share": Figure("of the film on screen", is_share=True), "scenes": Figure("scenes", one="scene")}

_UNNAMED = ("named_share", "unknown_share")


def film_picture_path(exports: Path, film: str, year: int | None) -> Path:
    """File of a film's plot: `outliers/<year>/<film>.png` in the folder of exports."""
    return exports / OUTLIERS / (str(year) if year is not None else "unknown") / f"{escape_key(film)}.png"


def actor_picture_path(exports: Path, actor: str) -> Path:
    """File of an actor's plot: `outliers/actors/<actor>.png` in the folder of exports."""
    return exports / OUTLIERS / "actors" / f"{escape_key(actor)}.png"


@dg.asset(
    key=FILM_OUTLIERS.name.split("/"),
    **table_spec(FILM_OUTLIERS.name, GROUP, kinds={"python", "parquet"}),
    code_version="2",
    ins={"statistics": dg.AssetIn(FILM_STATISTICS.name.split("/"))},
)
@one_line_failures
def film_outliers(
    context: dg.AssetExecutionContext, statistics: pd.DataFrame, settings: dg.ResourceParam[Settings]
) -> dg.Output[Any]:
    from wios_assets.timeline.outlier_pictures import film_outlier_picture

    limit, least = settings.refined.outlier_z, settings.refined.least_films
    statistics = statistics.sort_values("film", ignore_index=True)
    spreads = {
        figure: spread
        for figure, shown in FILM_FIGURES.items()
        if (spread := shown.spread(statistics[figure])).count >= least
    }
    called = {figure.replace("_", " "): spread for figure, spread in spreads.items()}
    rows: list[dict[str, Any]] = []
    pictures: dict[Path, bytes] = {}
    for index, film in enumerate(records(statistics)):
        far = [figure for figure, spread in spreads.items() if abs(spread.robust_z[index]) >= limit]
        if not far:
            continue
        file = film_picture_path(settings.exports, film["film"], _whole(film["year"]))
        pictures[file] = film_outlier_picture(film["title"] or film["film"], index, called, limit)
        for figure in far:
            sentence = FILM_FIGURES[figure].sentence(spreads[figure].values[index], spreads[figure].median)
            if figure in _UNNAMED and (without := people_without_photos(settings, film["film"])):
                sentence += f": {without}"
            rows.append(_row(film, figure, spreads[figure], index, sentence, file))
    _write_pictures(settings.exports / OUTLIERS, pictures, lambda file: file.parent.name != "actors")
    return _output(context, rows, FILM_OUTLIERS.schema.names, pictures, len(statistics), least, "films")


@dg.asset(
    key=ACTOR_OUTLIERS.name.split("/"),
    **table_spec(ACTOR_OUTLIERS.name, GROUP, kinds={"python", "parquet"}),
    code_version="2",
    ins={"screen_time": dg.AssetIn(ACTOR_SCREEN_TIME.name.split("/"))},
)
@one_line_failures
def actor_outliers(
    context: dg.AssetExecutionContext, screen_time: pd.DataFrame, settings: dg.ResourceParam[Settings]
) -> dg.Output[Any]:
    from wios_assets.timeline.outlier_pictures import actor_outlier_picture

    limit, least = settings.refined.outlier_z, settings.refined.least_films
    rows: list[dict[str, Any]] = []
    pictures: dict[Path, bytes] = {}
    person = screen_time["nconst"].fillna(screen_time["actor"])
    enough = person.map(person.value_counts()) >= least
    compared = screen_time[enough].sort_values("film")
    for _, own in compared.groupby(person[enough]):
        own = own.reset_index(drop=True)
        spreads = {figure: shown.spread(own[figure]) for figure, shown in ACTOR_FIGURES.items()}
        far = np.zeros(len(own), bool)
        films = records(own)
        actor = str(films[0]["actor"])
        file = actor_picture_path(settings.exports, actor)
        for figure, spread in spreads.items():
            for index in np.flatnonzero(np.abs(spread.robust_z) >= limit).tolist():
                film = films[index]
                far[index] = True
                sentence = f"{actor}: {ACTOR_FIGURES[figure].sentence(spread.values[index], spread.median)}"
                rows.append(
                    _row(film, figure, spread, index, sentence, file) | {"actor": actor, "nconst": film["nconst"]}
                )
        if far.any():
            titles = [title or film for title, film in zip(nullable(own["title"]), own["film"], strict=True)]
            years = own["year"].to_numpy(dtype=float, na_value=np.nan)
            pictures[file] = actor_outlier_picture(actor, titles, years.tolist(), own["share"].tolist(), far.tolist())
    _write_pictures(settings.exports / OUTLIERS, pictures, lambda file: file.parent.name == "actors")
    people = int(person[enough].nunique())
    return _output(context, rows, ACTOR_OUTLIERS.schema.names, pictures, people, 1, "actors with enough films")


@dg.asset_check(asset=FILM_OUTLIERS.name.split("/"), description="No film's figures are far from those of the others.")
def no_film_is_far_off(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    rows = read_rows(settings.lake, FILM_OUTLIERS).select(["film", "sentence"]).to_pylist()
    return check("no_film_is_far_off", FILM_OUTLIERS.name, rows, warn=True)


@dg.asset_check(
    asset=ACTOR_OUTLIERS.name.split("/"), description="No actor's figures in a film are far from those in the others."
)
def no_actor_is_far_off(settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    rows = read_rows(settings.lake, ACTOR_OUTLIERS).select(["film", "sentence"]).to_pylist()
    return check("no_actor_is_far_off", ACTOR_OUTLIERS.name, rows, warn=True)


def people_without_photos(settings: Settings, film: str) -> str | None:
    """A clause that names the highest-billed people of a film without a usable photo; None where all have one."""
    lake = settings.lake
    if not has_rows_of(lake, CAST, film) or not has_rows_of(lake, GALLERY_PHOTOS, film):
        return None
    photos = read_rows(lake, GALLERY_PHOTOS, film).to_pandas()
    usable = set(photos.loc[photos["verdict"] == "used", "actor"])
    cast = read_rows(lake, CAST, film).to_pandas().sort_values("billing")
    without = cast[~cast["actor"].isin(usable)]
    if without.empty:
        return None
    first = [f"{row['actor']} (billed {row['billing']})" for row in records(without.head(LONGEST_LIST))]
    more = f" and {len(without) - LONGEST_LIST} more" if len(without) > LONGEST_LIST else ""
    return f"photos are missing for {', '.join(first)}{more}"


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _row(film: dict[str, Any], figure: str, spread: Spread, index: int, sentence: str, file: Path) -> dict[str, Any]:
    z = float(spread.z[index])
    return {
        **{name: film[name] for name in ("film", "title")},
        "year": _whole(film["year"]),
        "figure": figure,
        "value": float(spread.values[index]),
        "median": spread.median,
        "robust_z": float(spread.robust_z[index]),
        "mean": spread.mean,
        "z": None if np.isnan(z) else z,
        "films": spread.count,
        "sentence": sentence,
        "picture": str(file),
    }


def _output(
    context: dg.AssetExecutionContext,
    rows: list[dict[str, Any]],
    columns: list[str],
    pictures: dict[Path, bytes],
    compared: int,
    least: int,
    what: str,
) -> dg.Output[Any]:
    table = pd.DataFrame(rows, columns=columns).sort_values(["film", "figure"], ignore_index=True)
    metadata: dict[str, Any] = {what: compared, "outliers": len(table)}
    if compared < least:
        context.log.info(f"{compared} {what}: too few for outliers, which need {least}")
        metadata["outliers"] = f"not computed: {compared} {what}, {least} are needed"
    for file in sorted(pictures)[:SHOWN]:
        metadata[file.stem] = picture(pictures[file], f"outliers of {file.stem}")
    return dg.Output(table, data_version=content_version(table), metadata=metadata)


def _write_pictures(root: Path, pictures: dict[Path, bytes], is_own: Callable[[Path], bool]) -> None:
    """Write plots, and remove those of films or actors that are no outliers any more."""
    for file, content in pictures.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, content)
    for file in _pictures(root):
        if is_own(file) and file not in pictures:
            file.unlink(missing_ok=True)


def _pictures(root: Path) -> Iterator[Path]:
    yield from root.glob("*/*.png")
