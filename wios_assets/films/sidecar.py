"""Reads and writes a film's sidecar `<film stem>.wios.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from wios_assets.atomic import write_atomic
from wios_assets.errors import BadInput, file_error

SIDECAR_SUFFIX = ".wios.yaml"
SERIES_SIDECAR = "tvshow.wios.yaml"
"""Sidecar in a series' folder; its `tconst` is the series', its `cast` and `gallery` those of all episodes."""
TCONST = r"^tt\d{7,10}$"


class Sidecar(BaseModel):
    """A user's values for one film; all are optional.

    Attributes:
        name: partition key, in place of the file's or folder's name.
        tconst: IMDB's key of the title.
        title, year: in place of those in the file's name.
        cast: actors' names, nconsts or gallery folder names, in billing order; in place of IMDB's cast.
        gallery: folder that holds one folder of photos an actor; relative to the sidecar's folder.
        samples_per_second: frames looked at for each second of film.
        skip: leave the file alone, as if it were not in the inbox.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: str | None = None
    tconst: str | None = Field(default=None, pattern=TCONST)
    title: str | None = None
    year: int | None = Field(default=None, ge=1870, le=2200)
    cast: list[str] | None = Field(default=None, min_length=1)
    gallery: str | None = None
    samples_per_second: float | None = Field(default=None, gt=0, le=60)
    skip: bool | None = None

    @field_validator("name", "title", "gallery")
    @classmethod
    def _not_blank(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("is blank; give it a value or leave the key out")
        if value is not None:
            _refuse_surrogates(value)
        return value

    @field_validator("cast")
    @classmethod
    def _no_blank_actor(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and not all(actor.strip() for actor in value):
            raise ValueError("has a blank entry; give it a name or take it out")
        for actor in value or ():
            _refuse_surrogates(actor)
        return value

    def gallery_folder(self, sidecar: Path) -> Path | None:
        """The gallery as an absolute path, given the sidecar's own path.

        Raises:
            RuntimeError, ValueError, OSError: no such path can exist: an unknown user, a loop of links, a NUL.
        """
        return None if self.gallery is None else (sidecar.parent / Path(self.gallery).expanduser()).resolve()


def _refuse_surrogates(text: str) -> None:
    """Refuse half a character, as `"\\ud800"` in YAML gives: no table and no database can hold it."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("has a character that is no text (U+D800 to U+DFFF); take it out")


ALLOWED_KEYS = tuple(Sidecar.model_fields)
_TYPES = {
    "string_type": "is not text; put it in quotes",
    "int_type": "is not a whole number",
    "float_type": "is not a number",
    "bool_type": "is neither true nor false",
    "list_type": "is not a list; write one `- name` a line",
    "string_pattern_mismatch": "is not IMDB's key of a title; it looks like tt0133093",
}


def sidecar_path(film: Path) -> Path:
    """Path of a film file's sidecar: in the same folder, named by the stem."""
    return film.with_name(film.stem + SIDECAR_SUFFIX)


def read_sidecar(path: Path) -> Sidecar:
    """The sidecar in `path`; an empty file is an empty sidecar.

    Raises:
        WiosError: not readable, not YAML, a key that is not allowed or a value of the wrong type; names file and key.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read ({error}); mend or remove it") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Besides its own errors PyYAML lets through those of impossible dates, huge numbers and endless nesting.
        raise BadInput(f"{path}: not YAML ({error}); mend or remove it") from None
    if content is None:
        return Sidecar()
    allowed = ", ".join(ALLOWED_KEYS)
    if not isinstance(content, dict):
        raise BadInput(f"{path}: not a list of `key: value` lines; allowed keys: {allowed}")
    for key in content:
        if key not in ALLOWED_KEYS:
            raise BadInput(f"{path}: unknown key {key!r}; allowed: {allowed}")
    try:
        sidecar = Sidecar(**content)
    except ValidationError as error:
        raise BadInput(f"{path}: {_explain(error)} (allowed keys: {allowed})") from None
    try:
        gallery = sidecar.gallery_folder(path)
        missing = gallery is not None and not gallery.is_dir()
    except (RuntimeError, ValueError, OSError) as error:
        raise BadInput(f"{path}: gallery: {sidecar.gallery!r} is no path ({error}); mend it") from None
    if missing:
        raise BadInput(f"{path}: gallery: there is no folder {gallery}; create it or mend the path")
    return sidecar


def write_sidecar(path: Path, sidecar: Sidecar) -> None:
    """Write the values that are set in `sidecar`, atomically."""
    content: dict[str, Any] = sidecar.model_dump(exclude_none=True)
    try:
        write_atomic(path, yaml.safe_dump(content, allow_unicode=True, sort_keys=False), durable=True)
    except OSError as error:
        raise file_error(path, error, "written", "change the folder's access rights") from None


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0])
    where = f"{key}, entry {int(first['loc'][1]) + 1}" if len(first["loc"]) > 1 else key
    problem = _TYPES.get(first["type"], first["msg"].removeprefix("Value error, "))
    value = "" if isinstance(first["input"], list | dict) else f" = {first['input']!r}"
    return f"{where}{value}: {problem}"
