"""Reads the settings, refuses what is not usable, and says where each value comes from."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from wios_assets.errors import BadInput
from wios_assets.settings.model import GROUPS, Settings, file_values
from wios_assets.settings.old_names import DESCRIBED, GONE, MOVED, new_name
from wios_assets.settings.project import settings_file

_PREFIX = "WIOS_"
_SECRETS = ("password", "token", "key")
"""Last words of the names of settings whose values are never shown."""


@dataclass(frozen=True)
class SettingOrigin:
    """One row of `wios settings`.

    Attributes:
        name: `name`, or `group.name`.
        value: the value in force.
        origin: `argument`, the variable's name, the settings file's path, or `default`.
        description: what it means.
    """

    name: str
    value: Any
    origin: str
    description: str


def load_settings(**chosen: Any) -> Settings:
    """Settings from arguments, environment, file and defaults.

    A group is given as a mapping, `naming={"certain": 0.9}`; what it leaves out comes from the other sources.

    Raises:
        BadInput: a value is not usable, or a name is not known or no longer used; the message names the setting, where
            it came from and what is allowed.
    """
    _refuse_old_names(chosen)
    try:
        return Settings(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        path = tuple(str(part) for part in first["loc"][:2]) if first["loc"] else ("settings",)
        path = path if path[0] in GROUPS else path[:1]
        name, where = ".".join(path), _origin(path, chosen)
        if first["type"] == "extra_forbidden":
            raise BadInput(
                f"{where}: there is no setting {name!r}{_nearest(path)}; `wios settings --all` lists them all"
            ) from None
        raise BadInput(f"{where}: {name} = {_without_secrets(name, first.get('input'))}: {first['msg']}") from None
    except SettingsError:
        raise BadInput(f"{_group_variable()}: not a JSON object; set the group's settings one by one") from None


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """The process's settings, read once."""
    return load_settings()


def settings_of_environment(environment: Mapping[str, str]) -> Settings:
    """The settings of a process that has this environment, with the settings file as it is now.

    The variables of this process are replaced meanwhile, so that no other thread may read settings.

    Raises:
        BadInput: as for `load_settings`.
    """
    own = {name: value for name, value in os.environ.items() if name.upper().startswith(_PREFIX)}
    for name in own:
        del os.environ[name]
    other = {name: value for name, value in environment.items() if name.upper().startswith(_PREFIX)}
    os.environ.update(other)
    try:
        return load_settings()
    finally:
        for name in other:
            os.environ.pop(name, None)
        os.environ.update(own)


def setting_origins(settings: Settings) -> list[SettingOrigin]:
    """Each setting with its value and where it comes from: what people set first, then the groups."""
    return [
        SettingOrigin(".".join(path), value, _origin(path, {}), description)
        for path, value, description in _values(settings)
    ]


def differing_settings(one: Settings, other: Settings) -> list[tuple[str, Any, Any]]:
    """Name and both values of each setting that differs."""
    pairs = zip(_values(one), _values(other), strict=True)
    return [(".".join(path), value, another) for (path, value, _), (_, another, _) in pairs if value != another]


def _values(settings: Settings) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    for name, field in Settings.model_fields.items():
        if name not in GROUPS:
            yield (name,), getattr(settings, name), field.description or ""
    for group, kind in GROUPS.items():
        for name, field in kind.model_fields.items():
            yield (group, name), getattr(getattr(settings, group), name), field.description or ""


def _refuse_old_names(chosen: Mapping[str, Any]) -> None:
    environment, file = _environment(), file_values()
    for old in (*MOVED, *DESCRIBED, *GONE):
        for where, given in (("argument", old in chosen), (str(settings_file()), old in file)):
            if given:
                raise BadInput(f"{where}: {old} {new_name(old)}")
        if f"WIOS_{old.upper()}" in environment:
            raise BadInput(f"WIOS_{old.upper()} {new_name(old)}")


def _without_secrets(name: str, value: Any) -> str:
    """A refused value as a message shows it: no password, token or key, whole or as part of an address."""
    if name.rpartition(".")[2].rpartition("_")[2] in _SECRETS:
        return "…"
    return re.sub(r"(?i)(pass\w*=)[^&]*", r"\1…", re.sub(r"(://[^/:@]*):.*@", r"\1:…@", repr(value)))


def _nearest(path: tuple[str, ...]) -> str:
    """The known name most like an unknown one, as the middle of an error; empty where none is like it."""
    group = GROUPS.get(path[0]) if len(path) > 1 else None
    near = difflib.get_close_matches(path[-1], (group or Settings).model_fields, n=1)
    return f" (nearest: {'.'.join((*path[:-1], near[0]))})" if near else ""


def _origin(path: tuple[str, ...], chosen: Mapping[str, Any]) -> str:
    if _holds(chosen, path):
        return "argument"
    environment = _environment()
    for length in range(len(path), 0, -1):
        variable = "WIOS_" + "__".join(path[:length]).upper()
        if variable in environment:
            return variable
    return str(settings_file()) if _holds(file_values(), path) else "default"


def _holds(values: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    first, *rest = path
    if first not in values:
        return False
    inner = values[first]
    return _holds(inner, tuple(rest)) if rest and isinstance(inner, Mapping) else True


def _environment() -> set[str]:
    """Names of the variables that are set and not empty, in capitals: case does not count."""
    return {name.upper() for name, value in os.environ.items() if value}


def _group_variable() -> str:
    return next((f"WIOS_{group.upper()}" for group in GROUPS if f"WIOS_{group.upper()}" in _environment()), "WIOS_…")
