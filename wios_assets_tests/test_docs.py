"""The documents tell the truth: every command, option, setting and table is mentioned, and every example is valid."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from wios_assets.cli.app import app
from wios_assets.settings import Settings
from wios_assets.tables import TABLES
from wios_assets_tests.conftest import ROOT

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
}
MANUAL = PAGES["docs/manual.md"]
COMMANDS = typer.main.get_command(app)


def commands() -> dict[str, set[str]]:
    """Every command with its options."""
    options_of: dict[str, set[str]] = {}
    waiting = [("wios", COMMANDS)]
    while waiting:
        name, command = waiting.pop()
        below = getattr(command, "commands", {})
        waiting += [(f"{name} {word}", part) for word, part in below.items()]
        if not below:
            options = {text for option in command.params for text in option.opts if text.startswith("--")}
            options_of[name] = options - {"--help"}
    return options_of


def examples() -> list[tuple[str, str]]:
    """Every `$ wios …` line of the console blocks, with the document that shows it."""
    blocks = [
        (page, block) for page, text in PAGES.items() for block in re.findall(r"```console\n(.*?)```", text, re.S)
    ]
    return [(page, line) for page, block in blocks for line in re.findall(r"^\$ (wios .*)$", block, re.M)]


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_is_in_the_manual_with_its_options(command: str) -> None:
    assert f"`{command}" in MANUAL
    for option in commands()[command]:
        assert option in MANUAL, option


def test_every_command_that_the_documents_name_exists() -> None:
    text = "\n".join(re.sub(r"```.*?```", "", page, flags=re.S) for page in PAGES.values())
    named = set(re.findall(r"`wios ((?:film |imdb )?[a-z-]+)\b", text))
    assert named <= {name.removeprefix("wios ") for name in commands()}


@pytest.mark.parametrize(("page", "line"), examples())
def test_every_example_is_a_command_with_valid_arguments(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    command, name = COMMANDS, "wios"
    while words and words[0] in getattr(command, "commands", {}):
        command, name, words = command.commands[words[0]], f"{name} {words[0]}", words[1:]
    # Raises click's usage error for an unknown option, a missing argument or a value that is not allowed.
    command.make_context(name, words)


def test_the_settings_table_is_the_settings() -> None:
    table = PAGES["docs/settings.md"].split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    assert table == settings_table()


def settings_table() -> str:
    """The table of settings in docs/settings.md; print it with `python -m wios_assets_tests.test_docs`."""
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


def test_every_table_of_the_lake_is_in_the_list_of_assets() -> None:
    assert [name for name in TABLES if f"`{name}`" not in PAGES["docs/assets.md"]] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_file_that_a_document_links_to_is_there(page: str) -> None:
    folder = (ROOT / page).parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", PAGES[page])
    assert [link for link in links if not (folder / link).exists()] == []


def test_the_map_of_the_code_names_every_folder_of_the_package() -> None:
    folders = {path.parent.name for path in (ROOT / "wios_assets").glob("*/__init__.py")}
    assert set(re.findall(r"^\| `([a-z]+)/` \|", PAGES["CONTRIBUTING.md"], re.M)) == folders


def test_every_module_that_the_contributing_guide_names_is_there() -> None:
    named = re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", PAGES["CONTRIBUTING.md"])
    assert [name for name in named if not any((root / name).exists() for root in (ROOT, ROOT / "wios_assets"))] == []


if __name__ == "__main__":
    print(settings_table())
