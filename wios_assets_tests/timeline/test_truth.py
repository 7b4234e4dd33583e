from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from wios_assets.errors import WiosError
from wios_assets.tables import CAST
from wios_assets.timeline.frames import table_frame
from wios_assets.timeline.truth import in_names_of_cast, read_truth, truth_path

HEADER = "clip,start_s,end_s,person,visible,optional\n"


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "film.truth.csv"
    path.write_text(text, encoding=encoding)
    return path


def test_the_truth_stands_beside_the_film() -> None:
    assert truth_path(Path("films/A film (2001).mkv")) == Path("films/A film (2001).truth.csv")


def test_rows_come_with_types_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "a.mp4,1.5,2, Zoë ,frontal,0\na.mp4,2,3,unknown:1,small,1\n", "utf-8-sig")
    frame = read_truth(path)
    assert list(frame["person"]) == ["Zoë", "unknown:1"]
    assert list(frame["optional"]) == [False, True]
    assert list(frame["start_s"]) == [1.5, 2.0]


def test_only_the_clip_asked_for_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "a.mp4,1,2,Ann,frontal,0\nb.mp4,1,2,Bo,frontal,0\n,3,4,Cy,frontal,0\n")
    assert list(read_truth(path, "b.mp4")["person"]) == ["Bo", "Cy"]
    with pytest.raises(WiosError, match=r"no rows"):
        read_truth(written(tmp_path, HEADER + "a.mp4,1,2,Ann,frontal,0\n"), "c.mp4")


def test_three_columns_are_enough(tmp_path: Path) -> None:
    frame = read_truth(written(tmp_path, "person,start_s,end_s\nAnn,1,2\n"))
    assert frame.loc[0].to_dict() == {"start_s": 1, "end_s": 2, "person": "Ann", "visible": "", "optional": False}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start_s,end_s\n1,2\n", "no column person"),
        ("", "no column start_s, end_s, person"),
        (HEADER, "no rows"),
        (HEADER + "a,1,2,Ann,frontal,0\na,soon,2,Ann,frontal,0\n", "line 3: start_s = 'soon'"),
        (HEADER + "a,1\n", "line 2: end_s = None"),
        (HEADER + "a,nan,2,Ann,frontal,0\n", "line 2: start_s = 'nan'"),
        (HEADER + "a,-1,2,Ann,frontal,0\n", "line 2: start_s = '-1'"),
        (HEADER + "a,3,2,Ann,frontal,0\n", "line 2: ends at 2.0 s, before"),
        (HEADER + "a,1,2,,frontal,0\n", "line 2: no person"),
    ],
)
def test_a_mistake_in_a_truth_file_is_reported_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(WiosError) as caught:
        read_truth(written(tmp_path, text))
    assert message in str(caught.value)
    assert "film.truth.csv" in str(caught.value)


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "film.truth.csv"
    for content in (None, b"\xff\xfe\x00\x01"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(WiosError, match=r"film\.truth\.csv: cannot be read"):
            read_truth(path)


def test_people_are_called_as_the_cast_calls_them() -> None:
    rows = [
        {"billing": 1, "actor": "Jim Parsons", "nconst": "nm1433588", "gallery_folder": "/photos/jim_parsons"},
        {"billing": 2, "actor": "Kaley Cuoco", "nconst": None, "gallery_folder": None},
    ]
    people = ["jim_parsons", "nm1433588", "Jim Parsons", "Kaley Cuoco", "unknown:2", "somebody_else"]
    called = in_names_of_cast(pd.DataFrame({"person": people}), table_frame(rows, CAST))
    assert list(called["person"]) == [
        *("Jim Parsons", "Jim Parsons", "Jim Parsons", "Kaley Cuoco", "unknown:2", "somebody_else")
    ]
