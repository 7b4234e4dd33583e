"""What people decided about faces: kept beside the lake, so that it survives every later run."""

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

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, Conflict, NotFound, Unavailable
from wios_assets.lake.paths import escape_key
from wios_assets.lake.store import read_rows
from wios_assets.naming.decided_tracks import COLUMNS, FaceIndex
from wios_assets.naming.evidence import Tracks
from wios_assets.reviews.person_lookup import LONGEST_NAME
from wios_assets.tables import FACE_EMBEDDINGS, FACE_TRACKS, FACES, TRACK_NAMES

Verdict = Literal["is", "is_not", "not_a_face"]

LONGEST_EMBEDDING = 4096
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]


class Claim(BaseModel):
    """What naming itself said of the track before anybody decided."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    decision: Literal["named", "unknown", "weak"] = Field(description="named, unknown or weak")
    actor: str | None = Field(description="The name given: a cast member, or unknown:<n>; null where weak")
    probability: float | None = Field(default=None, ge=0, le=1, description="Its probability, 0 to 1")


class Decision(BaseModel):
    """What a person decided about one track, anchored to a face of it."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    id: str = Field(default="", max_length=64, description="The act that it belongs to; what is undone together")
    time_s: float = Field(ge=0, description="Instant of the face, seconds on the player's clock")
    left: float = Field(description="Left edge of the face in pixels of the upright picture")
    top: float = Field(description="Top edge")
    right: float = Field(description="Right edge")
    bottom: float = Field(description="Bottom edge")
    embedding: list[float] | None = Field(default=None, max_length=LONGEST_EMBEDDING, description="Its embedding")
    model_hash: str | None = Field(default=None, max_length=128, description="Hash of the models behind the embedding")
    verdict: Verdict = Field(description="is: shows the person; is_not: does not; not_a_face: shows no face")
    person: Name | None = Field(default=None, description="Who, as the cast has it, or a name of their own")
    everywhere: bool = Field(default=False, description="Whether like tracks without a name are the person, too")
    decided_by: str | None = Field(default=None, max_length=LONGEST_NAME, description="Who decided")
    decided_at: datetime = Field(description="When")
    undone_by: str | None = Field(default=None, max_length=LONGEST_NAME, description="Who took it back")
    undone_at: datetime | None = Field(default=None, description="When it was taken back; null while it holds")
    claim: Claim | None = Field(default=None, description="What naming itself had said")
    revision: int = Field(default=0, ge=0, exclude=True)
    undone_revision: int = Field(default=0, ge=0, exclude=True)

    @model_validator(mode="after")
    def _person_where_one_is_meant(self) -> Decision:
        if (self.person is None) != (self.verdict == "not_a_face"):
            raise ValueError("`is` and `is_not` name a person, `not_a_face` none")
        return self

    @property
    def newest(self) -> int:
        """Revision of the film's decisions at which this one was made or taken back."""
        return max(self.revision, self.undone_revision)


_STORED = TypeAdapter(list[Decision])


class AlreadyDecided(Conflict):
    """Somebody decided on the track since it was looked at; `decision` is the newest one on it."""

    def __init__(self, message: str, decision: Decision) -> None:
        super().__init__(message)
        self.decision = decision


class UnknownDecision(NotFound):
    """There is no such decision that holds."""


@dataclass(frozen=True)
class FilmFaces:
    """A film's faces, to find the tracks that decisions concern.

    Attributes:
        index: where they are. best: the best face of each track that has one with an embedding, by the track's number.
    """

    index: FaceIndex
    best: Mapping[int, int]

    def find(self, decisions: Sequence[Decision]) -> list[int | None]:
        """Number of the track that each decision concerns; None where its face is found no more."""
        places = [self.index.find({name: getattr(each, name) for name in COLUMNS}) for each in decisions]
        return [None if place is None else int(self.index.known.numbers[place]) for place in places]


def read_faces(lake: Path, film: str) -> FilmFaces:
    """A film's faces.

    Raises:
        WiosError: they are not in the lake.
    """
    tracks = read_rows(lake, FACE_TRACKS, film).to_pandas()
    faces = read_rows(lake, FACES, film).select(["face", "time_s", "left", "top", "right", "bottom"]).to_pandas()
    embeddings = read_rows(lake, FACE_EMBEDDINGS, film).select(["face", "quality", "embedding", "model_hash"])
    known = Tracks.of(tracks, embeddings.to_pandas())
    best = tracks.dropna(subset=["best_face"])[["track", "best_face"]].astype("int64")
    return FilmFaces(
        FaceIndex.of(known, tracks, faces), dict(zip(best["track"].tolist(), best["best_face"].tolist(), strict=True))
    )


def decisions_file(data: Path, film: str) -> Path:
    """File of a film's decisions; it need not exist."""
    return data / "decisions" / f"film={escape_key(film)}.json"


def decisions_version(data: Path, film: str) -> str:
    """Changes whenever a decision is made."""
    file = decisions_file(data, film)
    return hashlib.sha256(file.read_bytes()).hexdigest()[:20] if file.is_file() else "none"


def read_decisions(data: Path, film: str) -> list[Decision]:
    """All decisions on a film in the order in which they were made, those taken back included.

    Raises:
        WiosError: the file is not what was written.
    """
    file = decisions_file(data, film)
    try:
        made = _STORED.validate_python(_with_revisions(json.loads(file.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        said = (
            f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}" if isinstance(error, ValidationError) else error
        )
        raise Unavailable(f"{file}: cannot be read ({said}); mend it, or move it away to do without") from None
    return made


def active(decisions: Sequence[Decision]) -> pd.DataFrame:
    """Decisions that hold, in the order in which they were made; columns `naming.decisions.COLUMNS`."""
    rows = [{name: getattr(each, name) for name in COLUMNS} for each in decisions if each.undone_at is None]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def revision_of(decisions: Sequence[Decision]) -> int:
    """Which state of a film's decisions this is: it grows with every one that is made or taken back."""
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
    by: str | None = None,
    seen: int | None = None,
    faces: FilmFaces | None = None,
) -> list[Decision]:
    """Record one decision on some tracks of a film, anchored to the best face of each.

    Args:
        tracks: numbers of tracks that have a face with an embedding.
        verdict: the tracks show `person`, do not show `person`, or show no face.
        everywhere: whether like unnamed tracks are that person, too.
        by: who decides.
        seen: the newest revision on these tracks that the reviewer knows of; None to decide whatever was decided.
        faces: the film's faces, where they are at hand.

    Returns:
        The decisions, one a track.

    Raises:
        WiosError: a track is unknown or has no face to go by. AlreadyDecided: somebody decided since `seen`.
    """
    faces = faces or read_faces(lake, film)
    anchors = _anchors(lake, film, faces, tracks)
    missing = [track for track in tracks if track not in anchors]
    if missing or not tracks:
        which = f"track {missing[0]}" if missing else "no track"
        raise BadInput(f"film {film!r}: {which} has no face to go by; `wios review` lists those that do")
    claims = _claims(lake, film)
    act, now = uuid.uuid4().hex, datetime.now(UTC).replace(microsecond=0)
    new: list[Decision] = []
    with _changing(data, film) as (made, keep):
        concerned = faces.find(made)
        of_track = {track: [made[n] for n, own in enumerate(concerned) if own == track] for track in tracks}
        before = [each for track in tracks for each in of_track[track]]
        newest = max(before, key=lambda each: each.newest, default=None)
        if seen is not None and newest is not None and newest.newest > seen:
            raise AlreadyDecided(f"film {film!r}: {said(newest)}; decide again to overrule that", newest)
        revision = revision_of(made) + 1
        for track in tracks:
            new.append(
                Decision(
                    **anchors[track],
                    id=act,
                    verdict=verdict,
                    person=person,
                    everywhere=everywhere,
                    decided_by=by,
                    decided_at=now,
                    claim=next((each.claim for each in of_track[track] if each.claim), claims.get(track)),
                    revision=revision,
                )
            )
        keep([*made, *new])
    return new


def undo(data: Path, film: str, act: str, by: str | None = None) -> list[Decision]:
    """Take back what one act decided; that it was decided, and who took it back when, is kept.

    Returns:
        The decisions, as they were taken back.

    Raises:
        UnknownDecision: there is no such act, or it was taken back before.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    with _changing(data, film) as (made, keep):
        own = [each for each in made if each.id == act]
        held = [each for each in own if each.undone_at is None]
        if not held:
            why = f"was taken back by {own[0].undone_by or 'somebody'} before" if own else "does not exist"
            raise UnknownDecision(f"film {film!r}: the decision {act!r} {why}; load the list again")
        taken = {"undone_by": by, "undone_at": now, "undone_revision": revision_of(made) + 1}
        back = [each.model_copy(update=taken) for each in held]
        kept = {id(old): new for old, new in zip(held, back, strict=True)}
        keep([kept.get(id(each), each) for each in made])
    return back


def take_in(data: Path, film: str, decisions: Sequence[Decision]) -> tuple[int, int]:
    """Add decisions that were made elsewhere, in their order; those that are known already stay as they are.

    Returns:
        How many were added, and how many that held here were taken back elsewhere and are so here, too.
    """

    def same(each: Decision) -> tuple[Any, ...]:
        return each.id, round(each.time_s, 3), round(each.left, 1), round(each.top, 1), each.verdict, each.person

    added = taken_back = 0
    with _changing(data, film) as (made, keep):
        known = {same(each): place for place, each in enumerate(made)}
        revision = revision_of(made)
        for each in decisions:
            revision += 1
            place = known.get(same(each))
            if place is None:
                known[same(each)] = len(made)
                undone = {"undone_revision": revision} if each.undone_at else {}
                made.append(each.model_copy(update={"revision": revision, **undone}))
                added += 1
            elif each.undone_at is not None and made[place].undone_at is None:
                taken = {"undone_by": each.undone_by, "undone_at": each.undone_at, "undone_revision": revision}
                made[place] = made[place].model_copy(update=taken)
                taken_back += 1
        if added or taken_back:
            keep(made)
    return added, taken_back


def said(decision: Decision) -> str:
    """A decision in a sentence: who decided what when, and who took it back."""
    what = {"is": f"is {decision.person}", "is_not": f"is not {decision.person}", "not_a_face": "is not a face"}
    made = f"{decision.decided_by or 'somebody'} decided on {decision.decided_at:%Y-%m-%d %H:%M} UTC that it "
    taken = f", which {decision.undone_by or 'somebody'} took back" if decision.undone_at else ""
    return f"{made}{what[decision.verdict]}{taken}"


def forget_people(data: Path, film: str, names: Collection[str]) -> None:
    """Take people out of a film's decisions: those about them go, and nothing else says their names any more.

    Raises:
        WiosError: the file is not what was written.
    """
    if not decisions_file(data, film).is_file():
        return
    with _changing(data, film) as (made, keep):
        left = [_unsaid(each, names) for each in made if each.person not in names]
        if left:
            # The film's revision never falls, or readers would take the next decision for one they know.
            left[-1] = left[-1].model_copy(update={"revision": revision_of(made)})
        keep(left)


def _unsaid(decision: Decision, names: Collection[str]) -> Decision:
    """A decision whose claim and whose deciders are none of these people."""
    gone: dict[str, None] = {name: None for name in ("decided_by", "undone_by") if getattr(decision, name) in names}
    if decision.claim is not None and decision.claim.actor in names:
        gone["claim"] = None
    return decision.model_copy(update=gone)


@contextmanager
def _changing(data: Path, film: str) -> Iterator[tuple[list[Decision], Callable[[list[Decision]], None]]]:
    """The film's decisions, and what stores them; nobody else changes them meanwhile."""
    file = decisions_file(data, film)

    def keep(decisions: list[Decision]) -> None:
        rows = [
            each.model_dump(mode="json") | {"revision": each.revision, "undone_revision": each.undone_revision}
            for each in decisions
        ]
        write_atomic(file, json.dumps(rows, ensure_ascii=False), durable=True)

    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock"), timeout=30):
        yield read_decisions(data, film), keep


def _with_revisions(entries: Any) -> list[dict[str, Any]]:
    """Entries with the places that files of the first kind leave out: each was an act of its own."""
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
    places, embeddings = (
        rows.filter(pc.is_in(rows["face"], wanted)).select(names).to_pylist()
        for rows, names in (
            (read_rows(lake, FACES, film), ["face", "time_s", "left", "top", "right", "bottom"]),
            (read_rows(lake, FACE_EMBEDDINGS, film), ["face", "embedding", "model_hash"]),
        )
    )
    vectors = {row["face"]: row for row in embeddings}
    return {
        track_of[face]: {**row, **{name: vectors[face][name] for name in ("embedding", "model_hash")}}
        for row in places
        if (face := row.pop("face")) in vectors
    }
