"""The reader of dlib's files: what it reads, and what it refuses."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wios_assets.errors import WiosError
from wios_assets.vision.alignment import LANDMARKS_FILE, model_path
from wios_assets.vision.dlib_engine import EMBEDDER_FILE
from wios_assets.vision.dlib_weights import read_detector, read_embedder
from wios_assets.vision.mmod_detector import DETECTOR_FILE, OVERLAP, WINDOW

DETECTOR = model_path(DETECTOR_FILE).read_bytes()
HEAD = 160
"""Bytes that stand before the detector's first weights."""
SECOND_LAYER = 5_650
"""An offset in bytes between the first convolution's normalisation and the second convolution."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


def written(folder: Path, content: bytes) -> Path:
    path = folder / "altered.dat"
    path.write_bytes(content)
    return path


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(WiosError) as refused:
        read_detector(written(folder, content))
    message = str(refused.value)
    assert "altered.dat" in message
    assert "\n" not in message
    return message


def offset_of(message: str) -> int:
    match = re.search(r"byte (\d+)", message)
    assert match, message
    return int(match[1])


def test_the_detector_has_seven_convolutions_and_its_head_says_how_faces_overlap() -> None:
    weights = read_detector(model_path(DETECTOR_FILE))
    assert [c.weights.shape for c in weights.convolutions] == [
        (16, 3, 5, 5),
        (32, 16, 5, 5),
        (32, 32, 5, 5),
        (45, 32, 5, 5),
        (45, 45, 5, 5),
        (45, 45, 5, 5),
        (1, 45, 9, 9),
    ]
    assert weights.window == (WINDOW, WINDOW)
    assert weights.overlap == OVERLAP
    assert weights.covered == 1.0
    assert weights.mean == pytest.approx((122.782, 117.001, 104.298), abs=1e-4)


def test_the_embedder_has_twenty_nine_layers_with_weights() -> None:
    weights = read_embedder(model_path(EMBEDDER_FILE))
    convolutions = 1 + 2 * len(weights.blocks)
    assert convolutions == 29
    assert [len(block.second.bias) for block in weights.blocks] == [32] * 3 + [64] * 4 + [128] * 3 + [256] * 4
    assert [index for index, block in enumerate(weights.blocks) if block.down] == [3, 7, 10, 13]
    assert weights.projection.shape == (256, 128)
    assert weights.size == (150, 150)


@pytest.mark.parametrize("other", [EMBEDDER_FILE, LANDMARKS_FILE])
def test_another_of_dlibs_files_is_refused_where_it_differs(other: str) -> None:
    with pytest.raises(WiosError, match=rf"{re.escape(other)}: byte \d+: .*install face_recognition_models again"):
        read_detector(model_path(other))


def test_the_detector_is_refused_as_embedder() -> None:
    with pytest.raises(WiosError, match=r"byte 2: loss is 'loss_mmod_' where 'loss_metric_2' was expected"):
        read_embedder(model_path(DETECTOR_FILE))


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(WiosError, match=r"absent\.dat: cannot be read \(No such file"):
        read_detector(tmp_path / "absent.dat")


def test_bytes_after_the_network_are_refused(folder: Path) -> None:
    assert offset_of(refusal(folder, DETECTOR + b"\x00")) == len(DETECTOR)


def test_a_weight_that_is_no_number_is_refused_at_its_own_offset(folder: Path) -> None:
    start = DETECTOR.index(b"con_4") + len(b"con_4") + len(bytes.fromhex("010202c004010101010101"))
    offset = start + 4 * 100
    content = DETECTOR[:offset] + np.float32(np.nan).tobytes() + DETECTOR[offset + 4 :]
    message = refusal(folder, content)
    assert offset_of(message) == offset
    assert "filters holds nan" in message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, len(DETECTOR) - 1))
def test_a_truncated_file_is_refused_at_or_before_its_end(folder: Path, length: int) -> None:
    assert offset_of(refusal(folder, DETECTOR[:length])) <= length


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    offset=st.one_of(
        st.integers(0, HEAD), st.integers(SECOND_LAYER, SECOND_LAYER + 120), st.integers(0, len(DETECTOR) - 1)
    ),
    value=st.integers(0, 255),
)
def test_an_altered_byte_is_refused_or_is_one_of_a_figure(folder: Path, offset: int, value: int) -> None:
    content = bytearray(DETECTOR)
    content[offset] = value
    path = written(folder, bytes(content))
    with suppress(WiosError):
        assert read_detector(path).convolutions[-1].weights.shape == (1, 45, 9, 9)
        return
    offset_of(refusal(folder, bytes(content)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_any_other_file_is_refused(folder: Path, content: bytes) -> None:
    offset_of(refusal(folder, content))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offset=st.integers(0, len(DETECTOR) - 1), extra=st.binary(min_size=1, max_size=8))
def test_bytes_put_in_between_are_refused(folder: Path, offset: int, extra: bytes) -> None:
    content = DETECTOR[:offset] + extra + DETECTOR[offset:]
    offset_of(refusal(folder, content))
