"""How far clothing can be trusted: how often two people are dressed alike, and what one scene of everybody does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.naming_films import Film, visible
from wios_assets.naming.claims import claims
from wios_assets.naming.clothing_teaching import Clothing
from wios_assets.naming.decisions import Decided
from wios_assets.naming.evidence import Gallery, Tracks
from wios_assets.naming.metric import distances
from wios_assets.naming.options import NamingOptions
from wios_assets.naming.scale import scale_of_gallery
from wios_assets.vision.clothing import CLOTHING_LENGTH

SURELY_TWO = 0.72
"""Faces of two tracks that are farther apart are two people's."""

SCENE_S = 60.0
SHARES = (0.3, 0.5, 0.8)
"""Shares of all people that a cast is drawn from."""


def all_tracks(every: Mapping[str, Film]) -> tuple[Tracks, Clothing, list[frozenset[int]], list[set[str]]]:
    """The tracks of all films put into one scene, one after another: with their clothing, the samples in which each is
    seen, and who is visible during each."""
    known, worn, seen, there, offset = [], [], [], [], 0
    for film in every.values():
        embeddings = film.tables["face_embeddings"]
        own = Tracks.of(film.tracks, embeddings)
        clothing = Clothing.of(own, film.tracks, embeddings).colours
        known.append(own)
        worn.append(clothing if clothing.size else np.zeros((len(own), CLOTHING_LENGTH), np.float32))
        sample_of = dict(zip(film.tables["faces"]["face"], film.tables["faces"]["sample"], strict=True))
        for row in own.rows.tolist():
            track = film.tracks.iloc[row]
            seen.append(frozenset(offset + sample_of[face] for face in track["faces"]))
            there.append(visible(film, track, -0.1))
        offset += 1 + max(sample_of.values(), default=0)
    count = len(there)
    starts = np.linspace(0.0, SCENE_S, count)
    tracks = Tracks(
        np.arange(count),
        np.arange(count),
        starts,
        starts,
        np.concatenate([own.vectors for own in known]),
        np.concatenate([own.quality for own in known]),
        tuple(chips for own in known for chips in own.chips),
        known[0].model_hash,
    )
    return tracks, Clothing(np.concatenate(worn), starts, starts), seen, there


def alike(every: Mapping[str, Film], options: NamingOptions) -> dict[str, float]:
    """How often two people who are never seen together are dressed as alike as one who vouches must be."""
    tracks, worn, seen, _ = all_tracks(every)
    faces = distances(tracks.vectors, tracks.vectors)
    clothes = np.stack([worn.apart(track, np.arange(len(tracks))) for track in range(len(tracks))])
    pairs = [
        clothes[one, other]
        for one in range(len(tracks))
        for other in range(one)
        if faces[one, other] > SURELY_TWO and np.isfinite(clothes[one, other]) and not seen[one] & seen[other]
    ]
    nearer = np.asarray(pairs) < options.dressed
    return {"pairs of two people": len(pairs), "dressed alike": float(nearer.mean())}


def one_scene(
    every: Mapping[str, Film], gallery: pd.DataFrame, options: NamingOptions, draws: int
) -> dict[str, dict[str, float]]:
    """Names given where all people of all films wear what they wear in one scene, with casts drawn at random."""
    tracks, worn, seen, there = all_tracks(every)
    people, engines = sorted(set(gallery["actor"])), set(gallery["engine"])
    rows = {}
    for label, clothing in (("by faces", None), ("by faces and clothing", worn)):
        right = wrong = 0.0
        for draw in range(draws):
            random = np.random.default_rng(draw)
            share = random.choice(SHARES)
            cast = [person for person in people if random.random() < share]
            own, others = Gallery.of(gallery, cast), Gallery.of(gallery[~gallery["actor"].isin(cast)])
            scale = scale_of_gallery(own.joined(others), engines, options)
            for place, claim in enumerate(claims(tracks, own, others, scale, seen, Decided(), options, clothing)):
                if claim.decision == "named":
                    is_right = own.people[claim.actor] in there[place]
                    right, wrong = right + is_right, wrong + (not is_right)
        rows[label] = {"casts": draws, "tracks named rightly": right, "wrongly": wrong}
    return rows
