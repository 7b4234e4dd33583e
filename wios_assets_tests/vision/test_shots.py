from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.vision.shots import shot_of, shots_table

times = st.floats(0.0, 100.0, allow_nan=False)


@given(st.lists(times, max_size=20), st.floats(0.5, 100.0), st.lists(times, max_size=50))
def test_shots_cover_the_film_and_hold_every_sample_once(cuts: list[float], end: float, samples: list[float]) -> None:
    inside = [time_s for time_s in samples if time_s < end]
    table = shots_table(cuts, end, inside)
    assert table["shot"].tolist() == list(range(len(table)))
    assert table["start_s"].iloc[0] == 0.0
    assert table["end_s"].iloc[-1] == end
    assert table["start_s"].iloc[1:].tolist() == table["end_s"].iloc[:-1].tolist()
    assert (table["start_s"] < table["end_s"]).all()
    assert table["samples"].sum() == len(inside)
    numbers = shot_of(np.array(inside), table["start_s"].tolist()[1:])
    assert np.bincount(numbers, minlength=len(table)).tolist() == table["samples"].tolist()


def test_a_sample_at_a_cut_belongs_to_the_new_shot() -> None:
    assert shot_of(np.array([0.99, 1.0, 1.01]), [1.0]).tolist() == [0, 1, 1]
