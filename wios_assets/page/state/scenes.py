"""Scenes over all films, with decisions that no run has worked into the lake yet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from wios_assets.errors import WiosError
from wios_assets.lake.scene_search import SceneAnswer, SceneQuestion, find_scenes, known_people
from wios_assets.page.state.catalog import Catalog


def answer_question(catalog: Catalog, question: SceneQuestion) -> SceneAnswer:
    """The scenes of all films that answer a question; see `find_scenes`."""
    with catalog.library() as library:
        return find_scenes(library, question, lambda film: _decided_rows(catalog, film))


def seen_people(catalog: Catalog) -> list[str]:
    """Names of the cast members who are seen in any film, sorted; none where no film was analysed."""
    with suppress(WiosError), catalog.library() as library:
        return sorted(set(known_people(library).values()))
    return []


def _decided_rows(catalog: Catalog, film: str) -> Sequence[dict[str, Any]] | None:
    """Appearances of a film on which somebody decided, from its map; None for other films."""
    if not catalog.decisions.version(film):
        return None
    with suppress(WiosError):
        film_map = catalog.map(catalog.films()[film])
        people = [film_map.people[number] for number in film_map.person.tolist()]
        spans = zip(film_map.start_s.tolist(), film_map.end_s.tolist(), film_map.probability.tolist(), strict=True)
        return [
            {
                "actor": person.actor,
                "nconst": person.nconst,
                "kind": person.kind,
                "start_s": start,
                "end_s": end,
                "probability": None if np.isnan(probability) else probability,
            }
            for person, (start, end, probability) in zip(people, spans, strict=True)
        ]
    return None
