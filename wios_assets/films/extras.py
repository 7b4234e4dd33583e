"""Tells what a library holds beside films: trailers and other extras, and what systems put there.

The folders, names and suffixes of extras are those that Jellyfin (https://jellyfin.org/docs/general/server/media/movies,
"Extras"), Plex (https://support.plex.tv, "Local Files for Movie Trailers and Extras"), Kodi
(https://kodi.wiki/view/Video_extras) and Emby (https://emby.media/support/articles/Trailers.html) document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wios_assets.films.names import read_name
from wios_assets.text import name_key, plain

# Folders in which media centres keep extras, without blanks, dashes and underscores. Those of the first set are never
# a shelf of films; those of the second set may be one, and count only inside a film's, season's or series' folder.
_EXTRA_FOLDERS = frozenset(
    {
        *("trailer", "trailers", "movietrailers", "sample", "samples", "backdrops", "thememusic", "themevideo"),
        *("themevideos", "behindthescenes", "deletedscenes", "deletedscene", "featurettes", "featurette", "subs"),
        *("subtitles", "extrafanart", "extrathumbs", "makingof", "bonusfeatures", "bonusmaterial", "dvdextras"),
        *("blurayextras", "proof"),
    }
)
_EXTRA_OR_SHELF_FOLDERS = frozenset(
    {
        *("extra", "extras", "clip", "clips", "scene", "scenes", "interview", "interviews", "short", "shorts"),
        *("other", "others", "bonus", "bonusdisc", "specialfeatures", "backdrop", "deleted", "outtakes", "bloopers"),
        *("gagreel", "promo", "promos", "teaser", "teasers", "covers", "screens", "screenshots"),
    }
)
# Folders of a disc beside the one with its films.
DISC_EXTRA_FOLDERS = frozenset(
    {"audio_ts", "jacket_p", "certificate", "aacs", "any!", "makemkv", "adv_obj", "backup", "playlist", "clipinf"}
)
# Folders that NAS systems, desktops and tools keep among the user's own.
_SYSTEM_FOLDERS = frozenset(
    {
        *("#recycle", "#snapshot", "~snapshot", "$recycle.bin", "recycler", "recycled", "recycle bin", "recycle.bin"),
        *("system volume information", "lost+found", "lost.dir", "network trash folder", "temporary items"),
        *("temporaryitems", "trash-1000", "trashbox", "__macosx", "windowsapps", "$winreagent", "config.msi"),
        *("msdownld.tmp", "perflogs", "thumbs.db"),
    }
)
# Synology's and QNAP's own begin with @; so does no share of a user.
_SYSTEM_FOLDER = re.compile(r"(?:@|\.@)[a-z_].*|found\.\d{3}", re.IGNORECASE)
_TITLE_WITH_DOTS = re.compile(r"^\.(?:\.|\d)")

_KINDS = (
    r"(?:(?:official|theatrical|teaser|final|international|red[ ._-]band|movie)[ ._-]+)*(?:trailers?|teasers?)|"
    r"samples?|"
    r"behind[ ._-]?the[ ._-]?scenes|deleted(?:[ ._-]?scenes?)?|featurettes?|interviews?|scenes?|shorts?|clips?|others?|"
    r"extras?|bonus(?:[ ._-]?(?:features?|disc|material))?|making[ ._-]?of|out-?takes|bloopers|gag[ ._-]?reel|promos?|"
    r"specials?|backdrops?|theme"
)
_TRAILER_OR_SAMPLE = re.compile(r"(?:^|[-._ ])(?:trailer|sample)[ _-]?\d*$", re.IGNORECASE)
_EXTRA_NAME = re.compile(r"^!?(?:movie-trailer|trailer|sample|theme|teaser|backdrop)[-_ ]?\d*$", re.IGNORECASE)
_EXTRA_PREFIX = re.compile(r"^!?(?:sample|trailer)[-._ ]", re.IGNORECASE)
_ONLY_KIND = re.compile(rf"^(?:{_KINDS})(?:[ ._-]?\d{{1,2}})?(?: \(\d{{4}}\))?$", re.IGNORECASE)
# These words end the titles of films too (`The-Big-Short`), so they count only beside a film.
_EXTRA_SUFFIX = re.compile(
    rf"(?:[-._]|\s+-\s*|-\s+|\s*(?=[\[(]))[\[(]?(?:{_KINDS})[\])]?(?:[ ._-]?\d{{1,2}})?$", re.IGNORECASE
)
_AFTER_BLANK = re.compile(
    r"\s+(?:(?:official|theatrical|teaser)\s+)?(?:trailer|sample)s?(?:[ _-]?\d{1,2})?$", re.IGNORECASE
)
_SAMPLE_INSIDE = re.compile(r"(?:^|[-._ !])sample[-._ ]", re.IGNORECASE)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden; `...And Justice for All (1979)` and `.45 (2006)` are titles."""
    return name.startswith(".") and not _TITLE_WITH_DOTS.match(name)


def is_system_folder(name: str) -> bool:
    """Whether a folder belongs to the system: recycle bins, snapshots, thumbnails."""
    return name.casefold() in _SYSTEM_FOLDERS or _SYSTEM_FOLDER.fullmatch(name) is not None


def is_extra_folder(name: str, inside_film: bool) -> bool:
    """Whether a folder holds extras.

    Args:
        name: the folder's name.
        inside_film: whether it is in a film's, season's or series' folder.
    """
    key = name_key(plain(name))
    return key in _EXTRA_FOLDERS or (inside_film and key in _EXTRA_OR_SHELF_FOLDERS)


def is_extra(stem: str, others: Sequence[str], folder: str, in_series: bool) -> bool:
    """Whether a video file is an extra, by its name.

    Args:
        stem: name of the file without its extension.
        others: those of the other video files in the folder.
        folder: the folder's name.
        in_series: whether the folder is a series' or season's.
    """
    stem, others = plain(stem), [plain(other) for other in others]
    if _EXTRA_NAME.match(stem):
        return True
    ending = _TRAILER_OR_SAMPLE.search(stem)
    if ending is not None and ending[0][0] != " ":
        return True
    if _EXTRA_PREFIX.match(stem) and others and not _has_year(stem):
        return True
    in_film = in_series or _has_year(folder)
    if in_film and others and not _is_called(stem, folder) and (_ONLY_KIND.match(stem) or _is_sample(stem, folder)):
        return True
    ending = _EXTRA_SUFFIX.search(stem) or _AFTER_BLANK.search(stem)
    if ending is None:
        return False
    # `The Trailer` alone is a film; a trailer is in the folder of its film or beside it.
    beside = any(not (_EXTRA_SUFFIX.search(other) or _AFTER_BLANK.search(other)) for other in others)
    return _names_another(stem[: ending.start()], others, folder) or (in_film and beside)


def _is_called(stem: str, folder: str) -> bool:
    """Whether a file has its folder's title, as `Extras (2006)` in the folder of the film `Extras`."""
    return name_key(read_name(stem).bare_title) == name_key(read_name(folder).bare_title)


def _is_sample(stem: str, folder: str) -> bool:
    """Whether `sample` stands among the words of a name, as Kodi leaves them out, and not in its folder's."""
    return bool(_SAMPLE_INSIDE.search(stem)) and "sample" not in folder.casefold()


def _names_another(start: str, others: Sequence[str], folder: str) -> bool:
    """Whether `start` is the name of another file, of a version of it, or of the folder's film."""
    title = name_key(read_name(start).title)
    return any(other == start or name_key(read_name(other).title) == title for other in others) or (
        _has_year(folder) and name_key(read_name(folder).title) == title and bool(others)
    )


def _has_year(name: str) -> bool:
    read = read_name(name)
    return read.year is not None or read.tconst is not None
