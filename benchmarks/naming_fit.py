"""Fits the numbers of naming to the development films, and says how they vary when a film is left out.

    python -m benchmarks.naming_fit [--rounds 3] [--leave-out joker,titanic,…]

Needs the development films (WIOS_DEVSET). The truth does not say which track is whose, only who is on screen when. So a
track counts as right with all the probability that it gives to people who are visible during it, strangers included
(learning from partial labels). Every film counts with its full cast, with casts drawn at random, whose missing half are
strangers that look like somebody, with casts of strangers alone, and with one photo an actor.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.films import devset
from benchmarks.naming_films import Film, Photos, films, visible
from wios_assets.assets.options import cores, engine_options
from wios_assets.naming.evidence import Gallery, Tracks
from wios_assets.naming.names import samples_of
from wios_assets.naming.normalisation import ImpostorModel
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.outcomes import track_outcomes
from wios_assets.settings import load_settings
from wios_assets.vision.engines import load_engine

STEPS = {
    "photo_level": 0.2,
    "photo_slope": 0.3,
    "photo_quality": 0.3,
    "follows": 0.15,
    "film_level": 0.5,
    "film_slope": 0.3,
    "same_person": 0.5,
    "strangers": 0.1,
    "screen_time": 0.25,
}
"""What is fitted, and by how much each is moved at first."""

BOUNDS = {
    "follows": (0.3, 1.0),
    "photo_quality": (0.0, 2.0),
    "strangers": (0.1, 0.7),
    "screen_time": (0.0, 0.5),
    "same_person": (4.0, 8.0),
}
"""Ranges outside which a number has no meaning, or is not believed whatever a few films say."""

NEAR_S = 0.3
"""A track may be of anybody who is visible within so many seconds of it."""
FLOOR = 0.03
"""Least probability that a track can give to the truth: a face that the truth leaves out fits nothing."""
CASTS = 4
"""Casts drawn at random for each film, all of them together of the weight of the full cast."""


@dataclass(frozen=True)
class Case:
    """A film's tracks with some cast and some photos.

    Attributes:
        tracks: the tracks. samples: samples in which each is seen.
        gallery: photos of the cast. others: photos of people outside it.
        engines: engines of the embeddings.
        possible: who each track may truly be, bool [tracks, actors + 1], the last column for a stranger.
        weight: what the film counts for.
    """

    tracks: Tracks
    samples: list[frozenset[int]]
    gallery: Gallery
    others: Gallery
    engines: set[str]
    possible: NDArray[np.bool_]
    weight: float

    @classmethod
    def of(cls, film: Film, cast: Sequence[str], photos: pd.DataFrame, weight: float, cohort: bool = True) -> Case:
        gallery = Gallery.of(photos, cast)
        others = Gallery.of(photos[~photos["actor"].isin(cast)] if cohort else None)
        tracks = Tracks.of(film.tracks, film.tables["face_embeddings"])
        samples = samples_of(film.tracks, film.tables["faces"])
        possible = np.zeros((len(tracks), len(gallery) + 1), dtype=bool)
        for index, row in enumerate(tracks.rows.tolist()):
            there = visible(film, film.tracks.iloc[row], NEAR_S)
            possible[index, :-1] = [person in there for person in gallery.people]
            possible[index, -1] = not there or any(person not in gallery.people for person in there)
        return cls(
            tracks,
            [samples[row] for row in tracks.rows.tolist()],
            gallery,
            others,
            set(photos["engine"]),
            possible,
            # A film counts as the root of its tracks: many tracks of few people are not independent.
            weight / np.sqrt(max(len(tracks), 1)),
        )

    def loss(self, options: NamingOptions) -> float:
        """Negative log-likelihood of the truth."""
        if not len(self.tracks) or not len(self.gallery):
            return 0.0
        impostors = ImpostorModel.of(self.gallery.joined(self.others), self.engines, options)
        result = track_outcomes(self.tracks, self.gallery, self.others, impostors, self.samples, {}, options)
        right = (result.belief * self.possible).sum(axis=1)
        return -self.weight * float(np.log(np.maximum(right, FLOOR)).sum())


def drawn_cast(film: Film, people: Sequence[str], random: np.random.Generator) -> tuple[str, ...]:
    """Half of a film's cast, and up to a dozen of `people` who are not in it."""
    inside = [actor for actor in film.cast if random.random() < 0.5]
    outside = [person for person in people if person not in film.cast]
    more = random.choice(outside, size=min(len(outside), int(random.integers(1, 12))), replace=False)
    return (*inside, *map(str, more))


def strangers_only(film: Film, people: Sequence[str], random: np.random.Generator) -> tuple[str, ...]:
    """Up to fifteen of `people` none of whom is in the film."""
    outside = [person for person in people if person not in film.cast and person not in set(film.truth["person"])]
    size = min(len(outside), int(random.integers(2, 16)))
    return tuple(map(str, random.choice(outside, size=size, replace=False)))


def cases_of(every: Mapping[str, Film], photos: Photos) -> dict[str, list[Case]]:
    """All cases, by film."""
    people = sorted(photos.people)
    full, single = photos.gallery()[1], [photos.gallery(each=1, seed=seed)[1] for seed in (100, 101)]
    cases = {}
    for number, (name, film) in enumerate(every.items()):
        random = np.random.default_rng([number, len(every)])
        cases[name] = [
            Case.of(film, film.cast, full, 1.0),
            Case.of(film, film.cast, full, 1.0, cohort=False),
            *(Case.of(film, film.cast, each, 0.5) for each in single),
            *(
                Case.of(film, drawn_cast(film, people, random), full, 1.0 / CASTS, cohort=draw % 2 == 0)
                for draw in range(CASTS)
            ),
            Case.of(film, strangers_only(film, people, random), full, 0.5),
        ]
    return cases


def fitted(cases: Sequence[Case], start: NamingOptions, rounds: int) -> NamingOptions:
    """The numbers of least loss, by a search along each in turn with steps halved from round to round."""
    options, least = start, sum(case.loss(start) for case in cases)
    steps = dict(STEPS)
    for _ in range(rounds):
        for name in STEPS:
            for step in (steps[name], -steps[name]):
                moved = False
                while True:
                    low, high = BOUNDS.get(name, (-np.inf, np.inf))
                    value = float(np.clip(getattr(options, name) + step, low, high))
                    if value == getattr(options, name):
                        break
                    changed: dict[str, Any] = {name: value}
                    candidate = replace(options, **changed)
                    loss = sum(case.loss(candidate) for case in cases)
                    if loss >= least - 1e-3:
                        break
                    options, least, moved = candidate, loss, True
                if moved:
                    break
        steps = {name: step / 2 for name, step in steps.items()}
    return options


def fitted_without(
    cases: Mapping[str, Sequence[Case]], left_out: str, start: NamingOptions, rounds: int
) -> NamingOptions:
    """The numbers fitted to all films but one."""
    return fitted([case for name, own in cases.items() if name != left_out for case in own], start, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the search")
    parser.add_argument("--leave-out", help="films to leave out in turn, separated by commas; all where not given")
    args = parser.parse_args()
    engine = load_engine(engine_options(load_settings(), cores()))
    every = films(devset(), engine)
    cases = cases_of(every, Photos.of(devset(), engine))
    start = NamingOptions()
    all_of_them = fitted([case for own in cases.values() for case in own], start, args.rounds)
    names = args.leave_out.split(",") if args.leave_out else list(every)
    rows = {name: fitted_without(cases, name, all_of_them, max(args.rounds - 1, 1)) for name in names}
    table = pd.DataFrame(
        {
            "default": {name: getattr(start, name) for name in STEPS},
            "fitted": {name: getattr(all_of_them, name) for name in STEPS},
            "least without a film": {name: min(getattr(row, name) for row in rows.values()) for name in STEPS},
            "greatest without a film": {name: max(getattr(row, name) for row in rows.values()) for name in STEPS},
        }
    )
    print(table.round(3).to_markdown())


if __name__ == "__main__":
    main()
