"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def devset() -> Path:
    """Folder of the development films; the test is skipped where it is absent."""
    folder = Path(os.environ.get("WIOS_DEVSET") or ROOT.parent / "shared" / "devset").resolve()
    if not (folder / "MANIFEST.md").is_file():
        pytest.skip(f"no development films at {folder}; set WIOS_DEVSET to their folder")
    return folder
