"""Hardware decoding: where it is not usable, software decodes the same pictures and one line says so."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from av.codec.hwaccel import hwdevices_available

from wios_assets.errors import BadInput
from wios_assets.vision import hardware
from wios_assets.vision.hardware import Decoder
from wios_assets.vision.sampling import read_pictures
from wios_assets.vision.video import open_video, probe
from wios_assets_tests.video_files import write_film

pytestmark = pytest.mark.slow

DEVICES = [decoder for decoder in get_args(Decoder) if decoder != "software"]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    large = np.asarray(cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return write_film(tmp_path / "a.mp4", [np.roll(large, 3 * i, axis=1) for i in range(30)])


@pytest.mark.parametrize("decoder", DEVICES)
def test_every_decoder_gives_the_pictures_that_software_gives(film: Path, decoder: Decoder) -> None:
    video = probe(film)
    plain = list(read_pictures(video, 0.0, 0))
    by_device = list(read_pictures(video, 0.0, 0, decoder=decoder))
    assert [picture.time_s for picture in by_device] == [picture.time_s for picture in plain]
    for one, other in zip(plain, by_device, strict=True):
        assert one.frame is not None
        assert other.frame is not None
        shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in (one.frame, other.frame)]
        assert np.abs(shown[0] - shown[1]).mean() < 2


@pytest.mark.parametrize("decoder", [device for device in DEVICES if device not in hwdevices_available()])
def test_a_decoder_that_is_absent_is_named_once_in_one_line(
    film: Path, decoder: Decoder, caplog: pytest.LogCaptureFixture
) -> None:
    hardware._say_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with open_video(film, 1, decoder) as (container, stream):
                assert next(container.decode(stream)) is not None
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"decoder `{decoder}`: ")
    assert line.endswith("decoding in software")
    assert "\n" not in line


@pytest.mark.parametrize("decoder", DEVICES)
def test_a_file_that_is_no_film_is_refused_as_without_hardware(tmp_path: Path, decoder: Decoder) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("no film")
    with pytest.raises(BadInput, match=r"a\.mp4: cannot be read as a video"), open_video(text, 1, decoder):
        pass
