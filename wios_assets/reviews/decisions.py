"""Decisions of people about faces: stored beside the lake, so that they survive every later run."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Conflict, NotFound, Unavailable
from wios_assets.lake.store import read_rows
from wios_assets.naming.decided_tracks import COLUMNS, NEARBY_S, FaceIndex
from wios_assets.naming.evidence import Tracks
from wios_assets.reviews.person_lookup import LONGEST_NAME
from wios_assets.reviews.stored_revision import decisions_file as decisions_file
from wios_assets.tables import FACE_EMBEDDINGS, FACE_TRACKS, FACES, TRACK_NAMES

Verdict = Literal["is", "is_not", "not_a_face", "hidden"]

VERDICTS = "is: shows the person; is_not: does not; not_a_face: shows no face; hidden: is not to be shown"
LONGEST_EMBEDDING = 4096
Floats = NDArray[np.float64]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]


class Claim(BaseModel):
    """The outcome of naming alone, before anybody decided on the track."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    decision: Literal["named", "unknown", "weak"] = Field(description="named, unknown or weak")
    actor: str | None = Field(description="The name given: a cast member, or unknown:<n>; null where weak")
    probability: float | None = Field(default=None, ge=0, le=1, description="Its probability, 0 to 1")


class Decision(BaseModel):
    """A decision of a person about one track, anchored to a face of it."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    id: str = Field(default="", max_length=64, description="Its act; decisions of one act are undone together")
    time_s: float = Field(ge=0, description="Instant of the face, seconds on the player's clock")
    left: float = Field(description="Left edge of the face in pixels of the upright picture")
    top: float = Field(description="Top edge")
    right: float = Field(description="Right edge")
    bottom: float = Field(description="Bottom edge")
    embedding: list[float] | None = Field(default=None, max_length=LONGEST_EMBEDDING, description="Its embedding")
    model_hash: str | None = Field(default=None, max_length=128, description="Hash of the models behind the embedding")
    verdict: Verdict = Field(description=VERDICTS)
    person: Name | None = Field(default=None, description="Name in the cast or of somebody outside it; unknown:<n>")
    everywhere: bool = Field(default=False, description="Whether similar tracks without a name show the person, too")
    portrait: bool = Field(default=False, description="Whether the face stands for the person in this film")
    decided_by: str | None = Field(default=None, max_length=LONGEST_NAME, description="Who decided")
    decided_at: datetime = Field(description="When")
    undone_by: str | None = Field(default=None, max_length=LONGEST_NAME, description="Who took it back")
    undone_at: datetime | None = Field(default=None, description="When it was taken back; null while it holds")
    claim: Claim | None = Field(default=None, description="The outcome of naming alone")
    revision: int = Field(default=0, ge=0, exclude=True)
    undone_revision: int = Field(default=0, ge=0, exclude=True)

    @model_validator(mode="after")
    def _person_fits_verdict(self) -> Decision:
        if (self.person is None) != (self.verdict in ("not_a_face", "hidden")):
            raise ValueError("`is` and `is_not` name a person, `not_a_face` and `hidden` none")
        return self

    @property
    def newest(self) -> int:
        """Revision of the film's decisions at which this one was last made or taken back."""
        return max(self.revision, self.undone_revision)


_STORED = TypeAdapter(list[Decision])


class AlreadyDecided(Conflict):
    """Somebody decided on the track after the reviewer loaded it; `decision` is the newest one on it."""

    def __init__(self, message: str, decision: Decision) -> None:
        super().__init__(message)
        self.decision = decision


class UnknownDecision(NotFound):
    """There is no such decision in force."""


@dataclass(frozen=True)
class FilmFaces:
    """A film's faces, to find the tracks that decisions concern.

    Attributes:
        index: the faces by time and position.
        best: the best face of each track that has one with an embedding, by the track's number.
    """

    index: FaceIndex
    best: Mapping[int, int]

    def find(self, decisions: Sequence[Decision]) -> list[int | None]:
        """Number of the track that each decision concerns; None where its face is not found any more."""
        tracks = [self.index.find({name: getattr(each, name) for name in COLUMNS}) for each in decisions]
        return [None if track is None else int(self.index.known.numbers[track]) for track in tracks]


def read_faces(lake: Path, film: str) -> FilmFaces:
    """A film's faces.

    Raises:
        WiosError: they are not in the lake.
    """
    tracks = read_rows(lake, FACE_TRACKS, film).to_pandas()
    faces = read_rows(lake, FACES, film).select(["face", "time_s", "left", "top", "right", "bottom"]).to_pandas()
    embeddings = read_rows(lake, FACE_EMBEDDINGS, film).select(["face", "quality", "embedding", "model_hash"])
    known = Tracks.of(tracks, embeddings.to_pandas())
    return FilmFaces(FaceIndex.of(known, tracks, faces), _best_faces(tracks))


def read_face_boxes(lake: Path, film: str, times_s: Sequence[float]) -> FilmFaces:
    """A film's faces around some instants, without embeddings: finds decisions by instant and position alone.

    Raises:
        WiosError: they are not in the lake.
    """
    names = ["track", "start_s", "end_s", "faces", "embedded_faces", "best_face"]
    tracks = read_rows(lake, FACE_TRACKS, film).select(names).to_pandas()
    faces = read_rows(lake, FACES, film).select(["face", "time_s", "left", "top", "right", "bottom"]).to_pandas()
    tracks = tracks[_near(times_s, tracks["start_s"].to_numpy(), tracks["end_s"].to_numpy())].reset_index(drop=True)
    instants = faces["time_s"].to_numpy()
    faces = faces[_near(times_s, instants, instants)].reset_index(drop=True)
    return FilmFaces(FaceIndex.of(Tracks.without_embeddings(tracks), tracks, faces), _best_faces(tracks))


def _near(times_s: Sequence[float], start_s: Floats, end_s: Floats) -> NDArray[np.bool_]:
    """Which stretches hold one of some instants, or come as near as a decision's face is looked for."""
    instants = np.sort(np.asarray(times_s, dtype=np.float64))
    first = np.searchsorted(instants, start_s - 2 * NEARBY_S, side="left")
    return np.asarray(first < np.searchsorted(instants, end_s + 2 * NEARBY_S, side="right"))


def _best_faces(tracks: pd.DataFrame) -> dict[int, int]:
    best = tracks.dropna(subset=["best_face"])[["track", "best_face"]].astype("int64")
    return dict(zip(best["track"].tolist(), best["best_face"].tolist(), strict=True))


def decisions_version(data: Path, film: str) -> str:
    """Hash of a film's decisions, `none` without any: it changes whenever one is made or taken back."""
    file = decisions_file(data, film)
    return hashlib.sha256(file.read_bytes()).hexdigest()[:20] if file.is_file() else "none"


def read_decisions(data: Path, film: str) -> list[Decision]:
    """All decisions on a film in the order in which they were made, those taken back included.

    Raises:
        WiosError: the file cannot be read.
    """
    file = decisions_file(data, film)
    try:
        return _STORED.validate_python(_with_revisions(json.loads(file.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        reason = (
            f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}" if isinstance(error, ValidationError) else error
        )
        raise Unavailable(f"{file}: cannot be read ({reason}); mend it, or move it away to do without") from None


def active(decisions: Sequence[Decision]) -> pd.DataFrame:
    """Decisions in force, in the order in which they were made; columns `decided_tracks.COLUMNS`."""
    rows = [{name: getattr(each, name) for name in COLUMNS} for each in decisions if each.undone_at is None]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def revision_of(decisions: Sequence[Decision]) -> int:
    """Revision of a film's decisions: it grows with each one that is made or taken back; 0 for none."""
    return max((each.newest for each in decisions), default=0)


def decide(
    data: Path,
    lake: Path,
    film: str,
    tracks: Sequence[int],
    verdict: Verdict,
    person: str | None,
    *,
    everywhere: bool,
    portrait: bool = False,
    by: str | None = None,
    seen: int | None = None,
    faces: FilmFaces | None = None,
) -> list[Decision]:
    """Record one decision on some tracks of a film, anchored to the best face of each.

    Args:
        tracks: numbers of tracks that have a face with an embedding.
        verdict: the tracks show `person`, do not show `person`, show no face, or are hidden.
        everywhere: whether similar unnamed tracks show that person, too.
        portrait: whether the tracks' best face stands for the person.
        by: who decides.
        seen: the newest revision on these tracks that the reviewer knows of; None to decide in any case.
        faces: the film's faces, if they are loaded already.

    Returns:
        The decisions, one per track.

    Raises:
        WiosError: a track does not exist or has no face with an embedding.
        AlreadyDecided: somebody decided on one of the tracks since `seen`.
    """
    faces = faces or read_faces(lake, film)
    anchors = _anchors(lake, film, faces, tracks)
    missing = [track for track in tracks if track not in anchors]
    if missing or not tracks:
        which = f"track {missing[0]}" if missing else "no track"
        raise BadInput(f"film {film!r}: {which} has no face with an embedding; `wios review` lists those that do")
    claims = _claims(lake, film)
    act, now = uuid.uuid4().hex, datetime.now(UTC).replace(microsecond=0)
    new: list[Decision] = []
    with _changing(data, film) as (decisions, store):
        owners = faces.find(decisions)
        earlier = {
            track: [each for each, owner in zip(decisions, owners, strict=True) if owner == track] for track in tracks
        }
        newest = max((each for own in earlier.values() for each in own), key=lambda each: each.newest, default=None)
        if seen is not None and newest is not None and newest.newest > seen:
            raise AlreadyDecided(f"film {film!r}: {decision_sentence(newest)}; decide again to overrule that", newest)
        revision = revision_of(decisions) + 1
        for track in tracks:
            new.append(
                Decision(
                    **anchors[track],
                    id=act,
                    verdict=verdict,
                    person=person,
                    everywhere=everywhere,
                    portrait=portrait,
                    decided_by=by,
                    decided_at=now,
                    claim=next((each.claim for each in earlier[track] if each.claim), claims.get(track)),
                    revision=revision,
                )
            )
        store([*decisions, *new])
    return new


def undo(data: Path, film: str, act: str, by: str | None = None) -> list[Decision]:
    """Take back the decisions of one act. They stay in the file, with who took them back and when.

    Returns:
        The decisions that were taken back.

    Raises:
        UnknownDecision: there is no such act, or it was taken back before.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    with _changing(data, film) as (decisions, store):
        own = [each for each in decisions if each.id == act]
        in_force = [each for each in own if each.undone_at is None]
        if not in_force:
            why = f"was taken back by {own[0].undone_by or 'somebody'} before" if own else "does not exist"
            raise UnknownDecision(f"film {film!r}: the decision {act!r} {why}; load the list again")
        change = {"undone_by": by, "undone_at": now, "undone_revision": revision_of(decisions) + 1}
        undone = [each.model_copy(update=change) for each in in_force]
        replacement = {id(old): new for old, new in zip(in_force, undone, strict=True)}
        store([replacement.get(id(each), each) for each in decisions])
    return undone


def import_decisions(data: Path, film: str, decisions: Sequence[Decision]) -> tuple[int, int]:
    """Add decisions that were made elsewhere, in their order; those that are known already are left unchanged.

    Returns:
        How many were added, and how many known ones were taken back because they were taken back elsewhere.
    """

    def identity(each: Decision) -> tuple[Any, ...]:
        return each.id, round(each.time_s, 3), round(each.left, 1), round(each.top, 1), each.verdict, each.person

    added = taken_back = 0
    with _changing(data, film) as (stored, store):
        known = {identity(each): index for index, each in enumerate(stored)}
        revision = revision_of(stored)
        for each in decisions:
            revision += 1
            index = known.get(identity(each))
            if index is None:
                known[identity(each)] = len(stored)
                undone = {"undone_revision": revision} if each.undone_at else {}
                stored.append(each.model_copy(update={"revision": revision, **undone}))
                added += 1
            elif each.undone_at is not None and stored[index].undone_at is None:
                change = {"undone_by": each.undone_by, "undone_at": each.undone_at, "undone_revision": revision}
                stored[index] = stored[index].model_copy(update=change)
                taken_back += 1
        if added or taken_back:
            store(stored)
    return added, taken_back


def decision_sentence(decision: Decision) -> str:
    """A decision in a sentence: who decided what and when, and who took it back."""
    what = {
        "is": f"is {decision.person}" + (", whom this face stands for" if decision.portrait else ""),
        "is_not": f"is not {decision.person}",
        "not_a_face": "is not a face",
        "hidden": "is not to be shown",
    }
    decided = f"{decision.decided_by or 'somebody'} decided on {decision.decided_at:%Y-%m-%d %H:%M} UTC that it "
    undone = f", which {decision.undone_by or 'somebody'} took back" if decision.undone_at else ""
    return f"{decided}{what[decision.verdict]}{undone}"


def forget_people(data: Path, film: str, names: Collection[str]) -> None:
    """Remove people from a film's decisions: decisions about them, and their names from all others.

    Raises:
        WiosError: the file cannot be read.
    """
    if not decisions_file(data, film).is_file():
        return
    with _changing(data, film) as (decisions, store):
        rest = [_without_names(each, names) for each in decisions if each.person not in names]
        if rest:
            # The film's revision must not fall, or readers would take the next decision for one they know.
            rest[-1] = rest[-1].model_copy(update={"revision": revision_of(decisions)})
        store(rest)


def _without_names(decision: Decision, names: Collection[str]) -> Decision:
    """The decision with these people removed as reviewers and from the outcome before it."""
    change: dict[str, None] = {
        field: None for field in ("decided_by", "undone_by") if getattr(decision, field) in names
    }
    if decision.claim is not None and decision.claim.actor in names:
        change["claim"] = None
    return decision.model_copy(update=change)


@contextmanager
def _changing(data: Path, film: str) -> Iterator[tuple[list[Decision], Callable[[list[Decision]], None]]]:
    """The film's decisions and a function that stores them, under a lock that keeps other writers out."""
    file = decisions_file(data, film)

    def store(decisions: list[Decision]) -> None:
        rows = [
            each.model_dump(mode="json") | {"revision": each.revision, "undone_revision": each.undone_revision}
            for each in decisions
        ]
        write_atomic(file, json.dumps(rows, ensure_ascii=False), durable=True)

    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock"), timeout=30):
        yield read_decisions(data, film), store


def _with_revisions(entries: Any) -> list[dict[str, Any]]:
    """Entries with id and revision, which files of the first version lack: there, each entry was an act of its own."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("not a list of decisions")
    return [{"id": str(number), "revision": number, **entry} for number, entry in enumerate(entries, start=1)]


def _claims(lake: Path, film: str) -> dict[int, Claim]:
    names = read_rows(lake, TRACK_NAMES, film).select(["track", "decision", "actor", "probability"]).to_pylist()
    return {row["track"]: Claim.model_validate(row) for row in names}


def _anchors(lake: Path, film: str, faces: FilmFaces, tracks: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Each track's best face: its instant, box and embedding."""
    track_of = {faces.best[track]: track for track in tracks if track in faces.best}
    wanted = pa.array(track_of, pa.int64())
    boxes, embeddings = (
        rows.filter(pc.is_in(rows["face"], wanted)).select(names).to_pylist()
        for rows, names in (
            (read_rows(lake, FACES, film), ["face", "time_s", "left", "top", "right", "bottom"]),
            (read_rows(lake, FACE_EMBEDDINGS, film), ["face", "embedding", "model_hash"]),
        )
    )
    vectors = {row["face"]: row for row in embeddings}
    return {
        track_of[face]: {**row, **{name: vectors[face][name] for name in ("embedding", "model_hash")}}
        for row in boxes
        if (face := row.pop("face")) in vectors
    }
