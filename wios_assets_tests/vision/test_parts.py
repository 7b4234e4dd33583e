"""A DVD's title in several files is one video with one clock."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from wios_assets.errors import WiosError
from wios_assets.vision.parts import parts_text, read_parts
from wios_assets.vision.video import fingerprint, open_video, probe

PACK_BYTES = 2048


@pytest.fixture(scope="module")
def title(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A program stream as one file, and the list of the two files that it was cut into as DVDs are."""
    folder = tmp_path_factory.mktemp("it's a dvd")
    whole = folder / "whole.vob"
    with av.open(str(whole), "w", format="vob") as container:
        stream = container.add_stream("mpeg2video", rate=25, options={"g": "12"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(100):
            pixels = np.random.default_rng(number).integers(0, 255, (240, 320, 3), dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        container.mux(stream.encode())
    content = whole.read_bytes()
    middle = len(content) // 2 // PACK_BYTES * PACK_BYTES
    parts = [folder / "VTS_01_1.VOB", folder / "VTS_01_2.VOB"]
    parts[0].write_bytes(content[:middle])
    parts[1].write_bytes(content[middle:])
    joined = folder / "film=x.parts"
    joined.write_text(parts_text(parts), encoding="utf-8")
    return whole, joined


def times(path: Path) -> list[float]:
    with open_video(path) as (container, stream):
        return [float(picture.time or 0.0) for picture in container.decode(stream)]


@pytest.mark.slow
def test_parts_play_as_the_file_that_they_were_cut_from(title: tuple[Path, Path]) -> None:
    whole, joined = title
    assert times(joined) == times(whole)
    assert probe(joined).duration_s == probe(whole).duration_s
    assert probe(joined).size_bytes == whole.stat().st_size


def test_the_content_of_parts_is_their_content_in_order(title: tuple[Path, Path]) -> None:
    _, joined = title
    parts = read_parts(joined)
    other = joined.with_name("film=y.parts")
    other.write_text(parts_text(parts[::-1]), encoding="utf-8")
    assert fingerprint(joined) != fingerprint(other)


@pytest.mark.parametrize("content", ["", "a.mkv\n", "# The files of one film, in order.\n"])
def test_a_list_that_names_no_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "film=x.parts"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(WiosError, match="run the film again"):
        read_parts(path)


def test_a_path_that_cannot_be_joined_is_refused() -> None:
    with pytest.raises(WiosError, match="rename it"):
        parts_text([Path("a|b.vob")])
