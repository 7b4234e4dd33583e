import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wios_assets.errors import BadInput
from wios_assets.films.inbox import discover
from wios_assets.films.playlists import Playlist, main_playlist, read_playlist

Clip = tuple[int, int, int, bytes]
CLIPS = st.lists(
    st.tuples(st.integers(0, 99_999), st.integers(0, 2**31), st.integers(0, 2**31), st.binary(max_size=80)),
    min_size=1,
    max_size=20,
)
MINUTE = 60 * 45_000


def playlist_file(*clips: Clip) -> bytes:
    """A playlist as on a disc: number, begin and end in ticks of each clip, and what follows them in its item."""
    items = b""
    for number, begin, end, rest in clips:
        item = b"%05dM2TS" % number + struct.pack(">HBII", 1, 0, begin, end) + rest
        items += struct.pack(">H", len(item)) + item
    section = struct.pack(">HHH", 0, len(clips), 0) + items
    start = 58
    header = b"MPLS0200" + struct.pack(">III", start, start + 4 + len(section), 0)
    return header.ljust(start, b"\0") + struct.pack(">I", len(section)) + section


def disc(films: Path, playlists: dict[str, bytes], streams: dict[str, int]) -> None:
    """A Blu-ray as a folder, with streams of so many bytes."""
    root = films / "Heat (1995)" / "BDMV"
    for folder in ("PLAYLIST", "STREAM"):
        (root / folder).mkdir(parents=True)
    for name, content in playlists.items():
        (root / "PLAYLIST" / name).write_bytes(content)
    for name, size in streams.items():
        (root / "STREAM" / name).write_bytes(bytes(size))


@given(CLIPS)
def test_a_playlist_names_its_streams_in_order_and_their_length(
    tmp_path_factory: pytest.TempPathFactory, clips: list[Clip]
) -> None:
    ordered = [(number, min(a, b), max(a, b), rest) for number, a, b, rest in clips]
    path = tmp_path_factory.getbasetemp() / "00800.mpls"
    path.write_bytes(playlist_file(*ordered))

    playlist = read_playlist(path)

    assert playlist.clips == tuple(f"{number:05d}" for number, *_ in ordered)
    assert playlist.seconds == pytest.approx(sum(end - begin for _, begin, end, _ in ordered) / 45_000)


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda rest: playlist_file((1, 0, 9, b""))[:-9] + rest))
def test_other_bytes_are_a_playlist_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "00801.mpls"
    path.write_bytes(content)
    try:
        clips = read_playlist(path).clips
    except BadInput:
        return
    assert clips


def test_the_main_title_is_the_longest_playlist_of_streams_that_are_there() -> None:
    loop, whole = Playlist(("00001", "00001"), 9_000.0), Playlist(("00002", "00003"), 6_000.0)
    short, lost = Playlist(("00002",), 600.0), Playlist(("00004",), 7_000.0)

    assert main_playlist([loop, short, whole, lost], {"00001", "00002", "00003"}) == whole
    assert main_playlist([loop, lost], {"00001"}) is None


def test_the_streams_of_a_branching_disc_are_one_film_in_the_playlists_order(tmp_path: Path) -> None:
    playlists = {
        "00100.mpls": playlist_file((900, 0, 3 * MINUTE, b"")),
        "00800.mpls": playlist_file((12, 0, 40 * MINUTE, b""), (10, 0, 30 * MINUTE, b""), (11, 0, 50 * MINUTE, b"")),
    }
    disc(tmp_path, playlists, {"00010.m2ts": 30, "00011.m2ts": 50, "00012.m2ts": 40, "00900.m2ts": 99})

    inbox = discover(tmp_path)

    (film,) = inbox.films
    assert film.key == "Heat (1995)"
    assert [file.name for file in film.files] == ["00012.m2ts", "00010.m2ts", "00011.m2ts"]
    assert not inbox.problems


def test_a_damaged_playlist_is_named_and_the_largest_stream_is_taken(tmp_path: Path) -> None:
    disc(tmp_path, {"00800.mpls": b"MPLS0200 cut off"}, {"00001.m2ts": 9, "00002.m2ts": 90})

    inbox = discover(tmp_path)

    assert [file.name for film in inbox.films for file in film.files] == ["00002.m2ts"]
    (problem,) = inbox.problems
    assert problem.endswith("00800.mpls: not a Blu-ray playlist, or damaged; copy the disc again")
