"""The same file on several machines: paths are relative to the folders that each machine's own settings name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wios_assets.settings import FOLDERS, Settings, load_settings, setting_origins

ROOTS = (*FOLDERS, "cache", "data")


@dataclass(frozen=True)
class Roots:
    """One machine's folders, in the order of `ROOTS`; plain data, so that it can travel to a worker."""

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, settings: Settings) -> Roots:
        """The folders that the settings name."""
        return cls(tuple(getattr(settings, name) for name in ROOTS))

    def of_this_machine(self) -> Roots:
        """The folders of the machine that this runs on, where `self` are the driver's.

        A folder that this machine's own settings name (environment or settings file) is taken from there, as is its
        cache. All others are the driver's.

        Raises:
            BadInput: this machine's settings are not usable.
        """
        settings = load_settings()
        named = {row.name for row in setting_origins(settings) if row.origin != "default"} | {"cache"}
        if "data" in named:
            named |= set(FOLDERS)
        pairs = zip(ROOTS, self.folders, strict=True)
        return Roots(tuple(getattr(settings, name) if name in named else folder for name, folder in pairs))

    def translated(self, path: Path, to: Roots) -> Path:
        """A path of this machine on the other one: the innermost folder that holds it is replaced.

        A path outside all folders is the same on both.
        """
        inside = [index for index, folder in enumerate(self.folders) if path.is_relative_to(folder)]
        if not inside:
            return path
        index = max(inside, key=lambda index: len(self.folders[index].parts))
        return to.folders[index] / path.relative_to(self.folders[index])
