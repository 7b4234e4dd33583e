"""The dashboard for Apache Superset, as a file that Superset imports.

The definition is in Superset's own export format, in the folder `dashboard`: the database, the eight views as datasets,
charts and the dashboard (https://superset.apache.org/docs, "Importing and exporting"). Superset asks for the password
of a database whose address has `XXXXXXXXXX` in its place.
"""

from __future__ import annotations

import zipfile
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import sqlalchemy as sa
import yaml

from wios_assets.atomic import atomic_path

USER = "superset"
"""The server's user that Superset connects as."""

_MASKED_PASSWORD = "XXXXXXXXXX"
# Superset reads MySQL's types through MySQLdb, whatever driver connects.
_DRIVERS = {"postgresql": "postgresql+psycopg2", "mysql": "mysql+mysqldb", "mariadb": "mariadb+mysqldb"}
_DATABASE = "databases/WIOS.yaml"


def superset_address(address: str) -> str:
    """The address of the published database, as Superset takes it: with `USER`, and without a password."""
    url = sa.make_url(address)
    url = url.set(drivername=_DRIVERS[url.get_backend_name()], username=USER, password=_MASKED_PASSWORD)
    return url.render_as_string(hide_password=False)


def write_dashboard(address: str, target: Path) -> None:
    """Write a ZIP file for Superset's import of dashboards.

    Args:
        address: the published database, as an SQLAlchemy URL without a password.
        target: the file, replaced where there is one.
    """
    with atomic_path(target) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(_files(files("wios_assets.publish") / "dashboard")):
            if name == _DATABASE:
                database = yaml.safe_load(text) | {"sqlalchemy_uri": superset_address(address)}
                text = yaml.safe_dump(database, sort_keys=False)
            # Superset removes the first folder of every name.
            archive.writestr(f"wios/{name}", text)


def _files(folder: Traversable, prefix: str = "") -> list[tuple[str, str]]:
    """Names below a folder and texts of its files, folders below it included."""
    found: list[tuple[str, str]] = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        found += _files(entry, f"{name}/") if entry.is_dir() else [(name, entry.read_text("utf-8"))]
    return found
