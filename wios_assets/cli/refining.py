"""`wios refine`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wios_assets.cli.console import say
from wios_assets.errors import NotFound

if TYPE_CHECKING:
    from wios_assets.settings import Settings


def refine() -> None:
    """Bring the tables over all films up to date: screen time of actors, people together, statistics, outliers."""
    from wios_assets.cli.running import run_settings, run_with_status
    from wios_assets.lake.library import publish
    from wios_assets.lake.store import finished_films
    from wios_assets.runs.instance import dagster_instance

    settings = run_settings()
    if not finished_films(settings.lake):
        raise NotFound(f"{settings.lake}: no film was analysed yet; `wios run FILM` analyses one")
    started = time.monotonic()
    with dagster_instance(settings) as instance:
        run_with_status(settings, instance, "refined_tables", "bringing the tables over all films up to date")
    publish(settings.lake, settings.library)
    _report(settings, time.monotonic() - started)


def _report(settings: Settings, seconds: float) -> None:
    from wios_assets.lake.store import read_rows
    from wios_assets.refined_tables import ACTOR_OUTLIERS, FILM_OUTLIERS, FILM_STATISTICS

    films = read_rows(settings.lake, FILM_STATISTICS).num_rows
    say(f"{films} films, in {seconds:.0f} s; next: wios sql 'SELECT * FROM refined.film_statistics'")
    for table in (FILM_OUTLIERS, ACTOR_OUTLIERS):
        for row in read_rows(settings.lake, table).to_pylist():
            say(f"{row['title'] or row['film']}: {row['sentence']}")
