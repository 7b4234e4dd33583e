"""Brings the names in a settings file of an earlier version up to this one; comments and all other lines stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from wios_assets.settings.old_names import DESCRIBED, GONE, MOVED, new_name


@dataclass(frozen=True)
class RenewedSettings:
    """The settings file's new text, and a sentence for each old name: what became of it, or what is left to do."""

    text: str
    changes: list[str]
    left: list[str]


def renew_settings(text: str) -> RenewedSettings:
    """Rename settings of earlier versions in the text of a settings file.

    A setting that moved into a group is written there; where the group sets it already, that value stays. One that is
    gone becomes a comment. One whose successor is in another file is left, with a sentence.

    Raises:
        yaml.YAMLError: the text is no YAML.
    """
    changes: list[str] = []
    left: list[str] = []
    while (old := _first_old(text)) is not None:
        if old in GONE:
            text = _comment_out(text, old)
            changes.append(f"{old} is gone, {GONE[old]}; it is a comment now")
            continue
        group, name = MOVED[old].split(".")
        content = yaml.safe_load(text)
        value = _source(text, old)
        text = _comment_out(text, old)
        if name in (content.get(group) or {}):
            changes.append(f"{old} is a comment now: {MOVED[old]} is set already")
        else:
            text = _add(text, group, name, value)
            changes.append(f"{old} is now {MOVED[old]}")
    content = yaml.safe_load(text)
    if isinstance(content, dict):
        left = [f"{old} {new_name(old)}" for old in DESCRIBED if old in content]
    return RenewedSettings(text, changes, left)


def _first_old(text: str) -> str | None:
    content = yaml.safe_load(text)
    names = content if isinstance(content, dict) else {}
    return next((str(name) for name in names if name in MOVED or name in GONE), None)


def _entry(text: str, name: str) -> tuple[Any, Any]:
    """YAML's nodes of a top-level name and its value."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    return next((key, value) for key, value in root.value if key.value == name)


def _source(text: str, name: str) -> str:
    """A value as it stands in the text, on one line."""
    _, value = _entry(text, name)
    source = text[value.start_mark.index : value.end_mark.index].strip()
    if "\n" not in source:
        return source
    dumped = yaml.safe_dump(yaml.safe_load(text)[name], default_flow_style=True, allow_unicode=True, width=10_000)
    return dumped.removesuffix("\n").removesuffix("\n...")


def _comment_out(text: str, name: str) -> str:
    key, value = _entry(text, name)
    lines = text.splitlines(keepends=True)
    last = max(key.start_mark.line, value.end_mark.line - (1 if value.end_mark.column == 0 else 0))
    for number in range(key.start_mark.line, last + 1):
        lines[number] = f"# {lines[number]}"
    return "".join(lines)


def _add(text: str, group: str, name: str, value: str) -> str:
    """Write `group.name`, in the style in which the group stands."""
    content = yaml.safe_load(text)
    if not isinstance(content, dict) or group not in content:
        end = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{end}{group}:\n  {name}: {value}\n"
    key, node = _entry(text, group)
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        first = node.value[0][0].start_mark
        return f"{text[: first.index]}{name}: {value}\n{' ' * first.column}{text[first.index :]}"
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        rest = text[node.start_mark.index + 1 :]
        comma = ", " if node.value else ""
        return f"{text[: node.start_mark.index + 1]}{name}: {value}{comma}{rest}"
    # A group without a value.
    return f"{text[: key.end_mark.index]}: {{{name}: {value}}}{text[node.end_mark.index :].removeprefix(':')}"
