"""A film's sidecar, as WIOS writes it: reading it, and who is on screen. Knows nothing of Kodi."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

BETWEEN = " · "


class NoSidecar(Exception):
    """There is no sidecar, or it cannot be used; the message says why."""


class Shown:
    """A person on screen, as it is shown: number in the sidecar, name, and a second line that may be empty."""

    def __init__(self, person: int, name: str, more: str) -> None:
        self.person, self.name, self.more = person, name, more


class Sidecar:
    """A film's sidecar.

    Args:
        text: content of the file.

    Raises:
        NoSidecar: it is none, or of a version that this add-on does not know.
    """

    def __init__(self, text: str | bytes) -> None:
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict) or document.get("document") != "wios/sidecar":
            raise NoSidecar("The file is no sidecar of WIOS.")
        if document.get("version") != 1:
            raise NoSidecar("The sidecar is of a newer WIOS; install the add-on again.")
        if not isinstance(document.get("people"), list) or not isinstance(document.get("appearances"), list):
            raise NoSidecar("The sidecar is incomplete.")
        self.people: list[dict[str, Any]] = document["people"]
        self._appearances: list[dict[str, Any]] = document["appearances"]
        self._unreadable: list[dict[str, Any]] = document["film"].get("unreadable") or []
        self.key: str = document["film"]["key"]
        self.token: str = (document.get("portraits") or {}).get("token", "")

    def at(self, seconds: float) -> list[Shown]:
        """The people on screen at an instant in seconds, in the order of the sidecar."""
        here = [each for each in self._appearances if each["start_s"] <= seconds < each["end_s"]]
        return [self._shown(each) for each in sorted(here, key=lambda each: each["person"])]

    def is_readable(self, seconds: float) -> bool:
        """Whether the video could be read there."""
        return not any(each["start_s"] <= seconds < each["end_s"] for each in self._unreadable)

    def picture(self, person: int) -> bytes | None:
        """A person's portrait as JPEG; None where there is none."""
        try:
            return base64.b64decode(self.people[person]["picture"] or "", validate=True) or None
        except (binascii.Error, KeyError):
            return None

    def scene(self, actor: str, now: float, direction: int) -> tuple[float, float] | None:
        """A person's next scene (direction 1) or previous one (-1), as start and end in seconds; None without one."""
        own = next((person for person in self.people if person["actor"] == actor), None)
        scenes = [(each["start_s"], each["end_s"]) for each in own["scenes"]] if own else []
        later = [scene for scene in scenes if scene[0] > now + 0.5]
        earlier = [scene for scene in scenes if scene[0] < now - 2.0]
        if direction > 0:
            return later[0] if later else None
        return earlier[-1] if earlier else None

    def _shown(self, appearance: dict[str, Any]) -> Shown:
        person = self.people[appearance["person"]]
        if person["kind"] != "cast":
            likely = [f"{each['actor']} {_percent(each['probability'])}" for each in appearance.get("perhaps") or ()]
            return Shown(appearance["person"], "unknown", f"perhaps {', '.join(likely)}" if likely else "")
        probability = appearance.get("probability")
        more = [person.get("character"), None if probability is None else _percent(probability)]
        return Shown(appearance["person"], person["actor"], BETWEEN.join(part for part in more if part))


def belongs(head: str, name: str, size: int) -> bool:
    """Whether the beginning of a sidecar is that of the film file with this name and size (0 where it is not known)."""
    _, found, rest = head.partition('"file":')
    try:
        file, _ = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return False
    return bool(found) and file.get("name") == name and (not size or not file.get("bytes") or file["bytes"] == size)


def stem(name: str) -> str:
    """A file's name without its ending."""
    return name.rpartition(".")[0] or name


def clock(seconds: float) -> str:
    """Seconds as hh:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest:02d}"


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
