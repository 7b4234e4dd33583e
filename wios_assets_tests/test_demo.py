from __future__ import annotations

import csv
import gzip
import io
import json
from itertools import pairwise
from pathlib import Path

import av
import face_recognition
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from wios_assets.demo import KEY, Example, make_example
from wios_assets.demo import example as demo_example
from wios_assets.demo.edit_list import EDIT_LIST, HEIGHT, WIDTH, Pose, TruthRow, pose
from wios_assets.demo.gallery import PHOTOS, gallery_photo
from wios_assets.demo.imdb_tables import CREDITS, TABLES, TCONST, imdb_file
from wios_assets.demo.portraits import AVERIL, EILEEN, GRACE, portraits
from wios_assets.errors import WiosError

PLAIN_LIMIT = 0.6
TRUTH = EDIT_LIST.truth()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return make_example(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def gallery() -> dict[str, NDArray[np.float64]]:
    """Embeddings [photos, 128] of each cast member's gallery photos."""
    sources = portraits()
    embeddings = {}
    for person, photos in PHOTOS.items():
        pictures = [np.asarray(Pillow.open(io.BytesIO(gallery_photo(sources[person], photo)))) for photo in photos]
        embeddings[person] = np.array([face_recognition.face_encodings(picture)[0] for picture in pictures])
    return embeddings


def visible(second: float) -> set[str]:
    return {row.person for row in TRUTH if row.start_s <= second < row.end_s and not row.optional}


def test_the_film_has_more_than_one_minute_and_the_cuts_of_its_edit_list() -> None:
    assert 60 < EDIT_LIST.duration_s < 90
    assert len(EDIT_LIST.cuts_s) == len(EDIT_LIST.takes) - 1
    assert list(EDIT_LIST.cuts_s) == sorted(EDIT_LIST.cuts_s)


def test_people_are_alone_together_absent_small_and_at_the_edge() -> None:
    crowds = {frozenset(visible(tenth / 10)) for tenth in range(int(EDIT_LIST.duration_s * 10))}
    assert crowds == {frozenset(), frozenset({GRACE}), frozenset({EILEEN}), frozenset({GRACE, EILEEN})}
    assert {row.visible for row in TRUTH} == {"frontal", "small"}
    assert any(row.optional for row in TRUTH)


def test_the_truth_never_has_a_person_twice_at_once_and_ends_at_cuts() -> None:
    cuts = np.array(EDIT_LIST.cuts_s)
    for person in (GRACE, EILEEN):
        rows = [row for row in TRUTH if row.person == person]
        assert all(before.end_s <= after.start_s for before, after in pairwise(rows))
        assert not any(((cuts > row.start_s + 1e-6) & (cuts < row.end_s - 1e-6)).any() for row in rows)


def test_nobody_stands_before_anybody_else() -> None:
    for take in EDIT_LIST.takes:
        for frame in range(take.frames):
            spots = [pose(role, take, frame) for role in take.roles]
            for one, other in pairwise(spots):
                assert np.hypot(one.x - other.x, one.y - other.y) > 1.15 * max(one.height, other.height)


def test_a_face_half_outside_the_picture_is_not_scored() -> None:
    assert Pose(0, HEIGHT / 2, 100).sight == "optional"
    assert Pose(-60, HEIGHT / 2, 100).sight == "absent"
    assert Pose(WIDTH / 2, HEIGHT / 2, 100).sight == "frontal"
    assert Pose(WIDTH / 2, HEIGHT / 2, 30).sight == "small"


def test_the_galleries_are_of_three_people_that_the_plain_limit_separates(
    gallery: dict[str, NDArray[np.float64]],
) -> None:
    assert list(gallery) == [GRACE, EILEEN, AVERIL]
    for person, own in gallery.items():
        inner = np.linalg.norm(own[:, None] - own[None], axis=2)
        assert inner.max() < 0.45, person
        assert inner[~np.eye(len(own), dtype=bool)].min() > 0.12, f"{person}: two photos are one picture"
        for other, theirs in gallery.items():
            if other != person:
                assert np.linalg.norm(own[:, None] - theirs[None], axis=2).min() > PLAIN_LIMIT, (person, other)


def test_imdb_tables_have_the_files_form_and_lead_to_the_cast() -> None:
    unpacked = {name: gzip.decompress(imdb_file(name)).decode().splitlines() for name in TABLES}
    tables = {}
    for name, (header, *lines) in unpacked.items():
        columns = header.split("\t")
        assert all(line.count("\t") == len(columns) - 1 for line in lines)
        tables[name] = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
    cast = [row for row in tables["title.principals"] if row["tconst"] == TCONST and row["characters"] != r"\N"]
    names = {row["nconst"]: row["primaryName"] for row in tables["name.basics"]}
    cast_rows = [(names[row["nconst"]], row["nconst"], json.loads(row["characters"])[0]) for row in cast]
    assert cast_rows == list(CREDITS)
    assert len({row["tconst"] for row in tables["title.basics"]}) == len(tables["title.basics"])
    titles = {(row["primaryTitle"], row["startYear"]): row["tconst"] for row in tables["title.basics"]}
    assert titles[KEY.rsplit(" (", 1)[0], KEY[-5:-1]] == TCONST
    assert all(row["characters"] == r"\N" or json.loads(row["characters"]) for row in tables["title.principals"])


def test_a_folder_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "films").write_text("a file where a folder should be")
    with pytest.raises(WiosError, match=r"films.*cannot be written.*WIOS_DATA"):
        make_example(tmp_path)


def test_what_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, pictures: object) -> None:
        path.write_bytes(b"half a film")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(demo_example, "encode", full)
    with pytest.raises(WiosError, match="the disk is full"):
        make_example(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.slow
def test_the_example_lies_where_the_settings_look_for_it(example: Example) -> None:
    assert example.film == example.films / KEY / f"{KEY}.mp4"
    assert example.film.is_file()
    assert sorted(folder.name for folder in example.galleries.iterdir()) == sorted([GRACE, EILEEN, AVERIL])
    assert all(len(list(folder.glob("*.jpg"))) == 3 for folder in example.galleries.iterdir())
    assert sorted(path.name for path in example.imdb.iterdir()) == sorted(f"{name}.tsv.gz" for name in TABLES)
    assert (example.on_screen, example.absent) == ((EILEEN, GRACE), (AVERIL,))
    with example.truth.open(newline="", encoding="utf-8") as file:
        rows = [
            TruthRow(float(r["start_s"]), float(r["end_s"]), r["person"], r["visible"], int(r["optional"]))
            for r in csv.DictReader(file)
        ]
    assert tuple(rows) == example.truth_rows


@pytest.mark.slow
def test_the_film_starts_at_zero_and_has_every_frame(example: Example) -> None:
    with av.open(str(example.film)) as container:
        stream = container.streams.video[0]
        times = [frame.time for frame in container.decode(stream)]
        assert container.start_time == 0
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", WIDTH, HEIGHT)
    assert len(times) == EDIT_LIST.starts[-1]
    assert np.allclose(times, np.arange(len(times)) / 25, atol=1e-4)


@pytest.mark.slow
def test_a_second_run_makes_only_what_is_missing_and_the_same_bytes(example: Example) -> None:
    data = example.films.parent
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in data.rglob("*") if path.is_file()}
    photo = example.galleries / GRACE / f"{GRACE} 1.jpg"
    own = example.imdb / "title.basics.tsv.gz"
    photo.unlink()
    own.write_bytes(b"a user's own")
    assert make_example(data) == example
    assert own.read_bytes() == b"a user's own"
    own.write_bytes(before[own][1])
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in data.rglob("*") if path.is_file()}
    assert {path: content for path, (_, content) in after.items()} == {p: content for p, (_, content) in before.items()}
    assert {path for path in after if after[path][0] != before[path][0]} == {photo, own}


@pytest.mark.slow
def test_another_folder_gets_the_same_film(example: Example, tmp_path: Path) -> None:
    assert make_example(tmp_path).film.read_bytes() == example.film.read_bytes()


@pytest.mark.slow
def test_faces_of_the_film_are_found_and_named_rightly(
    example: Example, gallery: dict[str, NDArray[np.float64]]
) -> None:
    wanted = {round(second * 25) for second in (2, 6, 14, example.question_s, 31, 36, 41, 46, 55, 58, 59.5, 61, 64, 70)}
    seen = {}
    with av.open(str(example.film)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                picture = frame.to_ndarray(format="rgb24")
                seen[number / 25] = [
                    min((np.linalg.norm(own - face, axis=1).min(), person) for person, own in gallery.items())
                    for face in face_recognition.face_encodings(picture, face_recognition.face_locations(picture))
                ]
    for second, faces in seen.items():
        assert {person for _, person in faces} == visible(second), second
        assert all(distance < 0.5 for distance, _ in faces), second
    assert {person for _, person in seen[example.question_s]} == set(example.on_screen)
