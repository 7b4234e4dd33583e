"""Whom a face is by what is worn in its scene: what a face seen from the side leaves open, clothes may settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wios_assets.naming.evidence import Tracks
from wios_assets.naming.film_evidence import Lessons
from wios_assets.naming.options import NamingOptions
from wios_assets.vision.clothing import CLOTHING_LENGTH


@dataclass(frozen=True)
class Clothing:
    """What is worn on each track with an embedding.

    Attributes:
        colours: float32 [tracks, bins], square roots of the shares of the histogram's bins; zeros where none was seen.
    """

    colours: NDArray[np.float32]

    @classmethod
    def of(cls, known: Tracks, tracks: pd.DataFrame, embeddings: pd.DataFrame) -> Clothing:
        """Clothing of the `known` ones of `tracks`: the mean over a track's embedded faces.

        Args:
            known: tracks with an embedding.
            tracks: rows of `tables.FACE_TRACKS`.
            embeddings: rows of `tables.FACE_EMBEDDINGS`.
        """
        seen = {
            int(face): np.frombuffer(colours, np.uint8)
            for face, colours in zip(embeddings["face"], embeddings["clothing"], strict=True)
            if isinstance(colours, bytes)
        }
        embedded = tracks["embedded_faces"].iloc[known.rows.tolist()]
        worn = np.zeros((len(embedded), CLOTHING_LENGTH), dtype=np.float32)
        for place, faces in enumerate(embedded):
            own = [seen[face] for face in faces if face in seen]
            if own:
                shares = (np.stack(own).astype(np.float32) ** 2).mean(axis=0)
                worn[place] = np.sqrt(shares / shares.sum())
        return cls(worn)

    def apart(self, track: int, others: NDArray[np.intp]) -> NDArray[np.float64]:
        """Hellinger distance of one track's clothing to that of each of the `others`, float64 [others]; infinite where
        none is seen."""
        shared = (self.colours[others] @ self.colours[track]).astype(np.float64)
        dressed = self.colours[others].any(axis=1) & bool(self.colours[track].any())
        return np.where(dressed, np.sqrt(np.maximum(1.0 - shared, 0.0)), np.inf)


def learn_by_clothing(
    lessons: Lessons,
    known: Tracks,
    worn: Clothing,
    seen: Sequence[frozenset[int]],
    apart: NDArray[np.float64],
    options: NamingOptions,
) -> Lessons:
    """Let tracks that are certain by the photos vouch for others of their scene that are dressed like them.

    As with faces, only tracks named by photos vouch, and only for a track that is not far from the same actor's
    photos. Clothes are no face: everybody who is surely somebody else in the scene – another actor, a stranger, a face
    on screen beside the one that vouches – must be dressed clearly less alike. So where all wear black,
    black says nothing.

    Args:
        lessons: what the faces teach; a track that a face vouches for is left as it is.
        known: the tracks.
        worn: their clothing.
        seen: samples in which each track is seen.
        apart: scaled distances to the actors' photos, float64 [tracks, actors].
        options: limits.
    """
    if not (lessons.teaches >= 0).any() or not worn.colours.any():
        return lessons
    beside = _beside(seen)
    found = replace(
        lessons,
        ratios=lessons.ratios.copy(),
        voucher=lessons.voucher.copy(),
        actor=lessons.actor.copy(),
        dressed=lessons.dressed.copy(),
    )
    for track in np.flatnonzero((lessons.teaches < 0) & (lessons.voucher < 0) & ~lessons.strangers).tolist():
        scene = known.between_s(track) <= options.scene_s
        taken = [int(lessons.teaches[other]) for other in beside[track]]
        vouchers = np.flatnonzero(scene & (lessons.teaches >= 0) & ~np.isin(lessons.teaches, taken))
        if not len(vouchers):
            continue
        likeness = worn.apart(track, vouchers)
        voucher, nearest = int(vouchers[likeness.argmin()]), float(likeness.min())
        actor = int(lessons.teaches[voucher])
        if nearest >= options.dressed or apart[track, actor] > options.dressed_farthest:
            continue
        others = lessons.strangers | ((lessons.teaches >= 0) & (lessons.teaches != actor))
        others[list(beside[voucher])] = True
        others &= scene | (known.between_s(voucher) <= options.scene_s)
        others[[track, voucher]] = False
        places = np.flatnonzero(others)
        rival = np.minimum(worn.apart(track, places), worn.apart(voucher, places)).min(initial=np.inf)
        if nearest > rival - options.dressed_margin:
            continue
        worth = options.dressed_least + options.dressed_weight * (options.dressed - nearest)
        found.ratios[track, actor] += min(worth, options.dressed_most)
        found.voucher[track], found.actor[track] = voucher, actor
        found.dressed[track] = True
    return found


def _beside(seen: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """The tracks that share a sample with each."""
    there: dict[int, list[int]] = {}
    for track, samples in enumerate(seen):
        for sample in samples:
            there.setdefault(sample, []).append(track)
    return [
        frozenset(other for sample in samples for other in there[sample] if other != track)
        for track, samples in enumerate(seen)
    ]
