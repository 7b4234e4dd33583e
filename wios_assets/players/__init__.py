"""What runs inside players, mpv's script and Kodi's add-on, and how it is installed there."""

from wios_assets.players.installation import PLAYERS, Installed, Player, install, installed, player_called

__all__ = ["PLAYERS", "Installed", "Player", "install", "installed", "player_called"]
