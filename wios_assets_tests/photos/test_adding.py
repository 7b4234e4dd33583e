"""Photos that somebody adds to an actor's folder."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from wios_assets.errors import BadInput, Conflict
from wios_assets.photos.adding import actor_folder, add_photo


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20), (shade, 0, 0)).save(out, "JPEG")
    return out.getvalue()


def test_a_photo_is_stored_under_its_name_or_one_with_a_number(tmp_path: Path) -> None:
    folder = tmp_path / "Al Pacino"
    assert add_photo(folder, "me.JPG", picture(1)) == folder / "me.jpg"
    assert add_photo(folder, "me.jpg", picture(9)) == folder / "me 2.jpg"
    assert (folder / "me 2.jpg").read_bytes() == picture(9)


@pytest.mark.parametrize("name", ["../../escape.jpg", "..\\escape.jpg", "/etc/escape.jpg", "a\nb.jpg", "..escape.jpg"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    file = add_photo(tmp_path / "Al Pacino", name, picture(1))
    assert file.parent == tmp_path / "Al Pacino"
    assert not file.name.startswith(".")


def test_the_same_photo_is_not_stored_twice(tmp_path: Path) -> None:
    add_photo(tmp_path, "one.jpg", picture(1))
    with pytest.raises(Conflict, match="there already"):
        add_photo(tmp_path, "two.jpg", picture(1))


@pytest.mark.parametrize(("name", "content"), [("a.txt", b"x"), ("a.jpg", b"x"), ("a.jpg", b""), ("", b"x")])
def test_what_is_no_picture_is_refused_and_leaves_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(BadInput, match=name.replace(".", r"\.") or "''"):
        add_photo(tmp_path / "Al Pacino", name, content)
    assert list(tmp_path.glob("*/*")) == []


def test_a_folder_is_the_known_one_or_called_by_name_or_key(tmp_path: Path) -> None:
    known = tmp_path / "nm0000199"
    assert actor_folder(tmp_path, "Al Pacino", "nm0000199", known) == known
    assert actor_folder(tmp_path, "Al Pacino", "nm0000199", Path("/elsewhere/Al Pacino")) == tmp_path / "Al Pacino"
    assert actor_folder(tmp_path, "///", "nm0000199", None) == tmp_path / "nm0000199"
    with pytest.raises(BadInput, match="cannot be the name of a folder"):
        actor_folder(tmp_path, "..", None, None)
