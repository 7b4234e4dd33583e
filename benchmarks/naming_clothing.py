"""How far clothing can be trusted: how often two people are dressed alike, and what one scene of everybody does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.naming_films import Film, visible
from wios_assets.naming.clothing_evidence import Clothing
from wios_assets.naming.distances import distances
from wios_assets.naming.evidence import Gallery, Tracks
from wios_assets.naming.names import samples_of
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.outcomes import claims
from wios_assets.naming.scale import scale_of_gallery

SURELY_TWO = 0.72
"""Faces of two tracks that are farther apart are two people's."""

INSIDE_S = 0.1
"""By how many seconds a track is shortened at either end before it is asked who is visible during it."""

SCENE_S = 60.0
SHARES = (0.3, 0.5, 0.8)
"""Shares of all people that a cast is drawn from."""


@dataclass(frozen=True)
class Scene:
    """The tracks of all films put into one scene, one after another.

    Attributes:
        tracks: the tracks. worn: their clothing.
        seen: samples in which each is seen. there: who is visible during each.
    """

    tracks: Tracks
    worn: Clothing
    seen: list[frozenset[int]]
    there: list[set[str]]

    @classmethod
    def of(cls, every: Mapping[str, Film]) -> Scene:
        known, worn, seen, there, offset = [], [], [], [], 0
        for film in every.values():
            embeddings, faces = film.tables["face_embeddings"], film.tables["faces"]
            own = Tracks.of(film.tracks, embeddings)
            known.append(own)
            worn.append(Clothing.of(own, film.tracks, embeddings).colours)
            samples = samples_of(film.tracks, faces)
            for row in own.rows.tolist():
                seen.append(frozenset(offset + sample for sample in samples[row]))
                there.append(visible(film, film.tracks.iloc[row], -INSIDE_S))
            offset += 1 + int(faces["sample"].max() if len(faces) else 0)
        places = np.arange(len(there))
        starts = np.linspace(0.0, SCENE_S, len(there))
        tracks = Tracks(
            places,
            places,
            starts,
            starts,
            np.concatenate([own.vectors for own in known]),
            np.concatenate([own.quality for own in known]),
            tuple(chips for own in known for chips in own.chips),
            known[0].model_hash,
        )
        return cls(tracks, Clothing(np.concatenate(worn)), seen, there)


def alike(scene: Scene, options: NamingOptions) -> dict[str, float]:
    """How often two people who are never seen together are dressed as alike as one who vouches must be."""
    vectors, seen, places = scene.tracks.vectors, scene.seen, np.arange(len(scene.tracks))
    faces = distances(vectors, vectors)
    clothes = np.stack([scene.worn.apart(track, places) for track in places.tolist()])
    pairs = [
        clothes[one, other]
        for one in range(len(places))
        for other in range(one)
        if faces[one, other] > SURELY_TWO and np.isfinite(clothes[one, other]) and not seen[one] & seen[other]
    ]
    nearer = np.asarray(pairs) < options.dressed
    return {"pairs of two people": len(pairs), "dressed alike": float(nearer.mean())}


def one_scene(scene: Scene, gallery: pd.DataFrame, options: NamingOptions, draws: int) -> dict[str, dict[str, float]]:
    """Names given where all people of all films wear what they wear in one scene, with casts drawn at random."""
    people, engines = sorted(set(gallery["actor"])), set(gallery["engine"])
    ways = {"by faces": None, "by faces and clothing": scene.worn}
    rows = {way: {"casts": float(draws), "tracks named rightly": 0.0, "wrongly": 0.0} for way in ways}
    for draw in range(draws):
        random = np.random.default_rng(draw)
        share = random.choice(SHARES)
        cast = [person for person in people if random.random() < share]
        own, others = Gallery.of(gallery, cast), Gallery.of(gallery[~gallery["actor"].isin(cast)])
        scale = scale_of_gallery(own.joined(others), engines, options)
        for way, worn in ways.items():
            found = claims(scene.tracks, own, others, scale, scene.seen, {}, options, worn)
            for claim, there in zip(found, scene.there, strict=True):
                if claim.decision == "named":
                    is_right = own.people[claim.actor] in there
                    rows[way]["tracks named rightly" if is_right else "wrongly"] += 1
    return rows
