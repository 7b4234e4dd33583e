"""What a user can get wrong ends in one line that says what, where and what to do, and leaves earlier results."""

from pathlib import Path

import pytest

from wios_assets.errors import WiosError
from wios_assets.films.registry import look_at_inbox
from wios_assets.films.sidecar import Sidecar, sidecar_path, write_sidecar
from wios_assets.lake.store import read_rows
from wios_assets.runs.launch import dagster_instance, run_film
from wios_assets.tables import APPEARANCES
from wios_assets_tests.assets.test_graph import copy_of
from wios_assets_tests.conftest import FinishedExample

pytestmark = pytest.mark.slow


def failure(finished: FinishedExample, folder: Path, sidecar: Sidecar | None = None, **changed: object) -> str:
    """The message of a run that fails; the appearances of the run before must still be there."""
    settings = copy_of(finished, folder).model_copy(update=changed)
    film = settings.data / "films" / finished.example.key / finished.example.film.name
    if sidecar is not None:
        write_sidecar(sidecar_path(film), sidecar)
        look_at_inbox(settings, settle_seconds=0)
    before = read_rows(settings.lake, APPEARANCES, finished.example.key)
    with dagster_instance(settings) as instance, pytest.raises(WiosError) as failed:
        run_film(settings, instance, finished.example.key, lambda progress, step: None)
    assert read_rows(settings.lake, APPEARANCES, finished.example.key).equals(before)
    message = str(failed.value)
    assert "\n" not in message
    assert "Traceback" not in message
    return message


def test_a_cast_that_matches_nobody_names_the_folders_looked_in(finished: FinishedExample, tmp_path: Path) -> None:
    message = failure(finished, tmp_path, Sidecar(cast=["Nobody Known"]))
    assert f"film {finished.example.key!r}: no photos of any of its 1 actors" in message
    assert "galleries/Nobody Known" in message


def test_a_film_without_title_and_cast_says_how_to_give_one(finished: FinishedExample, tmp_path: Path) -> None:
    message = failure(finished, tmp_path, Sidecar(tconst="tt0000001"))
    assert "at_least_one_actor: IMDB's tables have no cast for tt0000001; list its actors under `cast:`" in message


def test_photos_without_a_usable_face_are_counted_by_reason(finished: FinishedExample, tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "Rocket"
    folder.mkdir(parents=True)
    from skimage import data, io

    io.imsave(folder / "rocket.jpg", data.rocket())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    message = failure(finished, tmp_path, Sidecar(cast=["Rocket"], gallery=str(folder.parent)))
    assert "none of 2 photos can be used" in message
    assert "1 no_face" in message
    assert "1 unreadable" in message


def test_a_film_whose_file_is_gone_is_named(finished: FinishedExample, tmp_path: Path) -> None:
    settings = copy_of(finished, tmp_path)
    (settings.data / "films" / finished.example.key / finished.example.film.name).unlink()
    with dagster_instance(settings) as instance, pytest.raises(WiosError, match="is gone; put it back"):
        run_film(settings, instance, finished.example.key, lambda progress, step: None)


def test_a_master_that_cannot_be_reached_is_named(finished: FinishedExample, tmp_path: Path) -> None:
    settings = copy_of(finished, tmp_path)
    by_spark = settings.footage.model_copy(update={"runner": "spark"})
    settings = settings.model_copy(update={"spark_master": "spark://127.0.0.1:1", "footage": by_spark})
    (settings.lake / ".footage" / f"film={finished.example.key}.json").unlink()
    with dagster_instance(settings) as instance, pytest.raises(WiosError, match="does not answer"):
        run_film(settings, instance, finished.example.key, lambda progress, step: None)
