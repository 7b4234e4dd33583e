from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wios_assets.timeline.evaluation import evaluate
from wios_assets.timeline.evaluation_pictures import evaluation_picture, mistakes_picture
from wios_assets_tests.timeline.films import appearance_table
from wios_assets_tests.timeline.test_evaluation import random_film, truth_table

ANN, BO = "Ann", "Bo"
GREEN = (10, 200, 30)


def pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))


def jpeg(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (150, 150), colour).save(buffer, format="JPEG")
    return buffer.getvalue()


def test_two_films_have_two_pictures() -> None:
    one, other = (evaluation_picture(evaluate(*random_film(seed)), "Film") for seed in (1, 2))
    assert pixels(one).shape[1] == pixels(other).shape[1]
    assert one != other
    assert evaluation_picture(evaluate(*random_film(1)), "Film") == one


def test_a_film_without_names_has_a_picture_too() -> None:
    assert pixels(evaluation_picture(evaluate(truth_table((ANN, 0, 9)), appearance_table()), "Film")).size


def test_many_actors_make_the_picture_taller() -> None:
    few, many = (
        evaluate(truth_table(*((f"Actor {n}", 0, 9) for n in range(count))), appearance_table()) for count in (3, 40)
    )
    assert pixels(evaluation_picture(many, "F")).shape[0] > pixels(evaluation_picture(few, "F")).shape[0]


def test_a_mistakes_face_is_on_the_sheet() -> None:
    mistakes = evaluate(truth_table((ANN, 0, 9)), appearance_table((BO, 20, 30))).mistakes
    mistakes.loc[0, "best_face"] = 7
    with_face = pixels(mistakes_picture(mistakes, {7: jpeg(GREEN)}, "Worst"))
    without = pixels(mistakes_picture(mistakes, {}, "Worst"))
    green = [(np.abs(picture.astype(int) - GREEN).max(axis=2) < 12).sum() for picture in (with_face, without)]
    assert green[0] > 5000
    assert green[1] == 0


def test_a_chip_that_is_no_picture_is_left_blank() -> None:
    mistakes = evaluate(truth_table((ANN, 0, 9)), appearance_table((BO, 20, 30))).mistakes
    mistakes.loc[0, "best_face"] = 7
    assert mistakes_picture(mistakes, {7: b"not a picture"}, "W") == mistakes_picture(mistakes, {}, "W")


def test_a_faultless_film_has_an_empty_sheet() -> None:
    mistakes = evaluate(truth_table((ANN, 0, 9)), appearance_table((ANN, 0, 9))).mistakes
    assert len(mistakes) == 0
    assert pixels(mistakes_picture(mistakes, {}, "Worst")).size
