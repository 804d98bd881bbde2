"""What the READMEs and the pages of docs/ tell people to type, to set and to open exists."""

import ast
import importlib.util
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from bentos.http.guard import route_of
from catalog.sources.description import Description
from dagster_project.cli.app import shelfspace
from retrieval.filters.rules import read_rules
from shelfspace.settings import Settings, load_settings
from tests.conftest import PROJECT

ENGLISH, CHINESE = PROJECT / "README.md", PROJECT / "README.zh-CN.md"
PAGES = [ENGLISH, CHINESE, *sorted((PROJECT / "docs").glob("*.md"))]
ROOMS = (
    "assets|bentos|benchmarks|catalog|dagster_project|data_checks|docs|insights|models|releases|retrieval|"
    "shelfspace|tests"
)
FILES = ("py", "yaml", "json", "csv", "parquet", "html")
"""Endings of files that are called as a section of the settings is."""
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def without_blocks(text: str) -> str:
    """A page without its fenced blocks: code in them is run or read elsewhere."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def indented(text: str) -> list[str]:
    """Commands that stand by themselves."""
    return re.findall(r"(?m)^ {4}(\S.*)$", without_blocks(text))


def typed(text: str) -> list[str]:
    """What stands in code: indented lines, continued ones as one, and text between backticks."""
    prose = without_blocks(text).replace("\\\n", " ")
    return indented(prose) + re.findall(r"`([^`\n]+)`", prose)


def made(text: str) -> set[str]:
    """Targets in code: indented lines and text between backticks."""
    return set(re.findall(r"(?m)(?:^ {4}|`)make ([a-z][a-z-]*)", text))


@every_page
def test_make_targets_exist(page: Path) -> None:
    for target in made(page.read_text()):
        done = subprocess.run(
            ["make", "-n", target], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{page.name}: make {target}: {done.stderr}"


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links {target}"


@every_page
def test_named_files_exist(page: Path) -> None:
    for name in re.findall(rf"`((?:{ROOMS})/[\w/.-]*)`", page.read_text()):
        assert (PROJECT / name).exists(), f"{page.name} names {name}"


@every_page
def test_commands_of_the_console_script_exist(page: Path) -> None:
    for line in typed(page.read_text()):
        words = re.split(r"(?:^|\s|/)shelfspace ", line.split(" #")[0], maxsplit=1)
        if len(words) == 2 and re.fullmatch(r"(\w+=\S+ )*(\.venv/bin)?", words[0].strip()):
            check_command(shlex.split(words[1]), f"{page.name}: {line}")


def check_command(words: list[str], said: str) -> None:
    """Follow groups to their command; its options, and the job it names, are known ones."""
    command: click.Command = shelfspace
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.commands.get(words[0])
        assert found is not None, said
        command, words = found, words[1:]
        while isinstance(command, click.Group) and "|" in words:
            # `create | list | rotate`: one of several; each is looked up.
            assert {word for word in words if word != "|"} <= set(command.commands), said
            words = []
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    assert {word.split("=")[0] for word in words if word.startswith("-")} <= known, said
    for parameter in command.params:
        if isinstance(parameter, click.Argument) and isinstance(parameter.type, click.Choice) and words:
            assert words[0] in parameter.type.choices, said


@every_page
def test_modules_that_are_run_exist(page: Path) -> None:
    for line in typed(page.read_text()):
        for module in re.findall(r"\bpython -m ([\w.]+)", line):
            assert importlib.util.find_spec(module), f"{page.name}: {line}"


@every_page
def test_addresses_that_are_asked_exist(page: Path) -> None:
    for path in re.findall(r"(?:localhost|127\.0\.0\.1):3000(/[\w/.-]*)", page.read_text()):
        assert route_of(path) != "other", f"{page.name} asks {path}"


@every_page
def test_settings_and_variables_that_are_named_exist(page: Path) -> None:
    text, code = page.read_text(), sources()
    for section, name in re.findall(r"`(\w+)\.([a-z]\w*)(?:: [^`\n]*)?`", text):
        if section in Settings.model_fields and section != "catalog" and name not in FILES:
            fields = getattr(Settings(), section)
            assert name in type(fields).model_fields, f"{page.name} names {section}.{name}"
    for name in re.findall(r"\bSHELFSPACE_[A-Z_]+\b", text):
        assert name in code, f"{page.name} names {name}"


def sources() -> str:
    """All code of the product."""
    rooms = [room for room in ROOMS.split("|") if room not in ("docs", "tests", "benchmarks")]
    return "".join(path.read_text() for room in rooms for path in (PROJECT / room).rglob("*.py"))


@every_page
def test_blocks_can_be_read(page: Path, tmp_path: Path) -> None:
    for kind, block in re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        if kind == "python":
            ast.parse(block)
        elif kind == "yaml":
            said = yaml.safe_load(block)
            if "rules" in said:
                rules = tmp_path / "rules.yaml"
                rules.write_text(block)
                assert read_rules(rules)
            elif "products" in said:
                load_settings(PROJECT / "params.yaml", Description.model_validate(said).params)
        else:
            assert kind in ("diff", "mermaid", "json"), f"{page.name}: who reads {kind}?"


def test_the_chinese_readme_tells_the_same() -> None:
    def told(text: str) -> tuple[set[str], set[str], int, list[str], list[str]]:
        links = {link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("README")}
        rows = re.findall(r"(?m)^\| (`[^|]+`) \|", text)
        code = [line.split(" #")[0].rstrip() for line in indented(text)]
        code += re.findall(r"^```python\n(.*?)^```$", re.sub(" +#.*", "", text), re.MULTILINE | re.DOTALL)
        return made(text), links, len(re.findall(r"(?m)^## ", text)), rows, code

    assert told(CHINESE.read_text()) == told(ENGLISH.read_text())


def test_the_readme_tells_every_room_and_the_notebook_page_s_first_lines() -> None:
    text = ENGLISH.read_text()
    rooms = {path.parent.name for path in PROJECT.glob("*/__init__.py")} - {"tests"}
    assert rooms == {room for room in rooms if f"| `{room}/` |" in text}
    first = re.search(r"^```python\n(.*?)^```$", (PROJECT / "docs/notebook.md").read_text(), re.M | re.S)
    assert first
    assert first[0] in text
