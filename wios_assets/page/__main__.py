"""The page as `wios ui` starts it, with Dagster's page: `python -m wios_assets.page WORKSPACE`."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from wios_assets.errors import WiosError
from wios_assets.page.server import serve_page
from wios_assets.settings import load_settings


def main() -> int:
    """Serve the page until it is interrupted; returns the exit code."""
    try:
        with suppress(KeyboardInterrupt):
            serve_page(load_settings(), lambda _: None, Path(sys.argv[1]))
    except WiosError as error:
        print(f"wios: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
