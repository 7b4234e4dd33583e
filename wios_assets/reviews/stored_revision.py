"""The revision of a film's decisions, read without the libraries that decisions themselves need."""

from __future__ import annotations

import json
from pathlib import Path

from wios_assets.errors import Unavailable
from wios_assets.lake.paths import escape_key


def decisions_file(data: Path, film: str) -> Path:
    """File of a film's decisions; it need not exist."""
    return data / "decisions" / f"film={escape_key(film)}.json"


def stored_revision(data: Path, film: str) -> int:
    """As `decisions.revision_of` of the film's decisions; 0 where there are none.

    Raises:
        Unavailable: the file cannot be read.
    """
    file = decisions_file(data, film)
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        # Entries of files of the first version have no revision: each was an act of its own.
        numbered = enumerate(entries, start=1)
        return max((max(e.get("revision", n), e.get("undone_revision", 0)) for n, e in numbered), default=0)
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Unavailable(f"{file}: cannot be read ({error}); mend it, or move it away to do without") from None
