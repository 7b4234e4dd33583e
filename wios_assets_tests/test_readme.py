"""The README tells the truth: every command, option and setting that exists is mentioned, and none that does not."""

import re
from pathlib import Path

import pytest
import typer

from wios_assets.cli.app import app
from wios_assets.settings import Settings
from wios_assets.tables import TABLES
from wios_assets_tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app)


def commands() -> dict[str, set[str]]:
    """Every command with its options."""
    found: dict[str, set[str]] = {}
    waiting = [("wios", COMMANDS)]
    while waiting:
        name, command = waiting.pop()
        below = getattr(command, "commands", {})
        waiting += [(f"{name} {word}", part) for word, part in below.items()]
        if not below:
            options = {text for option in command.params for text in option.opts if text.startswith("--")}
            found[name] = options - {"--help"}
    return found


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_is_in_the_readme_with_its_options(command: str) -> None:
    assert f"`{command}" in README
    for option in commands()[command]:
        assert option in README, option


def test_every_command_in_the_readme_exists() -> None:
    words = set(re.findall(r"\bwios ((?:film |imdb )?[a-z-]+)\b", re.sub(r"```.*?```", "", README, flags=re.S)))
    named = {word for word in words if f"`wios {word}" in README}
    assert named <= {name.removeprefix("wios ") for name in commands()}


def test_the_settings_table_is_the_settings() -> None:
    table = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    assert table == settings_table()


def settings_table() -> str:
    """The README's table of settings; print it with `python -m wios_assets_tests.test_readme`."""
    lines = ["| setting | default | what it means |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        description = str(field.description).replace("|", "\\|")
        lines.append(f"| `{name}` | {default_of(name)} | {description} |")
    return "\n".join(lines)


def default_of(name: str) -> str:
    field = Settings.model_fields[name]
    if name == "data":
        return "`data`"
    if name == "cache":
        return "the user's cache folder"
    if field.default == Path():
        return f"`data/{name}`"
    if field.default is None:
        return "–"
    if isinstance(field.default, float):
        return f"`{field.default:.4g}`"
    return f"`{field.default}`"


def test_every_table_of_the_lake_is_in_the_readme() -> None:
    assert [name for name in TABLES if f"`{name}`" not in README] == []


def test_the_pictures_of_the_readme_are_there() -> None:
    for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / link).is_file(), link


if __name__ == "__main__":
    print(settings_table())
