"""The tracks of a person of a film, and those that followed a decision."""

from __future__ import annotations

from wios_assets.lake.library import Row
from wios_assets.page.state.catalog import Catalog
from wios_assets.reviews.current_timeline import TrackTables
from wios_assets.reviews.overlay import followers
from wios_assets.timeline.frames import records


def tracks_of(catalog: Catalog, film: str, person: str) -> list[Row]:
    """A person's tracks with every decision applied, by start.

    Args:
        film: the film's key.
        person: name, or unknown:<n>.

    Returns:
        track, start_s, end_s, best_face and probability of each.

    Raises:
        WiosError: the film's tracks or their names are not in the lake.
    """
    tables = TrackTables.read(catalog.settings.lake, film)
    names = tables.with_decisions(catalog.decisions.of(film)).names
    own = names.loc[names["actor"] == person, ["track", "probability"]].merge(tables.tracks, on="track")
    own = own.sort_values(["start_s", "track"]).astype({"best_face": "Int64"})
    return records(own[["track", "start_s", "end_s", "best_face", "probability"]])


def count_followers(catalog: Catalog, film: str, act: str) -> int:
    """How many tracks the last run named because they are like those that a decision names; 0 once it is undone.

    Raises:
        WiosError: the film's tracks or their names are not in the lake.
    """
    decisions = catalog.decisions.of(film)
    made = next((each for each in decisions.all if each.id == act), None)
    if made is None or made.person is None or made.verdict != "is" or made.undone_at is not None:
        return 0
    names = TrackTables.read(catalog.settings.lake, film).with_decisions(decisions).names
    return len(followers(names, decisions.tracks_of(act), made.person))
