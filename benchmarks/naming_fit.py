"""Fits the numbers of naming to the development films, and says how they vary when a film is left out.

    python -m benchmarks.naming_fit [--rounds 1] [--leave-out joker,titanic,…]

Needs the development films (WIOS_DEVSET). What is maximised is the benchmark's own score: recall, each person on screen
weighing the same, less a price for wrong names, for names in casts of strangers and for a calibration error. Every film
counts with its full cast, with and without people to compare with; with one photo an actor, drawn several times, with
and without distractors; with casts drawn at random, whose missing half are strangers that look like somebody; and with
casts of strangers alone.

The search is the cross-entropy method (Rubinstein, Methodology and Computing in Applied Probability 1999): numbers are
drawn from wide ranges, then from a normal distribution fitted to the best of them, and so on; the result is the mean of
the best, so that no single draw decides. Every film's scores are kept apart. So leaving a film out means choosing the
best by the scores of the others, among the same candidates, and drawing further ones from those.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from benchmarks.films import devset
from benchmarks.naming_films import CINEMA, EARLIER, SEEN_UNNAMED, Film, Photos, distractors, films
from benchmarks.naming_scores import truth_for
from wios_assets.assets.options import cores, engine_options
from wios_assets.naming.evidence import Gallery, Tracks
from wios_assets.naming.names import samples_of
from wios_assets.naming.normalisation import ImpostorModel
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.outcomes import track_outcomes
from wios_assets.settings import load_settings
from wios_assets.timeline.appearances import is_unknown
from wios_assets.timeline.evaluation import COLLAR_S, STEPS_PER_SECOND
from wios_assets.timeline.frames import records
from wios_assets.vision.engines import load_engine

RANGES = {
    "photo_level": (1.0, 3.5),
    "photo_slope": (0.6, 3.5),
    "photo_quality": (0.0, 1.6),
    "recognisable": (0.0, 0.03),
    "follows": (0.3, 1.0),
    "film_level": (2.0, 5.5),
    "film_slope": (0.5, 3.0),
    "same_person": (4.0, 6.5),
    "strangers": (0.1, 0.7),
    "screen_time": (0.0, 0.5),
}
"""What is fitted, and the ranges in which the numbers have a meaning."""

FIRST = 64
"""Candidates drawn from the whole ranges (Sobol's sequence)."""
FURTHER = 48
"""Candidates drawn in each further round."""
ROUNDS = 1
"""Further rounds: more of them move the numbers, not the names of a film left out."""
BEST = 16
"""Candidates whose mean is taken."""

WRONG = 5.0
"""Price of wrong names: their share of all names counts as so much recall."""
MISCALIBRATED = 1.0
"""Price of the expected calibration error beyond `CALIBRATED`."""
CALIBRATED = 0.03

PERHAPS = 0.25
"""What recall is worth where the likeliest name of `perhaps` counts as given."""

DRAWS = 2
"""Draws of photos, of photos with distractors, and of casts, for each film."""
FIRST_SEED = 100
"""Draws of photos have these seeds and the next, which no part of `benchmarks.naming` uses."""
DISTRACTORS = 40

FULL, ONE, AMONG, CASTS, STRANGERS = "all photos", "one photo", "distractors", "casts", "strangers"


@dataclass(frozen=True)
class Case:
    """A film's tracks with some cast and some photos.

    Attributes:
        setting: what kind of cast and photos.
        tracks: the tracks. samples: samples in which each is seen.
        gallery: photos of the cast. others: photos of people outside it.
        engines: engines of the embeddings.
        hits: points of the time grid at which each actor is visible during each track, int64 [tracks, actors].
        right: whether the actor is visible for at least half of the track, bool [tracks, actors].
        there: points at which each actor is visible, int64 [actors].
        absent: points at which people without a photo are visible, by name.
    """

    setting: str
    tracks: Tracks
    samples: list[frozenset[int]]
    gallery: Gallery
    others: Gallery
    engines: set[str]
    hits: NDArray[np.int64]
    right: NDArray[np.bool_]
    there: NDArray[np.int64]
    absent: Mapping[str, int]

    @classmethod
    def of(cls, setting: str, film: Film, cast: Sequence[str], photos: pd.DataFrame, cohort: bool = True) -> Case:
        gallery = Gallery.of(photos[photos["actor"].isin(cast)], cast)
        others = Gallery.of(photos[~photos["actor"].isin(cast)] if cohort else None)
        tracks = Tracks.of(film.tracks, film.tables["face_embeddings"])
        samples = samples_of(film.tracks, film.tables["faces"])
        seen, ignored = _grid(truth_for(film, cast))
        steps = np.arange(len(next(iter(seen.values()), ())))
        hits = np.zeros((len(tracks), len(gallery)), dtype=np.int64)
        right = np.zeros(hits.shape, dtype=bool)
        for actor, person in enumerate(gallery.people):
            counted = seen.get(person, np.zeros(len(steps), bool))
            maybe = ignored.get(person, np.zeros(len(steps), bool))
            for track, (start, end) in enumerate(zip(tracks.start_s, tracks.end_s, strict=True)):
                own = slice(_step(start), _step(end))
                hits[track, actor] = (counted & ~maybe)[own].sum()
                right[track, actor] = 2 * (counted | maybe)[own].sum() >= max(_step(end) - _step(start), 1)
            right[:, actor] |= person in SEEN_UNNAMED.get(film.path.stem, ())
        there = {person: int((mask & ~ignored[person]).sum()) for person, mask in seen.items()}
        return cls(
            setting,
            tracks,
            [samples[row] for row in tracks.rows.tolist()],
            gallery,
            others,
            set(photos["engine"]),
            hits,
            right,
            np.asarray([there.get(person, 0) for person in gallery.people], dtype=np.int64),
            {person: points for person, points in there.items() if person not in gallery.people},
        )

    def score(self, options: NamingOptions) -> Score:
        """The score of these options."""
        hit: dict[str, float] = dict.fromkeys(self.absent, 0.0)
        maybe = dict(hit)
        named: list[tuple[float, bool]] = []
        if len(self.tracks) and len(self.gallery):
            impostors = ImpostorModel.of(self.gallery.joined(self.others), self.engines, options)
            result = track_outcomes(self.tracks, self.gallery, self.others, impostors, self.samples, {}, options)
            hit |= dict.fromkeys(self.gallery.people, 0.0)
            maybe |= dict.fromkeys(self.gallery.people, 0.0)
            for track, outcome in enumerate(result.outcomes):
                if outcome.outcome == "named":
                    hit[self.gallery.people[outcome.actor]] += float(self.hits[track, outcome.actor])
                    named.append((outcome.probability, bool(self.right[track, outcome.actor])))
                elif outcome.perhaps:
                    first = outcome.perhaps[0][0]
                    maybe[self.gallery.people[first]] += float(self.hits[track, first])
        there = {**self.absent, **dict(zip(self.gallery.people, self.there.tolist(), strict=True))}
        return Score(
            {person: min(points / there[person], 1.0) for person, points in hit.items() if there[person]},
            {person: min((hit[person] + more) / there[person], 1.0) for person, more in maybe.items() if there[person]},
            np.asarray([probability for probability, _ in named], dtype=np.float64),
            np.asarray([right for _, right in named], dtype=bool),
        )


@dataclass(frozen=True)
class Score:
    """Score of one case.

    Attributes:
        recall: of each person on screen.
        with_perhaps: the same where the likeliest name of `perhaps` counts as given.
        probabilities: of named tracks.
        right: whether they are.
    """

    recall: Mapping[str, float]
    with_perhaps: Mapping[str, float]
    probabilities: NDArray[np.float64]
    right: NDArray[np.bool_]


Scores = Mapping[str, Sequence[tuple[str, str, Score]]]
"""By film: kind of film, setting and score of each case."""


def _step(seconds: float) -> int:
    return max(int(np.ceil(seconds * STEPS_PER_SECOND - 1e-9)), 0)


def _grid(truth: pd.DataFrame) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]]]:
    """Points of the time grid at which each person is visible, and those that count neither way, as in evaluation."""
    steps = _step(float(truth["end_s"].max()) + COLLAR_S) + 1 if len(truth) else 0
    people = [person for person in dict.fromkeys(truth["person"]) if not is_unknown(person)]
    seen, ignored = ({person: np.zeros(steps, dtype=bool) for person in people} for _ in range(2))
    for row in records(truth[truth["person"].isin(people)]):
        person, edges = row["person"], (row["start_s"], row["end_s"])
        (ignored if row["optional"] else seen)[person][_step(edges[0]) : _step(edges[1])] = True
        for edge in () if row["optional"] else edges:
            ignored[person][_step(edge - COLLAR_S) : _step(edge + COLLAR_S)] = True
    return seen, ignored


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
    people, full = sorted(photos.people), photos.gallery()[1]
    seeds = range(FIRST_SEED, FIRST_SEED + DRAWS)
    single = {seed: photos.gallery(each=1, seed=seed, impostors=True)[1] for seed in seeds}
    cases = {}
    for number, (name, film) in enumerate(every.items()):
        random = np.random.default_rng([number, len(every)])
        among = {seed: (*film.cast, *distractors(film, photos, DISTRACTORS, seed)) for seed in seeds}
        cases[name] = [
            Case.of(FULL, film, film.cast, full),
            Case.of(FULL, film, film.cast, full, cohort=False),
            *(Case.of(ONE, film, film.cast, single[seed]) for seed in seeds),
            *(Case.of(AMONG, film, among[seed], single[seed]) for seed in seeds),
            *(Case.of(CASTS, film, drawn_cast(film, people, random), full, draw % 2 == 0) for draw in range(DRAWS)),
            *(
                Case.of(STRANGERS, film, strangers_only(film, people, random), full, draw % 2 == 0)
                for draw in range(DRAWS)
            ),
        ]
    return cases


def value(scores: Scores) -> float:
    """What some numbers are worth: recall, less the prices of mistakes.

    Recall is the mean over settings and kinds of film of the mean over people; the first of `perhaps` counts a little.
    Wrong names are a share of all names of a setting; names in casts of strangers, a share of the names that the right
    casts give.
    """
    every = [entry for own in scores.values() for entry in own]
    recalls, wrong = [], []
    for setting in (FULL, ONE, AMONG, CASTS):
        own = [(kind, score) for kind, each, score in every if each == setting]
        for kind in (EARLIER, CINEMA):
            recall = [each for of_kind, score in own if of_kind == kind for each in score.recall.values()]
            maybe = [each for of_kind, score in own if of_kind == kind for each in score.with_perhaps.values()]
            recalls += [float(np.mean(recall) + PERHAPS * np.mean(maybe))] if recall else []
        right = np.concatenate([score.right for _, score in own])
        wrong.append(float((~right).mean()) if len(right) else 0.0)
    named = np.concatenate([score.probabilities for _, setting, score in every if setting != STRANGERS])
    right = np.concatenate([score.right for _, setting, score in every if setting != STRANGERS])
    drawn = [len(score.right) for _, setting, score in every if setting == STRANGERS]
    full = [len(score.right) for _, setting, score in every if setting == FULL]
    stranger = np.sum(drawn) / len(drawn) / max(np.sum(full) / len(full), 1.0)
    error = max(_calibration_error(named, right) - CALIBRATED, 0.0)
    return float(np.mean(recalls) - WRONG * (np.mean(wrong) + stranger) - MISCALIBRATED * error)


def _calibration_error(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    tenths = np.minimum((probabilities * 10).astype(np.int64), 9)
    gaps = [abs(float((probabilities - right)[tenths == tenth].sum())) for tenth in np.unique(tenths)]
    return sum(gaps) / max(len(right), 1)


class Search:
    """Candidates with their scores by film."""

    def __init__(self, cases: Mapping[str, Sequence[Case]], kinds: Mapping[str, str], start: NamingOptions) -> None:
        self.cases, self.kinds, self.start = cases, kinds, start
        self.names = tuple(RANGES)
        self.low, self.high = np.asarray(list(RANGES.values()), dtype=np.float64).T
        self.candidates: list[NDArray[np.float64]] = []
        self.scores: list[Scores] = []

    def options(self, candidate: NDArray[np.float64]) -> NamingOptions:
        numbers: dict[str, Any] = dict(zip(self.names, candidate.tolist(), strict=True))
        return replace(self.start, **numbers)

    def add(self, candidates: Iterable[NDArray[np.float64]]) -> None:
        for candidate in candidates:
            options = self.options(candidate)
            self.candidates.append(candidate)
            self.scores.append(
                {
                    name: [(self.kinds[name], case.setting, case.score(options)) for case in own]
                    for name, own in self.cases.items()
                }
            )

    def best(self, left_out: str | None) -> NDArray[np.float64]:
        """The best candidates by all films but one, float64 [candidates, numbers], the best first."""
        values = [value({name: own for name, own in scores.items() if name != left_out}) for scores in self.scores]
        return np.stack([self.candidates[index] for index in np.argsort(values)[::-1][:BEST]])

    def run(self, left_out: Sequence[str | None], rounds: int, seed: int = 0) -> None:
        """Draws candidates from the whole ranges, then around the best without each of `left_out` in turn."""
        sobol = qmc.Sobol(len(self.names), seed=seed).random(FIRST)
        self.add(qmc.scale(sobol, self.low, self.high))
        random = np.random.default_rng(seed)
        for _ in range(rounds):
            drawn = []
            for name in left_out:
                best = self.best(name)
                spread = np.cov(best.T) + np.diag(((self.high - self.low) / 50.0) ** 2)
                share = max(FURTHER // len(left_out), 1)
                drawn += list(random.multivariate_normal(best.mean(axis=0), spread, share))
            self.add(np.clip(candidate, self.low, self.high) for candidate in drawn)

    def fitted(self, left_out: str | None = None) -> NamingOptions:
        """The numbers fitted to all films but one: the mean of the best candidates."""
        return self.options(self.best(left_out).mean(axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of the search after the first")
    parser.add_argument(
        "--leave-out", help="films to leave out in turn, separated by commas; the cinema's if not given"
    )
    args = parser.parse_args()
    engine = load_engine(engine_options(load_settings(), cores()))
    every = films(devset(), engine)
    cinema = [name for name, film in every.items() if film.kind == CINEMA]
    names = args.leave_out.split(",") if args.leave_out else cinema
    search = Search(
        cases_of(every, Photos.of(devset(), engine)), {name: film.kind for name, film in every.items()}, NamingOptions()
    )
    search.run([None, *names], args.rounds)
    columns = {"default": NamingOptions(), "fitted": search.fitted()} | {
        f"without {name}": search.fitted(name) for name in names
    }
    table = pd.DataFrame({label: {name: getattr(own, name) for name in RANGES} for label, own in columns.items()})
    print(table.round(3).to_markdown())


if __name__ == "__main__":
    main()
