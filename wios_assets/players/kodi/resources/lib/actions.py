"""What the keys do: show who is on screen, choose a person, jump between the person's scenes."""

from __future__ import annotations

import hashlib

import xbmc
import xbmcaddon
import xbmcgui
import xbmcvfs
from resources.lib.finding import find
from resources.lib.sidecar import NoSidecar, Sidecar, clock

HOME, FULLSCREEN_VIDEO = 10000, 12005
# Properties of the home window last as long as Kodi runs, and other programs can ask for them.
VISIBLE, TEXT, CHOSEN = "wios.visible", "wios.text", "wios.chosen"
LOOK_EVERY_S = 0.25
MOST_SHOWN = 6
ADDON = "script.wios"


def run(action: str) -> None:
    """Carry out an action: who, choose, next or previous."""
    player = xbmc.Player()
    home = xbmcgui.Window(HOME)
    if action == "who" and home.getProperty(VISIBLE):
        home.clearProperty(VISIBLE)
        return
    if not player.isPlayingVideo():
        _tell("No film is playing.")
        return
    try:
        sidecar = _sidecar(player)
    except NoSidecar as reason:
        _tell(str(reason))
        return
    if action == "who":
        _show(sidecar, player, home)
    elif action == "choose":
        _choose(sidecar, home)
    else:
        _jump(sidecar, player, home, 1 if action == "next" else -1)


def _sidecar(player: xbmc.Player) -> Sidecar:
    addon = xbmcaddon.Addon(ADDON)
    settings = (addon.getSetting(name) for name in ("folder", "address", "token"))
    return find(player.getPlayingFile(), *settings)


def _tell(text: str) -> None:
    xbmcgui.Window(HOME).setProperty(TEXT, text)
    xbmcgui.Dialog().notification("Who is on screen", text, xbmcgui.NOTIFICATION_INFO, 4000, False)


def _show(sidecar: Sidecar, player: xbmc.Player, home: xbmcgui.Window) -> None:
    """Show who is on screen until the key is pressed again or another film plays."""
    film = player.getPlayingFile()
    monitor, panel = xbmc.Monitor(), Panel(sidecar)
    home.setProperty(VISIBLE, "true")
    try:
        while home.getProperty(VISIBLE) and player.isPlayingVideo() and player.getPlayingFile() == film:
            home.setProperty(TEXT, panel.update(player.getTime()))
            if monitor.waitForAbort(LOOK_EVERY_S):
                break
    except RuntimeError:
        # Kodi raises it where the film ends between two questions.
        pass
    finally:
        panel.close()
        home.clearProperty(VISIBLE)
        home.clearProperty(TEXT)


def _choose(sidecar: Sidecar, home: xbmcgui.Window) -> str | None:
    """Ask whose scenes are meant; returns the name, or None where nobody was chosen."""
    entries: list[str | xbmcgui.ListItem] = []
    for number, person in enumerate(sidecar.people):
        scenes = person["scenes"]
        entry = xbmcgui.ListItem(person["actor"], f"{len(scenes)} × · {clock(scenes[0]['start_s'])}" if scenes else "")
        if file := picture_file(sidecar, number):
            entry.setArt({"icon": file, "thumb": file})
        entries.append(entry)
    index = xbmcgui.Dialog().select("Whose scenes?", entries, useDetails=True)
    if index < 0:
        return None
    name: str = sidecar.people[index]["actor"]
    home.setProperty(CHOSEN, name)
    return name


def _jump(sidecar: Sidecar, player: xbmc.Player, home: xbmcgui.Window, direction: int) -> None:
    chosen = home.getProperty(CHOSEN)
    if not any(person["actor"] == chosen for person in sidecar.people):
        chosen = _choose(sidecar, home) or ""
    if not chosen:
        return
    scene = sidecar.scene(chosen, player.getTime(), direction)
    if scene is None:
        _tell(f"No {'later' if direction > 0 else 'earlier'} scene of {chosen}")
        return
    player.seekTime(scene[0])
    _tell(f"{chosen}: {clock(scene[0])} – {clock(scene[1])}")


def picture_file(sidecar: Sidecar, person: int) -> str | None:
    """File with a person's portrait in the add-on's own folder, written where it is missing; None without one."""
    picture = sidecar.picture(person)
    if picture is None:
        return None
    folder = "special://profile/addon_data/script.wios/portraits/"
    # Kodi keeps what it has read of a file, so other content has another name.
    file = f"{folder}{hashlib.sha256(picture).hexdigest()[:24]}.jpg"
    if not xbmcvfs.exists(file):
        xbmcvfs.mkdirs(folder)
        opened = xbmcvfs.File(file, "w")
        try:
            opened.write(bytearray(picture))
        finally:
            opened.close()
    return xbmcvfs.translatePath(file)


class Panel:
    """Portraits and names over the film. Its controls belong to the video's window, so that the keys stay there."""

    def __init__(self, sidecar: Sidecar) -> None:
        self.sidecar = sidecar
        self._window = xbmcgui.Window(FULLSCREEN_VIDEO)
        self._controls: list[xbmcgui.Control] = []
        self._shown: list[tuple[int, str, str]] | None = None
        self._text = ""

    def update(self, seconds: float) -> str:
        """Show who is on screen at an instant in seconds; returns it as text, a person a line."""
        people = self.sidecar.at(seconds)
        readable = self.sidecar.is_readable(seconds)
        shown = [(each.person, each.name, each.more) for each in people] or [(-1, "", str(readable))]
        if shown == self._shown:
            return self._text
        self.close()
        self._shown = shown
        if not people:
            text = "Nobody is known to be on screen" if readable else "The video could not be read here"
            self._add(0, None, text, "")
            self._text = text
            return text
        for row, each in enumerate(people[:MOST_SHOWN]):
            self._add(row, picture_file(self.sidecar, each.person), each.name, each.more)
        lines = [f"{each.name} ({each.more})" if each.more else each.name for each in people]
        if len(people) > MOST_SHOWN:
            self._add(MOST_SHOWN, None, f"and {len(people) - MOST_SHOWN} more", "")
        self._text = "\n".join(lines)
        return self._text

    def close(self) -> None:
        """Take everything off the screen."""
        if self._controls:
            self._window.removeControls(self._controls)
        self._controls, self._shown = [], None

    def _add(self, row: int, picture: str | None, name: str, more: str) -> None:
        # Controls are placed in the skin's own units, whatever the screen has.
        unit = self._window.getHeight() / 720
        side, left, top = 96 * unit, 30 * unit, (30 + row * 106) * unit
        text_left = left + side + 14 * unit if picture else left
        box = (round(text_left), round(700 * unit), round(34 * unit))
        controls: list[xbmcgui.Control] = []
        if picture:
            controls.append(xbmcgui.ControlImage(round(left), round(top), round(side), round(side), picture))
        for text, line in ((f"[B]{_plain(name)}[/B]", 12), (_plain(more), 48)):
            # A dark copy behind makes light letters readable over any picture.
            for shift, colour in ((2, "0xFF000000"), (0, "0xFFFFFFFF")):
                x, width, height = box
                y = round(top + (line + shift) * unit)
                controls.append(xbmcgui.ControlLabel(x + round(shift * unit), y, width, height, text, "font13", colour))
        self._window.addControls(controls)
        self._controls += controls


def _plain(text: str) -> str:
    """Text in which Kodi finds none of its own marks, such as [B] and [CR]."""
    return text.replace("[", "［").replace("]", "］")
