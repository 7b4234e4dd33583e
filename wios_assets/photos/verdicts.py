"""Judges the photos of actors: a verdict for each, and the embeddings of those that are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from wios_assets import tables
from wios_assets.naming.distances import distances
from wios_assets.naming.options import GalleryOptions
from wios_assets.photos.faces import PhotoFaces, look_at_photo
from wios_assets.vision.engine import EngineIdentity, FaceEngine

NEAREST = 3
"""A face is compared with a gallery by the mean distance of this many nearest photos."""

ONE_PHOTO = 10.0
"""Distance given to two faces of one photo when photos are grouped: they are never the same person."""


@dataclass
class Verdict:
    """Verdict on one photo, its reason, and the index of the chosen face in `PhotoFaces`, or None."""

    verdict: str
    reason: str
    face: int | None = None


def judge_gallery(
    photos: Mapping[str, Sequence[Path]],
    engine: FaceEngine,
    options: GalleryOptions,
    nconsts: Mapping[str, str | None] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Verdicts on the photos of all actors, and the embeddings of the faces that are used.

    Args:
        photos: each actor's picture files.
        engine: face engine; its name and model hash go with the embeddings.
        options: limits.
        nconsts: IMDB's keys by actor, where known.

    Returns:
        Two data frames with the columns of `tables.GALLERY_PHOTOS` and `tables.GALLERY_EMBEDDINGS`, without `film`:
        a row for each photo, and a row for each photo whose verdict is `used`.
    """
    faces = {actor: [look_at_photo(path, engine, options) for path in paths] for actor, paths in photos.items()}
    return gallery_tables(faces, judge_photos(faces, options), engine, nconsts or {})


def judge_photos(photos: Mapping[str, Sequence[PhotoFaces]], options: GalleryOptions) -> dict[str, list[Verdict]]:
    """A verdict for each photo of each actor, in the order given.

    An actor's photos are grouped by how well their faces agree; the group that the most photos share is the actor.
    Every other photo is then judged by its distance to that group, and to the groups of the other actors: a face that
    is plainly someone else's in this gallery is not this actor's.
    """
    verdicts = {actor: [_first_verdict(photo, options) for photo in own] for actor, own in photos.items()}
    for actor, own in photos.items():
        _find_duplicates(own, verdicts[actor], options)
    cores = {actor: _core(own, verdicts[actor], {}, options) for actor, own in photos.items()}
    sure = {actor: core for actor, core in cores.items() if len(core)}
    for actor in cores.keys() - sure.keys():
        cores[actor] = _core(photos[actor], verdicts[actor], sure, options)
    for actor, own in photos.items():
        others = {name: core for name, core in cores.items() if name != actor and len(core)}
        for index, photo in enumerate(own):
            if verdicts[actor][index].verdict == "":
                verdicts[actor][index] = _judge(photo, cores[actor], others, options)
    return verdicts


def gallery_tables(
    photos: Mapping[str, Sequence[PhotoFaces]],
    verdicts: Mapping[str, Sequence[Verdict]],
    engine: EngineIdentity | FaceEngine,
    nconsts: Mapping[str, str | None],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Photos and verdicts as the rows of `tables.GALLERY_PHOTOS` and `tables.GALLERY_EMBEDDINGS`, without `film`."""
    seen, used = [], []
    for actor, own in photos.items():
        for photo, verdict in zip(own, verdicts[actor], strict=True):
            key = {"actor": actor, "nconst": nconsts.get(actor), "photo": str(photo.path)}
            box = photo.boxes[verdict.face].astype(float) if verdict.face is not None else [None] * 4
            seen.append(
                {
                    **key,
                    "photo_hash": photo.photo_hash or None,
                    "verdict": verdict.verdict,
                    "reason": verdict.reason,
                    "faces": len(photo),
                    **dict(zip(("left", "top", "right", "bottom"), box, strict=True)),
                    "width": photo.width or None,
                    "height": photo.height or None,
                    "thumbnail": photo.thumbnail or None,
                }
            )
            if verdict.verdict == "used" and verdict.face is not None:
                used.append(
                    {
                        **key,
                        "photo_hash": photo.photo_hash,
                        "quality": photo.quality[verdict.face],
                        "embedding": photo.embeddings[verdict.face].astype(np.float32),
                        "engine": engine.name,
                        "model_hash": engine.model_hash,
                    }
                )
    return (
        pd.DataFrame(seen, columns=[column.name for column in tables.GALLERY_PHOTOS.columns]),
        pd.DataFrame(used, columns=[column.name for column in tables.GALLERY_EMBEDDINGS.columns]),
    )


def _first_verdict(photo: PhotoFaces, options: GalleryOptions) -> Verdict:
    """Verdict on a photo by itself; empty where it depends on the other photos."""
    if photo.error:
        return Verdict("unreadable", photo.error)
    if not len(photo):
        return Verdict("no_face", "no face was found in it")
    tall = photo.heights >= options.smallest_face
    if not tall.any():
        return Verdict(
            "too_small",
            f"its largest face is {photo.heights[0]:.0f} pixels high; {options.smallest_face:.0f} are needed",
            0,
        )
    if not (tall & (photo.sharpness >= options.blur)).any():
        return Verdict(
            "blurred", f"its face is blurred: sharpness {photo.sharpness[0]:.0f}, {options.blur:.0f} is needed", 0
        )
    return Verdict("", "")


def _find_duplicates(photos: Sequence[PhotoFaces], verdicts: list[Verdict], options: GalleryOptions) -> None:
    """Marks all but the best of the photos that show one picture: the same file, scaled, recompressed or cropped."""
    open_photos = [i for i, verdict in enumerate(verdicts) if verdict.verdict == ""]
    best_first = sorted(open_photos, key=lambda i: (len(photos[i]) > 1, -float(photos[i].quality.max()), i))
    kept: list[int] = []
    for index in best_first:
        twin = next((k for k in kept if _same_picture(photos[index], photos[k], options)), None)
        if twin is None:
            kept.append(index)
        else:
            verdicts[index] = Verdict("duplicate", f"the same picture as {photos[twin].path.name}", 0)


def _same_picture(one: PhotoFaces, other: PhotoFaces, options: GalleryOptions) -> bool:
    if one.photo_hash == other.photo_hash:
        return True
    nearest = distances(one.vectors, other.vectors).min()
    if nearest <= options.same_face:
        return True
    if one.picture_hash is None or other.picture_hash is None or nearest > options.agree:
        return False
    return one.picture_hash - other.picture_hash <= options.same_picture


def _candidates(photo: PhotoFaces, options: GalleryOptions) -> NDArray[np.intp]:
    """Faces of a photo that are tall and sharp enough to be used."""
    return np.flatnonzero((photo.heights >= options.smallest_face) & (photo.sharpness >= options.blur))


def _core(
    photos: Sequence[PhotoFaces],
    verdicts: Sequence[Verdict],
    others: Mapping[str, NDArray[np.float64]],
    options: GalleryOptions,
) -> NDArray[np.float64]:
    """Embeddings [n, length] of the faces that most of the actor's photos share; empty where photos disagree.

    Faces are grouped by average linkage. A photo's only face gives its group one vote, each of several faces a share
    of it; the group with the most votes is the actor. Where two have as many, the one with clearly better detector
    scores is (see `GalleryOptions.faint`), else neither. Faces that are in the groups `others` are left out.
    """
    faces = [
        (index, face, 1.0 / len(candidates))
        for index, photo in enumerate(photos)
        if verdicts[index].verdict == ""
        for candidates in [_candidates(photo, options)]
        for face in candidates
        if _elsewhere(photo.vectors[face], others)[1] > options.elsewhere
    ]
    if not faces:
        return np.zeros((0, 0))
    vectors = np.asarray([photos[index].vectors[face] for index, face, _ in faces], dtype=np.float64)
    scores = np.asarray([photos[index].scores[face] for index, face, _ in faces])
    votes = np.asarray([vote for _, _, vote in faces])
    if len(faces) == 1:
        return vectors
    indices = np.asarray([index for index, _, _ in faces])
    between = distances(vectors, vectors)
    between[(indices[:, None] == indices[None, :]) & ~np.eye(len(faces), dtype=bool)] = ONE_PHOTO
    np.fill_diagonal(between, 0.0)
    hierarchy, pairs = scipy.cluster.hierarchy, scipy.spatial.distance.squareform(between, checks=False)
    groups = hierarchy.fcluster(hierarchy.linkage(pairs, "average"), options.unlike, criterion="distance")
    sizes = {group: (votes[groups == group].sum(), (groups == group).sum()) for group in np.unique(groups)}
    most = max(sizes.values())
    tied = [group for group, size in sizes.items() if size == most]
    best = sorted(((scores[groups == group].max(), group) for group in tied), reverse=True)
    if len(best) > 1 and best[1][0] > options.faint * best[0][0]:
        return np.zeros((0, vectors.shape[1]))
    return np.compress(groups == best[0][1], vectors, axis=0)


def _judge(
    photo: PhotoFaces, core: NDArray[np.float64], others: Mapping[str, NDArray[np.float64]], options: GalleryOptions
) -> Verdict:
    """Verdict on a readable photo with a usable face, given the faces of the actor and of the other actors."""
    candidates = _candidates(photo, options)
    own = np.asarray([_to_core(photo.vectors[face], core) for face in candidates])
    elsewhere = [_elsewhere(photo.vectors[face], others) for face in candidates]
    taken = np.asarray(
        [
            other <= options.elsewhere and (np.isnan(mine) or other < mine)
            for mine, (_, other) in zip(own, elsewhere, strict=True)
        ]
    )
    if len(candidates) == 1:
        return _judge_single(photo, int(candidates[0]), float(own[0]), elsewhere[0][0] if taken[0] else "", options)
    left = np.flatnonzero(~taken)
    if np.isnan(own).all():
        return _judge_alone(photo, candidates, left, options)
    if not len(left):
        return Verdict("unlike", f"its {len(candidates)} faces are other actors'", int(candidates[0]))
    ranked = left[np.argsort(own[left])]
    best = ranked[0]
    margin = own[ranked[1]] - own[best] if len(ranked) > 1 else np.inf
    if own[best] <= options.agree and margin >= options.agree_margin:
        return Verdict(
            "used",
            f"one of {len(photo)} faces, chosen because it agrees with the other photos (distance {own[best]:.2f})",
            int(candidates[best]),
        )
    if own[best] > options.unlike:
        return Verdict(
            "unlike",
            f"none of its {len(photo)} faces is like the other photos (nearest at {own[best]:.2f})",
            int(candidates[best]),
        )
    return Verdict("undecidable", f"it is unclear which of its {len(photo)} faces is the actor's", None)


def _judge_single(photo: PhotoFaces, face: int, own: float, other: str, options: GalleryOptions) -> Verdict:
    alone = "the only usable face" if len(photo) > 1 else "one face"
    if other:
        return Verdict("unlike", f"{alone}, and it is {other}'s", face)
    if np.isnan(own):
        return Verdict("undecidable", "it disagrees with the actor's other photos, and neither side has more", None)
    if own > options.unlike:
        return Verdict("unlike", f"{alone}, unlike the actor's other photos (distance {own:.2f})", face)
    return Verdict("used", f"{alone}" + (f", at {own:.2f} from the other photos" if own > 0 else ""), face)


def _judge_alone(
    photo: PhotoFaces, candidates: NDArray[np.intp], left: NDArray[np.intp], options: GalleryOptions
) -> Verdict:
    """A photo of several faces where no other photo can tell.

    Used is the one that is no other actor's, the one by far largest, or the largest where it alone is in the middle:
    a portrait is framed around its subject, with others beside it at the edges.
    """
    if len(left) == 1:
        return Verdict(
            "used", f"one of {len(photo)} faces, the only one that is no other actor's", int(candidates[left[0]])
        )
    if len(left) > 1:
        faces = candidates[left]
        largest, *rest = faces[np.argsort(-photo.heights[faces], kind="stable")].tolist()
        height = photo.heights[rest[0]] / photo.heights[largest]
        if height <= options.dominant:
            return Verdict("used", f"by far the largest of {len(photo)} faces", largest)
        middle, aside = photo.off_centre[largest], photo.off_centre[rest].min()
        if height <= options.framed and middle <= options.central and aside >= options.aside:
            return Verdict("used", f"the largest of {len(photo)} faces, and the one in the middle", largest)
    return Verdict("undecidable", f"it is unclear which of its {len(photo)} faces is the actor's", None)


def _to_core(vector: NDArray[np.float64], core: NDArray[np.float64]) -> float:
    """Mean distance to the nearest faces of a core, the face itself left out; NaN for an empty core, 0 for itself."""
    if not len(core):
        return float("nan")
    nearest = np.sort(distances(vector[None], core)[0])
    # Expanding the squares leaves a face some 1e-8 away from itself.
    rest = nearest[1:] if nearest[0] < 1e-4 else nearest
    return float(rest[:NEAREST].mean()) if len(rest) else 0.0


def _elsewhere(vector: NDArray[np.float64], others: Mapping[str, NDArray[np.float64]]) -> tuple[str, float]:
    """The other actor whose photos a face is nearest to, and the distance."""
    ranked = [(_to_core(vector, core), name) for name, core in others.items()]
    if not ranked:
        return "", float("inf")
    distance, name = min(ranked)
    return name, distance
