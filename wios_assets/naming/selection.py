"""Compares ways of recognising faces on the galleries, with the same embeddings and the same splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from wios_assets.naming.distances import distances
from wios_assets.naming.evidence import Gallery, person_distances
from wios_assets.naming.options import NamingOptions

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Recogniser:
    """A way of identifying faces.

    Attributes:
        kind: `nearest` (mean distance of the `neighbours` nearest photos), `mean` (distance to the mean photo), `knn`
            (vote of the `neighbours` nearest photos, weighted by nearness) or `svc`.
        neighbours: number of nearest photos used.
        kernel: `linear`, `rbf` or `poly`.
        c: penalty of the support vector machine.
        gamma: kernel's width.
        degree: degree of the polynomial.
    """

    kind: str
    neighbours: int = 0
    kernel: str = ""
    c: float = 0.0
    gamma: float = 0.0
    degree: int = 0

    @property
    def name(self) -> str:
        """Name in tables and plots."""
        if self.kind == "svc":
            wide = f", γ {self.gamma:g}" if self.kernel != "linear" else ""
            return f"SVC {self.kernel}, C {self.c:g}{wide}" + (f", degree {self.degree}" if self.degree else "")
        if self.kind == "mean":
            return "nearest mean"
        if self.kind == "knn":
            return f"{self.neighbours}-NN vote"
        return "nearest photo" if self.neighbours == 1 else f"nearest {self.neighbours} photos"

    @property
    def nearest_photos(self) -> int | None:
        """The value of `NamingOptions.nearest_photos` with which naming compares the same way; None where it cannot:
        naming needs a distance to each actor, which neither votes nor support vector machines give."""
        return {"nearest": self.neighbours, "mean": 0}.get(self.kind)


RECOGNISERS: tuple[Recogniser, ...] = (
    *(Recogniser("nearest", neighbours=n) for n in (1, 2, 3)),
    Recogniser("mean"),
    *(Recogniser("knn", neighbours=n) for n in (3, 5)),
    *(Recogniser("svc", kernel="linear", c=c) for c in (0.1, 1.0, 10.0, 100.0)),
    *(Recogniser("svc", kernel="rbf", c=c, gamma=g) for c in (1.0, 10.0, 100.0) for g in (0.25, 1.0, 4.0)),
    *(
        Recogniser("svc", kernel="poly", c=c, gamma=g, degree=d)
        for c in (1.0, 10.0)
        for g in (1.0, 4.0)
        for d in (2, 3)
    ),
)


def recogniser_called(name: str | None) -> Recogniser | None:
    """The recogniser of this name; None where there is none."""
    return next((recogniser for recogniser in RECOGNISERS if recogniser.name == name), None)


def recogniser_name(nearest_photos: int) -> str:
    """Name of the recogniser that corresponds to a value of `NamingOptions.nearest_photos`."""
    return Recogniser("nearest" if nearest_photos else "mean", neighbours=nearest_photos).name


@dataclass(frozen=True)
class SelectionOptions:
    """How recognisers are compared.

    Attributes:
        seeds: how many random splits.
        test_share: share of each person's pictures that are used as probes.
        stranger_share: share of people held out altogether, as strangers, for the open-set figures.
        false_acceptance: share of strangers' faces accepted at the threshold where true acceptance is measured.
        neighbouring: distance up to which two pictures of one person are neighbours and stay on one side of a split.
    """

    seeds: int = 8
    test_share: float = 1 / 3
    stranger_share: float = 0.3
    false_acceptance: float = 0.01
    neighbouring: float = 0.25


_FIGURES = [
    f"{figure}{end}"
    for figure in ("top1", "top3", "true_acceptance", "true_acceptance_by_film")
    for end in ("", "_spread")
]


@dataclass(frozen=True)
class Comparison:
    """Result of a comparison.

    Attributes:
        settings: one row per recogniser, best first: recogniser, kind, neighbours, kernel, c, gamma, degree, the means
            and standard deviations over seeds `top1`, `top1_spread`, `top3`, `top3_spread`, `true_acceptance`,
            `true_acceptance_spread` (at the options' false acceptance, strangers being people held out), the same with
            `_by_film` behind the names (strangers being the people who are in no film but those held out; null below
            two films), and `usable`, whether naming can compare the same way.
        actors: recogniser, actor, probes, top1, top3 over all seeds.
        curve: recogniser, false_acceptance, true_acceptance, all seeds together.
        winner: the recogniser for naming; None with fewer than two people, or where nobody has two pictures.
    """

    settings: pd.DataFrame
    actors: pd.DataFrame
    curve: pd.DataFrame
    winner: Recogniser | None


def compare_recognisers(
    gallery_embeddings: pd.DataFrame,
    options: SelectionOptions,
    recognisers: Sequence[Recogniser] = RECOGNISERS,
) -> Comparison:
    """Compare recognisers by splitting galleries at random, people and pictures.

    For the closed set every person's pictures are split, neighbours together; who has only one stays in training. For
    the open set some people are left out of training altogether, and a face is accepted by its best score. They are
    chosen once at random, and once as the casts of films chosen at random, which resemble each other more.

    Args:
        gallery_embeddings: rows of `tables.GALLERY_EMBEDDINGS`, of any number of films; each photo counts once. Without
            the column `film`, there are no figures by film.
        options: splits.
        recognisers: what to compare.
    """
    rows = gallery_embeddings.drop_duplicates(["actor", "photo_hash"])
    gallery = Gallery.of(rows)
    films = _films_of(gallery, gallery_embeddings)
    groups = picture_groups(gallery, options.neighbouring)
    closed: list[dict[str, object]] = []
    opened: list[dict[str, object]] = []
    opened_by_film: list[dict[str, object]] = []
    for seed in range(options.seeds):
        random = np.random.default_rng(seed)
        train, test = split_pictures(gallery, groups, options.test_share, random)
        strangers = _strangers(gallery, options.stranger_share, random)
        casts = _people_of_films(films, options.stranger_share, random)
        if not len(test) or len(gallery) < 2:
            continue
        for recogniser in recognisers:
            scores = recognise(recogniser, gallery, train, test)
            ranks = (scores > scores[np.arange(len(test)), gallery.owner[test]][:, None]).sum(axis=1)
            closed += [
                {"recogniser": recogniser.name, "seed": seed, "actor": gallery.people[person], "rank": rank}
                for person, rank in zip(gallery.owner[test].tolist(), ranks.tolist(), strict=True)
            ]
            opened += _open_set(recogniser, gallery, train, test, strangers, seed)
            opened_by_film += _open_set(recogniser, gallery, train, test, casts, seed)
    return _summary(recognisers, pd.DataFrame(closed), pd.DataFrame(opened), pd.DataFrame(opened_by_film), options)


def _open_set(
    recogniser: Recogniser,
    gallery: Gallery,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    strangers: NDArray[np.int64],
    seed: int,
) -> list[dict[str, object]]:
    """Scores of probes of known people and of all pictures of strangers, who are left out of training."""
    inside = train[~np.isin(gallery.owner[train], strangers)]
    outside = np.flatnonzero(np.isin(gallery.owner, strangers))
    known = test[~np.isin(gallery.owner[test], strangers)]
    if not len(known) or not len(outside) or len(np.unique(gallery.owner[inside])) < 2:
        return []
    asked = np.concatenate([known, outside])
    scores = recognise(recogniser, gallery, inside, asked)
    right = scores.argmax(axis=1) == gallery.owner[asked]
    return [
        {"recogniser": recogniser.name, "seed": seed, "known": index < len(known), "right": ok, "score": top}
        for index, (ok, top) in enumerate(zip(right.tolist(), scores.max(axis=1).tolist(), strict=True))
    ]


def _films_of(gallery: Gallery, gallery_embeddings: pd.DataFrame) -> list[set[str]]:
    """Films that each person of the gallery is in; empty sets where the rows name no films."""
    if "film" not in gallery_embeddings:
        return [set() for _ in gallery.people]
    films = gallery_embeddings.groupby("actor")["film"].agg(set)
    return [set(films[actor]) for actor in gallery.people]


def _people_of_films(films: list[set[str]], share: float, random: np.random.Generator) -> NDArray[np.int64]:
    """People who are only in some films, chosen at random until they are that share of all; two are always left."""
    held: set[str] = set()
    people = np.zeros(0, np.int64)
    for film in random.permutation(sorted(set().union(*films))).tolist():
        held.add(film)
        more = np.asarray([index for index, own in enumerate(films) if own and own <= held], dtype=np.int64)
        if len(films) - len(more) < 2:
            break
        people = more
        if len(people) >= share * len(films):
            break
    return people


def picture_groups(gallery: Gallery, neighbouring: float) -> NDArray[np.int64]:
    """Pictures of one person that are neighbours, directly or through others, share a number: int64 [photos]."""
    near = (distances(gallery.vectors, gallery.vectors) <= neighbouring) & (
        gallery.owner[:, None] == gallery.owner[None, :]
    )
    groups: NDArray[np.int32]
    _, groups = scipy.sparse.csgraph.connected_components(scipy.sparse.coo_array(near), directed=False)
    return groups.astype(np.int64)


def split_pictures(
    gallery: Gallery, groups: NDArray[np.int64], test_share: float, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of training and probe pictures; groups are never split, and everybody has training pictures."""
    test: list[int] = []
    for person in range(len(gallery)):
        own = np.flatnonzero(gallery.owner == person)
        numbers = random.permutation(np.unique(groups[own]))
        count = min(len(numbers) - 1, max(1, round(test_share * len(numbers))))
        test += own[np.isin(groups[own], numbers[:count])].tolist()
    asked = np.asarray(sorted(test), dtype=np.int64)
    return np.setdiff1d(np.arange(len(gallery.owner)), asked), asked


def recognise(recogniser: Recogniser, gallery: Gallery, train: NDArray[np.int64], asked: NDArray[np.int64]) -> Scores:
    """Score of each person for each probe picture, float64 [asked, people]; -inf for people not trained on."""
    people = np.unique(gallery.owner[train])
    known, owner = gallery.vectors[train], np.searchsorted(people, gallery.owner[train])
    scores = np.full((len(asked), len(gallery)), -np.inf)
    vectors = gallery.vectors[asked]
    if recogniser.nearest_photos is not None:
        names = tuple(gallery.people[person] for person in people)
        part = Gallery(names, owner.astype(np.int64), known, tuple(gallery.photos[i] for i in train), "")
        scores[:, people] = -person_distances(vectors, part, recogniser.nearest_photos)
    elif recogniser.kind == "knn":
        from sklearn.neighbors import KNeighborsClassifier

        model = KNeighborsClassifier(min(recogniser.neighbours, len(known)), weights=_nearness).fit(known, owner)
        # Votes are few and tie; the nearest photo decides between equal ones.
        part = Gallery(tuple(map(str, people)), owner.astype(np.int64), known, ("",) * len(known), "")
        scores[:, people] = model.predict_proba(vectors) - 1e-3 * person_distances(vectors, part, 1)
    else:
        from sklearn.svm import SVC

        machine = SVC(
            kernel=recogniser.kernel,
            C=recogniser.c,
            gamma=recogniser.gamma or "scale",
            degree=recogniser.degree or 3,
            decision_function_shape="ovr",
        )
        values = machine.fit(known, owner).decision_function(vectors)
        scores[:, people] = np.stack([-values, values], axis=1) if len(people) == 2 else values
    return scores


def _nearness(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (distance + 1e-3)


def _strangers(gallery: Gallery, share: float, random: np.random.Generator) -> NDArray[np.int64]:
    count = min(len(gallery) - 2, round(share * len(gallery)))
    return random.choice(len(gallery), size=count, replace=False) if count > 0 else np.zeros(0, np.int64)


def true_acceptance(opened: pd.DataFrame, false_acceptance: float) -> float:
    """Share of known faces that are recognised rightly at the score which that share of strangers exceeds.

    Args:
        opened: columns `known`, `right`, `score`.
        false_acceptance: 0 to 1.
    """
    known, strangers = opened[opened["known"]], opened.loc[~opened["known"], "score"]
    if not len(known) or not len(strangers):
        return float("nan")
    limit = np.quantile(strangers, 1.0 - false_acceptance, method="higher")
    return float((known["right"] & (known["score"] > limit)).mean())


def _summary(
    recognisers: Sequence[Recogniser],
    closed: pd.DataFrame,
    opened: pd.DataFrame,
    opened_by_film: pd.DataFrame,
    options: SelectionOptions,
) -> Comparison:
    if not len(closed):
        return Comparison(
            pd.DataFrame(columns=["recogniser", *(field.name for field in fields(Recogniser)), *_FIGURES, "usable"]),
            pd.DataFrame(columns=["recogniser", "actor", "probes", "top1", "top3"]),
            pd.DataFrame(columns=["recogniser", "false_acceptance", "true_acceptance"]),
            None,
        )
    closed = closed.assign(top1=closed["rank"] < 1, top3=closed["rank"] < 3)
    per_seed = closed.groupby(["recogniser", "seed"])[["top1", "top3"]].mean()
    settings, curve = [], []
    for recogniser in recognisers:
        name = recogniser.name
        own = _of(opened, name)
        row: dict[str, object] = {"recogniser": name, **vars(recogniser)}
        for column in ("top1", "top3"):
            values = per_seed.loc[[name], column].to_numpy(np.float64)
            row[column], row[f"{column}_spread"] = float(values.mean()), float(values.std())
        for end, scores in (("", own), ("_by_film", _of(opened_by_film, name))):
            accepted = (
                [true_acceptance(part, options.false_acceptance) for _, part in scores.groupby("seed")]
                if len(scores)
                else []
            )
            row[f"true_acceptance{end}"] = float(np.mean(accepted)) if accepted else None
            row[f"true_acceptance{end}_spread"] = float(np.std(accepted)) if accepted else None
        row["usable"] = recogniser.nearest_photos is not None
        settings.append(row)
        curve += [
            {"recogniser": name, "false_acceptance": rate, "true_acceptance": true_acceptance(own, rate)}
            for rate in (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
            if len(own)
        ]
    table = pd.DataFrame(settings).sort_values(
        ["true_acceptance", "top1", "top3"], ascending=False, kind="stable", ignore_index=True, na_position="last"
    )
    winner = _winner(table, recognisers)
    actors = (
        closed.groupby(["recogniser", "actor"], sort=False)
        .agg(probes=("rank", "size"), top1=("top1", "mean"), top3=("top3", "mean"))
        .reset_index()
    )
    return Comparison(table, actors, pd.DataFrame(curve), winner)


def deciding_figure(table: pd.DataFrame) -> str:
    """The column of `Comparison.settings` by which recognisers are compared."""
    usable = table[table["usable"]]
    return "true_acceptance" if bool(usable["true_acceptance"].notna().all()) else "top1"


def _of(opened: pd.DataFrame, recogniser: str) -> pd.DataFrame:
    """Scores of one recogniser; all of none where there are none."""
    return opened[opened["recogniser"] == recogniser] if len(opened) else opened


def _winner(table: pd.DataFrame, recognisers: Sequence[Recogniser]) -> Recogniser | None:
    """The best recogniser that naming can use; naming's own default unless another is better by more than chance.

    Better means a true acceptance (where people are too few for it, a top-1 accuracy) that is higher by more than the
    larger of the two spreads over seeds.
    """
    usable = table[table["usable"]].to_dict("records")
    if not usable:
        return None
    figure = deciding_figure(table)
    best = max(usable, key=lambda row: row[figure])
    by_name = {recogniser.name: recogniser for recogniser in recognisers}
    default = next(
        (r for r in usable if by_name[r["recogniser"]].nearest_photos == NamingOptions().nearest_photos), best
    )
    spread = max(best[f"{figure}_spread"], default[f"{figure}_spread"])
    return by_name[(best if best[figure] > default[figure] + spread else default)["recogniser"]]
