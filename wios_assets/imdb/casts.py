"""Casts of films: people and characters from IMDB's credits, or from a user's list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from wios_assets.imdb.lookup import Credit, ImdbLookup
from wios_assets.photos.folders import photos_of_cast
from wios_assets.tables import CAST
from wios_assets.text import caseless, name_key, readable

ON_SCREEN = ("actor", "actress", "self")
LEFT_OUT_COLUMNS = ("actor", "nconst", "character", "category", "reason")
NCONST = re.compile(r"nm\d{7,10}")
_VOICE = re.compile(r"\(\s*voice\b[^)]*\)", re.IGNORECASE)
_UNCREDITED = re.compile(r"\(\s*uncredited\b[^)]*\)", re.IGNORECASE)
_COLUMNS = [column.name for column in CAST.columns]


def cast_of_title(
    lookup: ImdbLookup, tconsts: str | Sequence[str], galleries: Iterable[Path] = (), film: Path | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The people who may be seen in a title, and those left out.

    For an episode the titles are its series and then the episode: the series' cast comes first, then the guests.

    Actors, actresses and people as themselves, in billing order, each once, with their characters joined by ` / `.
    People who are uncredited or only lend their voices are left out. Namesakes have their nconst after the name.

    Args:
        galleries: folders with one folder per actor. film: video file, for `.actors/` in its folder.

    Returns:
        A frame of CAST's columns (without `film`), and one of actor, nconst, character, category and reason.
    """
    people: dict[str, list[Credit]] = {}
    for tconst in [tconsts] if isinstance(tconsts, str) else tconsts:
        for credit in lookup.credits(tconst):
            if credit.category in ON_SCREEN:
                people.setdefault(credit.nconst, []).append(credit)
    names = _unique_names({nconst: credits[0].name or nconst for nconst, credits in people.items()})
    seen: list[tuple[str, str | None, str | None]] = []
    left_out: list[tuple[str, str, str | None, str, str]] = []
    for nconst, credits in people.items():
        characters = list(dict.fromkeys(character for credit in credits for character in credit.characters))
        joined = " / ".join(characters) or None
        reason = _reason_to_leave_out(characters)
        if reason is None:
            seen.append((names[nconst], nconst, joined))
        else:
            left_out.append((names[nconst], nconst, joined, credits[0].category, reason))
    return _cast_frame(seen, "imdb", galleries, film), pd.DataFrame(left_out, columns=list(LEFT_OUT_COLUMNS))


def with_roles(cast: pd.DataFrame, roles: Mapping[str, str | None]) -> pd.DataFrame:
    """A cast with characters from `roles` (by actor's name) where it has none."""
    by_name = {name_key(actor): role for actor, role in roles.items()}
    own = [
        by_name.get(name_key(actor)) if character is None else character
        for actor, character in zip(cast["actor"], cast["character"], strict=True)
    ]
    return cast.assign(character=pd.Series(own, index=cast.index, dtype=object))


def cast_by_hand(
    entries: Sequence[str],
    lookup: ImdbLookup | None = None,
    galleries: Iterable[Path] = (),
    tconsts: Sequence[str] = (),
    film: Path | None = None,
    source: str = "sidecar",
) -> pd.DataFrame:
    """A cast from a user's list, or an nfo's: actors' names, nconsts, or names of gallery folders, in billing order.

    A name keeps its spelling. Its nconst is that of the title's cast member with this name, else the only one with this
    name in IMDB; it stays empty where IMDB has several people of the name. An nconst gets the name that IMDB has.

    Returns:
        A frame of CAST's columns, without `film`.
    """
    entries = list(dict.fromkeys(" ".join(entry.split()) for entry in entries))
    credits: dict[str, list[Credit]] = {}
    for tconst in tconsts if lookup is not None else ():
        for credit in lookup.credits(tconst) if lookup is not None else ():
            if credit.category in ON_SCREEN:
                credits.setdefault(credit.nconst, []).append(credit)
    named: dict[str, set[str]] = {}
    for person, own in credits.items():
        named.setdefault(caseless(own[0].name or ""), set()).add(person)
    keys = [entry for entry in entries if NCONST.fullmatch(entry)]
    names = lookup.names(keys) if lookup is not None else {}
    people: dict[str, tuple[str, str | None, str | None]] = {}
    for entry in entries:
        is_key = NCONST.fullmatch(entry) is not None
        actor = names.get(entry, entry) if is_key else entry
        nconst = entry if is_key else _key_of(entry, named, lookup)
        characters = dict.fromkeys(text for credit in credits.get(nconst or "", ()) for text in credit.characters)
        people.setdefault(nconst or actor, (actor, nconst, " / ".join(characters) or None))
    unique = _unique_names({key: actor for key, (actor, _, _) in people.items()})
    cast = [(unique[key], nconst, character) for key, (_, nconst, character) in people.items()]
    return _cast_frame(cast, source, galleries, film)


def _folder_text(folder: Path | None) -> str | None:
    return None if folder is None else readable(str(folder))


def _key_of(name: str, of_title: dict[str, set[str]], lookup: ImdbLookup | None) -> str | None:
    spaced = name.replace("_", " ")
    in_title = of_title.get(caseless(spaced), set())
    if in_title:
        return next(iter(in_title)) if len(in_title) == 1 else None
    people = lookup.people_called(spaced) if lookup is not None else []
    return people[0].nconst if len(people) == 1 else None


def _reason_to_leave_out(characters: Sequence[str]) -> str | None:
    if characters and all(_VOICE.search(character) for character in characters):
        return "only lends a voice"
    if characters and all(_UNCREDITED.search(character) for character in characters):
        return "uncredited"
    return None


def _unique_names(names: dict[str, str]) -> dict[str, str]:
    """Names by key; where people share a name, the key is added, because tracks are named by actor's name."""
    spelled = list(names.values())
    return {key: f"{name} ({key})" if spelled.count(name) > 1 and key != name else name for key, name in names.items()}


def _cast_frame(
    people: Sequence[tuple[str, str | None, str | None]], source: str, galleries: Iterable[Path], film: Path | None
) -> pd.DataFrame:
    photos = photos_of_cast([(actor, nconst) for actor, nconst, _ in people], galleries, film)
    rows = [
        (billing, actor, nconst, character, source, _folder_text(photos[actor].folder))
        for billing, (actor, nconst, character) in enumerate(people, start=1)
    ]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    return frame.astype({"billing": "int32"})
