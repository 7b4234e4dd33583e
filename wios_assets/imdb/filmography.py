"""A director's films with their casts, and what is missing to analyse them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wios_assets.imdb.casts import cast_of_title
from wios_assets.imdb.lookup import ImdbLookup, Title
from wios_assets.photos.folders import photos_of_cast
from wios_assets.tables import FILMOGRAPHY, WANTED

_NOBODY: dict[Hashable, Any] = {"billing": None, "actor": None, "nconst": None, "character": None, "left_out": None}


def filmography_of(lookup: ImdbLookup, director: str | None) -> pd.DataFrame:
    """A director's films by year, each with its cast in billing order, then the people left out and the reason.

    Args:
        director: IMDB's key of the person; None for nobody.

    Returns:
        A frame of FILMOGRAPHY's columns; empty where the director is not known or made no film.
    """
    rows = _credits(lookup, director) if director else []
    frame = pd.DataFrame(rows, columns=[column.name for column in FILMOGRAPHY.columns])
    return frame.astype({"year": "Int32", "billing": "Int32"}).astype(object).where(lambda rows: rows.notna(), None)


def _credits(lookup: ImdbLookup, director: str) -> list[dict[Hashable, Any]]:
    name = lookup.names([director]).get(director)
    rows: list[dict[Hashable, Any]] = []
    for title in lookup.films_directed_by(director):
        film = _film(director, name, title)
        cast, left_out = cast_of_title(lookup, title.tconst)
        seen = cast[["billing", "actor", "nconst", "character"]].assign(left_out=None)
        unseen = left_out.rename(columns={"reason": "left_out"}).assign(billing=None)
        people = [*seen.to_dict("records"), *unseen[list(_NOBODY)].to_dict("records")]
        rows += [{**film, **person} for person in people or [_NOBODY]]
    return rows


def unknown_director(lookup: ImdbLookup, director: str | None) -> str:
    """Why the filmography of `director` is empty, in one line with the remedy."""
    if not director:
        return "director: nobody is chosen; set WIOS_DIRECTOR to the nconst of a director, nm and seven digits or more"
    if not lookup.has("imdb/name_basics"):
        return "IMDB's tables are not in the lake; `wios imdb load` loads them"
    if director not in lookup.names([director]):
        return f"director {director}: IMDB's tables know nobody of this key; set WIOS_DIRECTOR to another nconst"
    return f"director {director}: IMDB's tables have no film directed by {lookup.names([director])[director]}"


def wanted_for(
    filmography: pd.DataFrame,
    videos: frozenset[str],
    usable: Mapping[str, int],
    galleries: Sequence[Path],
    enough: int,
) -> pd.DataFrame:
    """Films without a video, by year, then cast members with fewer than `enough` photos, in order of billing.

    Args:
        filmography: rows of the table `filmography`.
        videos: tconsts of the films that have a video.
        usable: nconst → usable photos, for people of films that were analysed.
        galleries: folders of photos, where the others' picture files are counted.

    Returns:
        A frame of WANTED's columns.
    """
    rows: list[tuple[object, ...]] = []
    films = filmography.drop_duplicates("tconst")
    for film in films[~films["tconst"].isin(videos)].to_dict("records"):
        year = None if pd.isna(film["year"]) else int(film["year"])
        rows.append(("video", film["tconst"], film["title"], year, None, None, None, "no video of this film"))
    cast = filmography[filmography["billing"].notna()]
    people = cast.sort_values("billing", kind="stable").drop_duplicates("nconst")
    files = photos_of_cast(list(zip(people["actor"], people["nconst"], strict=True)), galleries)
    titles = {key: " / ".join(dict.fromkeys(own)) for key, own in cast.groupby("nconst")["title"]}
    for nconst, actor in zip(people["nconst"], people["actor"], strict=True):
        known = nconst in usable
        photos = usable[nconst] if known else len(files[actor].photos)
        if photos < enough:
            kind = "usable photos" if known else "picture files"
            reason = f"{photos} {kind} where {enough} are wanted"
            rows.append(("photos", None, titles[nconst], None, nconst, actor, photos, reason))
    return pd.DataFrame(rows, columns=[column.name for column in WANTED.columns], dtype=object)


def _film(director: str, name: str | None, title: Title) -> dict[Hashable, Any]:
    return {
        "director": director,
        "director_name": name,
        "tconst": title.tconst,
        "title": title.primary_title,
        "year": title.year,
        "title_type": title.title_type,
    }
