from __future__ import annotations

import pytest

from wios_assets.assets.outliers import ACTOR_FIGURES, FILM_FIGURES, Figure


@pytest.mark.parametrize(
    ("figure", "value", "median", "sentence"),
    [
        (ACTOR_FIGURES["scenes"], 1.0, 19.0, "1 scene; the median is 19"),
        (ACTOR_FIGURES["scenes"], 64.0, 1.0, "64 scenes; the median is 1"),
        (ACTOR_FIGURES["share"], 0.01, 0.2, "1 % of the film on screen; the median is 20 %"),
        (FILM_FIGURES["unknown_people"], 1.0, 0.0, "1 person without a name; the median is 0"),
        (FILM_FIGURES["cuts_per_minute"], 1.0, 12.34, "1.0 cuts a minute; the median is 12.3"),
    ],
)
def test_a_figure_is_told_in_the_number_that_it_has(figure: Figure, value: float, median: float, sentence: str) -> None:
    assert figure.sentence(value, median) == sentence
