"""Kodi's add-on is imported from its own folder, as Kodi does; Kodistubs stand for Kodi's modules."""

import sys

from wios_assets.players.installation import KODI_ADDON

sys.path.insert(0, str(KODI_ADDON))
