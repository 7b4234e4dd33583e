"""The documents tell the truth: every command, option, setting and table is mentioned, and every example is valid."""

import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml
from pydantic.fields import FieldInfo
from typer.core import TyperGroup

from wios_assets.cli.app import app
from wios_assets.settings import GROUPS, Settings
from wios_assets.tables import TABLES
from wios_assets.vision.model_description import DetectorDescription, EmbedderDescription
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
    named = set(re.findall(r"`wios ((?:film |imdb |cluster |players |recogniser )?[a-z-]+)\b", text))
    assert named <= {name.removeprefix("wios ") for name in commands()}


@pytest.mark.parametrize(("page", "line"), examples())
def test_every_example_is_a_command_with_valid_arguments(page: str, line: str) -> None:
    words = shlex.split(line)[1:]
    command, name = COMMANDS, "wios"
    while isinstance(command, TyperGroup) and words and words[0] in command.commands:
        command, name, words = command.commands[words[0]], f"{name} {words[0]}", words[1:]
    assert not isinstance(command, TyperGroup) or all(word.startswith("-") for word in words), "no such command"
    # Raises click's usage error for an unknown option, a missing argument or a value that is not allowed.
    command.make_context(name, words)


def test_the_settings_tables_are_the_settings() -> None:
    page = PAGES["docs/settings.md"]
    for marker, table in (("settings", settings_table()), ("finer settings", finer_settings_table())):
        assert page.split(f"<!-- {marker} -->")[1].split(f"<!-- /{marker} -->")[0].strip() == table


def settings_table() -> str:
    """The table of the settings that people set, in docs/settings.md.

    Print both tables with `python -m wios_assets_tests.test_docs`.
    """
    return as_table(
        [(name, default_of(name), field) for name, field in Settings.model_fields.items() if name not in GROUPS]
    )


def finer_settings_table() -> str:
    """The table of the groups' settings, in docs/settings.md."""
    return as_table(
        [
            (f"{group}.{name}", shown(field.default), field)
            for group, kind in GROUPS.items()
            for name, field in kind.model_fields.items()
        ]
    )


def as_table(rows: list[tuple[str, str, FieldInfo]]) -> str:
    lines = ["| setting | default | what it means |", "| --- | --- | --- |"]
    for name, default, field in rows:
        description = str(field.description).replace("|", "\\|")
        lines.append(f"| `{name}` | {default} | {description} |")
    return "\n".join(lines)


def default_of(name: str) -> str:
    field = Settings.model_fields[name]
    if name == "data":
        return "`data`"
    if name == "cache":
        return "the user's cache folder"
    return f"`data/{name}`" if field.default == Path() else shown(field.default)


def shown(default: object) -> str:
    if default in (None, "", (), {}):
        return "–"
    return f"`{default:.4g}`" if isinstance(default, float) else f"`{default}`"


def test_the_example_of_a_models_description_is_a_description() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGES["docs/settings.md"], re.S)
    embedder = EmbedderDescription.model_validate(yaml.safe_load(example))
    assert set(DetectorDescription.model_fields) < set(EmbedderDescription.model_fields)
    assert embedder.length == 512


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
    print(settings_table(), finer_settings_table(), sep="\n\n")
