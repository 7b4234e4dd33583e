"""Questions over all films: scenes with some people, without others, over a length, or the first of each film."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from wios_assets.errors import BadInput, NotFound, Unavailable
from wios_assets.lake.library import Library, Row, sql_text
from wios_assets.lake.questions import films
from wios_assets.notation import format_clock
from wios_assets.text import fold
from wios_assets.timeline.appearances import is_unknown
from wios_assets.timeline.scenes import Scenes, Spans, shared_scenes

Order = Literal["film", "longest", "surest"]
ORDERS: tuple[Order, ...] = ("film", "longest", "surest")
MOST_PEOPLE = 20

_NEAR = 3
_NCONST = re.compile(r"nm\d{5,12}")
# Seconds to wait, one after the other, for files that are being replaced.
_PAUSES = (0.02, 0.1, 0.5)
_NAMES = "SELECT DISTINCT actor, nconst FROM screen_time WHERE kind = 'cast'"


@dataclass(frozen=True)
class SceneQuestion:
    """A question about scenes.

    Attributes:
        people: names or nconsts of cast members who are all in the scene.
        without: those of people who are not in it.
        over_s: least length of a scene in seconds.
        first: only the first scene of each film.
        together: all people are in the picture at once; see `timeline.scenes.shared_scenes`.
        order: `film` (the oldest film first, then by start), `longest` or `surest` scenes first.
    """

    people: tuple[str, ...]
    without: tuple[str, ...] = ()
    over_s: float = 0.0
    first: bool = False
    together: bool = False
    order: Order = "film"

    def __post_init__(self) -> None:
        if not self.people:
            raise BadInput("name at least one person who is in the scenes")
        if len(self.people) + len(self.without) > MOST_PEOPLE:
            raise BadInput(f"at most {MOST_PEOPLE} people can be asked about at once; name fewer")
        for name in (*self.people, *self.without):
            if is_unknown(name):
                raise BadInput(f"{name!r} is another person in each film; say who it is first, with `wios name`")

    def parameters(self) -> list[tuple[str, str]]:
        """The question as the parameters of an address, those left out that have their defaults."""
        return [
            *(("with", name) for name in self.people),
            *(("without", name) for name in self.without),
            *([("over", f"{self.over_s:g}")] if self.over_s else []),
            *([("first", "true")] if self.first else []),
            *([("together", "true")] if self.together else []),
            *([("sort", self.order)] if self.order != "film" else []),
        ]

    def renamed(self, names: Mapping[str, str]) -> SceneQuestion:
        """The same question with other names for some people."""
        people, without = (
            tuple(dict.fromkeys(names.get(name, name) for name in asked)) for asked in (self.people, self.without)
        )
        return replace(self, people=people, without=without)


@dataclass(frozen=True)
class FoundScene:
    """A scene that answers a question.

    Attributes:
        film: the film's row of the table `library`.
        start_s, end_s: seconds on the player's clock.
        together_s: seconds in which all people asked for are in the picture at once.
        picture_s: an instant at which they first are, else one at which somebody of them is.
        on_screen_s: seconds in the picture of each of them, in the order asked.
        probability: of the least sure of their names; None where there is none.
    """

    film: Row
    start_s: float
    end_s: float
    together_s: float
    picture_s: float
    on_screen_s: tuple[float, ...]
    probability: float | None

    @property
    def seconds(self) -> float:
        """Length of the scene."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class SceneAnswer:
    """Scenes in the order asked for.

    Attributes:
        people, without: names as the casts have them.
        films: rows of the table `library` by number.
        found: scenes by film and start. order: int64 [n], the scenes that answer the question, as asked for.
    """

    people: tuple[str, ...]
    without: tuple[str, ...]
    films: list[Row]
    found: Scenes
    order: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.order)

    @property
    def seconds(self) -> float:
        """Length of all scenes."""
        return float((self.found.end_s - self.found.start_s)[self.order].sum())

    @property
    def film_count(self) -> int:
        """Films that the scenes are in."""
        return len(np.unique(self.found.film[self.order]))

    def scenes(self, start: int = 0, end: int | None = None) -> list[FoundScene]:
        """Some of the scenes, those from `start` until before `end`."""
        return [self._scene(index) for index in self.order[start:end].tolist()]

    def _scene(self, index: int) -> FoundScene:
        found = self.found
        probability = float(found.probability[index])
        return FoundScene(
            film=self.films[int(found.film[index])],
            start_s=round(float(found.start_s[index]), 3),
            end_s=round(float(found.end_s[index]), 3),
            picture_s=round(float(found.picture_s[index]), 3),
            together_s=round(float(found.together_s[index]), 3),
            on_screen_s=tuple(round(seconds, 3) for seconds in found.on_screen_s[index].tolist()),
            probability=None if np.isnan(probability) else round(probability, 4),
        )


PendingRows = Callable[[str], Sequence[Mapping[str, Any]] | None]
"""Rows of the table `appearances` of a film whose decisions the lake lacks; None where the lake has them."""


def find_scenes(library: Library, question: SceneQuestion, pending: PendingRows | None = None) -> SceneAnswer:
    """The scenes of all films that answer a question.

    Args:
        pending: appearances of films on which somebody decided since the lake's were made.

    Raises:
        NotFound: nobody of that name is seen in any film; names the nearest.
        BadInput: several people may be meant.
        WiosError: a file of the lake cannot be read.
    """
    known = _by_age(films(library))
    asked = list(dict.fromkeys((*question.people, *question.without)))
    rows = _appearances(library, known, asked)
    if pending is not None:
        for number, film in enumerate(known):
            if (own := pending(film["film"])) is not None:
                rows = rows.replaced(number, own)
    if missing := [name for name in asked if not len(rows.of(name))]:
        names = known_people(library)
        meant = {name: _meant(name, names) for name in missing}
        if set(meant.values()) & set(missing):
            # The name is known, and a decision that no run has worked in took the last appearance away.
            raise NotFound(f"{missing[0]!r} is not seen in any film any more")
        return find_scenes(library, question.renamed(meant), pending)
    found = shared_scenes(
        [rows.spans(name) for name in question.people],
        [rows.spans(name) for name in question.without],
        together=question.together,
    )
    order = np.flatnonzero(found.end_s - found.start_s >= question.over_s)
    if question.first:
        order = order[np.unique(found.film[order], return_index=True)[1]]
    if question.order == "longest":
        order = order[np.argsort((found.start_s - found.end_s)[order], kind="stable")]
    elif question.order == "surest":
        order = order[np.argsort(-np.nan_to_num(found.probability[order]), kind="stable")]
    named = [tuple(rows.name_of(name) for name in asked) for asked in (question.people, question.without)]
    return SceneAnswer(named[0], named[1], known, found, order)


def question_sentence(question: SceneQuestion, answer: SceneAnswer) -> str:
    """The question and how many scenes answer it, as a line for people."""
    asked = f"{'First scenes' if question.first else 'Scenes'} with {_enumerated(answer.people, 'and')}"
    if question.together and len(answer.people) > 1:
        asked += " in one picture"
    if answer.without:
        asked += f", without {_enumerated(answer.without, 'or')}"
    if question.over_s:
        asked += f", of {question.over_s:g} s or more"
    films = f"{answer.film_count} {'film' if answer.film_count == 1 else 'films'}"
    return f"{asked}: {len(answer)} in {films}, {format_clock(answer.seconds)} in all"


def scene_values(scene: FoundScene) -> dict[str, Any]:
    """A scene as JSON has it; times in seconds on the player's clock."""
    return {
        "film": scene.film["film"],
        "title": scene.film["title"],
        "year": scene.film["year"],
        "start_s": scene.start_s,
        "end_s": scene.end_s,
        "seconds": round(scene.seconds, 3),
        "together_s": scene.together_s,
        "on_screen_s": list(scene.on_screen_s),
        "probability": scene.probability,
    }


@dataclass(frozen=True)
class _Appearances:
    """Appearances of the people asked about.

    Attributes:
        asked: names and nconsts. names: names of those who were asked for by nconst.
        film: int64 [n], number of the film.
        by_actor, by_nconst: int64 [n], index in `asked` of the appearance's name and nconst; -1 for neither.
        start_s, end_s, probability: float64 [n]; the probability is NaN where there is none.
    """

    asked: list[str]
    names: dict[str, str]
    film: NDArray[np.int64]
    by_actor: NDArray[np.int64]
    by_nconst: NDArray[np.int64]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    probability: NDArray[np.float64]

    def of(self, name: str) -> NDArray[np.int64]:
        """Indices of a person's appearances."""
        number = self.asked.index(name)
        return np.flatnonzero((self.by_actor == number) | (self.by_nconst == number))

    def name_of(self, name: str) -> str:
        return self.names.get(name, name)

    def spans(self, name: str) -> Spans:
        own = self.of(name)
        return Spans(self.film[own], self.start_s[own], self.end_s[own], self.probability[own])

    def replaced(self, film: int, rows: Sequence[Mapping[str, Any]]) -> _Appearances:
        """The same with these rows of a film in place of the lake's."""
        index = {name: number for number, name in enumerate(self.asked)}
        codes = [(index.get(row["actor"], -1), index.get(row["nconst"], -1)) for row in rows]
        own = [(row, *code) for row, code in zip(rows, codes, strict=True) if row["kind"] == "cast" and max(code) >= 0]
        more = {
            "film": [film] * len(own),
            "by_actor": [actor for _, actor, _ in own],
            "by_nconst": [nconst for _, _, nconst in own],
            "start_s": [row["start_s"] for row, _, _ in own],
            "end_s": [row["end_s"] for row, _, _ in own],
            "probability": [np.nan if row["probability"] is None else row["probability"] for row, _, _ in own],
        }
        kept = self.film != film
        columns = {
            name: np.concatenate([getattr(self, name)[kept], np.asarray(values, dtype=getattr(self, name).dtype)])
            for name, values in more.items()
        }
        names = self.names | {row["nconst"]: row["actor"] for row, _, nconst in own if nconst >= 0}
        return _Appearances(self.asked, names, **columns)


def _appearances(library: Library, known: Sequence[Row], asked: list[str]) -> _Appearances:
    # Texts stand in the query itself: DuckDB then skips values while it reads, and the client imports nothing more.
    keys = [name for name in asked if _NCONST.fullmatch(name)]
    by_nconst = _code("nconst", {key: asked.index(key) for key in keys})
    listed = [f"actor IN ({_listed(asked)})", *([f"nconst IN ({_listed(keys)})"] if keys else [])]
    films = f"enum_code(TRY_CAST(film AS ENUM({_listed([row['film'] for row in known])})))" if known else "NULL"
    sql = f"""
        SELECT {films} AS film, {_code("actor", {name: number for number, name in enumerate(asked)})} AS by_actor,
            {by_nconst} AS by_nconst, start_s, end_s, probability{", actor" if keys else ""}
        FROM appearances WHERE kind = 'cast' AND ({" OR ".join(listed)})
    """
    columns = _columns(library, sql)
    film, actor, nconst = (
        np.ma.filled(columns[name], -1).astype(np.int64) for name in ("film", "by_actor", "by_nconst")
    )
    start_s, end_s, probability = (
        np.ma.filled(columns[name], np.nan).astype(np.float64) for name in ("start_s", "end_s", "probability")
    )
    names = {}
    for number, key in ((asked.index(key), key) for key in keys):
        own = np.flatnonzero(nconst == number)
        if len(own):
            names[key] = str(columns["actor"][own[0]])
    # Films that were removed from the library have no number.
    rows = np.flatnonzero(film >= 0)
    return _Appearances(
        asked, names, film[rows], actor[rows], nconst[rows], start_s[rows], end_s[rows], probability[rows]
    )


def _columns(library: Library, sql: str) -> dict[str, Any]:
    """Result of a query by column; a file that is being replaced is waited for."""
    for pause in (*_PAUSES, None):
        try:
            result: dict[str, Any] = library.connection.execute(sql).fetchnumpy()
            return result
        except duckdb.Error as error:
            if pause is None:
                reason = str(error).splitlines()[0]
                raise Unavailable(
                    f"{library.lake}: the appearances cannot be read ({reason}); `wios doctor` names the damaged file"
                ) from error
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _code(column: str, numbers: Mapping[str, int]) -> str:
    """SQL for the number of a column's text; -1 for any other."""
    cases = " ".join(f"WHEN {sql_text(text)} THEN {number}" for text, number in numbers.items())
    return f"(CASE {column} {cases} ELSE -1 END)" if cases else "-1"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(map(sql_text, texts))


def known_people(library: Library) -> dict[str, str]:
    """Name by nconst, or by name where there is none, of every cast member who is seen."""
    return {nconst or actor: actor for actor, nconst in library.connection.execute(_NAMES).fetchall()}


def _meant(asked: str, names: Mapping[str, str]) -> str:
    """The person of `names` who is meant: by the whole name without case and accents, else by words of it.

    Raises:
        NotFound: nobody is. BadInput: several may be.
    """
    wanted = fold(asked)
    words = wanted.split()
    for fits in (wanted.__eq__, lambda name: bool(words) and all(word in name.split() for word in words)):
        matches = sorted(key for key, name in names.items() if fits(fold(name)))
        if len(matches) == 1:
            return matches[0]
        if matches:
            listed = ", ".join(f"{names[key]} ({key})" if key != names[key] else key for key in matches[:_NEAR])
            raise BadInput(f"{asked!r} may be {listed}; give the whole name, or the key in brackets")
    folded = {fold(name): name for name in names.values()}
    near = [folded[name] for name in difflib.get_close_matches(wanted, folded, n=_NEAR, cutoff=0.6)]
    hint = f"did you mean {', '.join(map(repr, near))}?" if near else "`wios screen-time FILM` names who is"
    raise NotFound(f"nobody called {asked!r} is seen in any film; {hint}")


def _enumerated(names: Sequence[str], last: str) -> str:
    return f" {last} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _by_age(known: Sequence[Row]) -> list[Row]:
    """Films, the oldest first; those without a year last; by title, where years are equal."""
    return sorted(known, key=lambda row: (row["year"] or 9999, row["title"] or row["film"], row["film"]))
