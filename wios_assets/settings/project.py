"""Where a user's files lie: the project folder, else the data folder that the platform gives a user.

A project folder is one with a `wios.yaml`; `wios init` makes one. The nearest one counts, from the working folder
upwards. A checkout is one as well, with its data in `data/`.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

PROJECT_FILE = "wios.yaml"


def package_parent() -> Path:
    """Folder that the package is imported from: `site-packages`, or the checkout."""
    return Path(__file__).resolve().parent.parent.parent


def project_folder() -> Path | None:
    """The nearest folder with a `wios.yaml`, or the checkout, from the working folder upwards.

    Where there is none, the checkout that the package is imported from; None for an installed package.
    """
    here = Path.cwd()
    nearest = (folder for folder in (here, *here.parents) if (folder / PROJECT_FILE).is_file() or is_checkout(folder))
    return next(nearest, package_parent() if is_checkout(package_parent()) else None)


def is_checkout(folder: Path) -> bool:
    """Whether a folder is a checkout of WIOS."""
    return (folder / "workspace.yaml").is_file() and (folder / "wios_assets" / "__init__.py").is_file()


def default_data_folder() -> Path:
    """The data folder where no setting names one."""
    project = project_folder()
    if project is None:
        return Path(platformdirs.user_data_dir("wios", appauthor=False))
    return project / "data" if is_checkout(project) else project


def settings_file() -> Path:
    """Path of the settings file, which need not exist: WIOS_CONFIG, else `wios.yaml` of the project folder, else
    `wios.yaml` of the user's configuration folder.
    """
    named = os.environ.get("WIOS_CONFIG")
    if named:
        return Path(named).expanduser().absolute()
    project = project_folder()
    return (project or Path(platformdirs.user_config_dir("wios", appauthor=False))) / PROJECT_FILE
