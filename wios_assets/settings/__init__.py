"""What a user may set: the settings, their groups, and where each value comes from."""

from wios_assets.settings.addresses import address, film_path, report_path
from wios_assets.settings.loading import (
    SettingOrigin,
    current_settings,
    differing_settings,
    load_settings,
    setting_origins,
    settings_of_environment,
)
from wios_assets.settings.model import FOLDERS, GROUPS, Settings
from wios_assets.settings.project import package_parent, project_folder, settings_file

__all__ = [
    "FOLDERS",
    "GROUPS",
    "SettingOrigin",
    "Settings",
    "address",
    "current_settings",
    "differing_settings",
    "film_path",
    "load_settings",
    "package_parent",
    "project_folder",
    "report_path",
    "setting_origins",
    "settings_file",
    "settings_of_environment",
]
