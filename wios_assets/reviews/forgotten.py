"""People who must not be named any more, stored as hashes, so that the list itself names nobody."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wios_assets.atomic import write_atomic
from wios_assets.errors import Unavailable
from wios_assets.text import name_key

FILE = "forgotten.json"


@dataclass(frozen=True)
class Forgotten:
    """Hashes of forgotten people's names and nconsts; `salt` is hexadecimal."""

    salt: str
    hashes: frozenset[str]

    def holds(self, name: str | None, nconst: str | None = None) -> bool:
        """Whether somebody of this name or nconst was forgotten."""
        return bool(self.hashes) and any(
            _hashed(self.salt, key) in self.hashes for key in (_key(name), _key(nconst)) if key
        )


def read_forgotten(data: Path) -> Forgotten:
    """The people who were forgotten; nobody if there is no file.

    Raises:
        WiosError: the file cannot be read.
    """
    file = data / FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return Forgotten(str(content["salt"]), frozenset(map(str, content["hashes"])))
    except FileNotFoundError:
        return Forgotten(secrets.token_hex(16), frozenset())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"{file}: cannot be read ({error}); mend it, or move it away and forget again") from None


def never_name(data: Path, people: Iterable[str]) -> None:
    """Add people, by names and nconsts, to those who are left out of every later cast."""
    before = read_forgotten(data)
    hashes = before.hashes | {_hashed(before.salt, _key(each)) for each in people if _key(each)}
    write_atomic(data / FILE, json.dumps({"salt": before.salt, "hashes": sorted(hashes)}), durable=True)


def without_forgotten(people: pd.DataFrame, data: Path) -> pd.DataFrame:
    """Rows with the columns actor and nconst, without people who were forgotten."""
    forgotten = read_forgotten(data)
    if not forgotten.hashes or people.empty:
        return people
    hidden = [
        forgotten.holds(row["actor"], row["nconst"] if isinstance(row.get("nconst"), str) else None)
        for row in people.to_dict("records")
    ]
    return people[[not each for each in hidden]].reset_index(drop=True)


def _key(text: str | None) -> str:
    return name_key(text) if text else ""


def _hashed(salt: str, key: str) -> str:
    # Slow on purpose: there are few enough names to try all of them.
    return hashlib.scrypt(key.encode(), salt=bytes.fromhex(salt), n=2**12, r=8, p=1, dklen=16).hex()
