"""What messages and pages tell people to type is there: make targets, commands, jobs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dagster_project.cli.app import shelfspace
from dagster_project.graph import JOBS
from tests.conftest import PROJECT

ROOMS = ("assets", "bentos", "catalog", "dagster_project", "data_checks", "insights", "models", "releases",
         "retrieval", "shelfspace")  # fmt: skip
PAGES = [*sorted((PROJECT / "docs").glob("*.md")), *sorted(PROJECT.glob("README*.md"))]
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
SHELFSPACE = re.compile(r"\bshelfspace ((?:[a-z][a-z-]*)(?: [a-z_][a-z_-]*)?)")
JOB = re.compile(r"run the ([a-z_]+) job")
INLINE = re.compile(r"`([^`\n]+)`")
TYPED = re.compile(r"^(?: {4,}|\$ )?((?:make|\S*shelfspace) .*)$", re.MULTILINE)
"""A line of a block that is typed."""


def targets() -> set[str]:
    """Targets of the Makefile, those of its list of stages included."""
    text = (PROJECT / "Makefile").read_text()
    stages = re.search(r"^STAGES = (.*)$", text, re.MULTILINE)
    assert stages is not None
    return {*re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE), *stages[1].split()}


def exists(words: str) -> bool:
    """Whether `shelfspace <words>` is a command; of a group or of `run` the second word counts too."""
    first, _, second = words.partition(" ")
    command = shelfspace.commands.get(first)
    if isinstance(command, click.Group):
        return not second or second in command.commands
    return command is not None and (first != "run" or not second or second in JOBS)


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string of a module, docstrings and parts of f-strings included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def asked_for(file: Path) -> Iterator[tuple[int, str]]:
    """Line and name of each `workspace.command("name")`, which becomes a make target or a command."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="command", value=owner), args=[ast.Constant(value=str(name))]
            ):
                if ast.unparse(owner).endswith("workspace"):
                    yield node.lineno, name


def code_of(page: Path) -> Iterator[str]:
    """What a page shows to be typed: code within a line, and lines of blocks that begin as a command."""
    text = page.read_text()
    yield from INLINE.findall(text)
    for line in TYPED.findall(text):
        # A wrapped line of prose may begin with "make their": a command goes on with a name in capitals.
        if re.fullmatch(r"make [a-z-]+(?:\s+[A-Z]+=.*|\s{2,}.*|\s+#.*|\s*)", line) or "shelfspace " in line:
            yield line


MODULES = [file for room in ROOMS for file in sorted((PROJECT / room).rglob("*.py"))]


def test_commands_that_the_code_names_are_there() -> None:
    there, missing, seen = targets(), [], 0
    for file in MODULES:
        place = file.relative_to(PROJECT)
        for line, text in texts(file):
            # In prose "make it" is no target: one stands in backticks or brackets, or after "run".
            for told in re.findall(r"(?:[`(]|run:? |with: )make ([a-z][a-z-]*)", text):
                seen += 1
                if told not in there:
                    missing.append(f"{place}:{line}: make {told}")
            for words in SHELFSPACE.findall(text):
                seen += 1
                if not (exists(words) or exists(words.partition(" ")[0])):
                    missing.append(f"{place}:{line}: shelfspace {words}")
            for job in JOB.findall(text):
                seen += 1
                if job not in JOBS and job != "job":
                    missing.append(f"{place}:{line}: the {job} job")
        for line, name in asked_for(file):
            seen += 1
            if name.removeprefix("run ") not in there or not exists(name):
                missing.append(f'{place}:{line}: command("{name}")')
    assert missing == []
    assert seen > 50, "the patterns find what is named"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_a_page_names_are_there(page: Path) -> None:
    there = targets()
    for code in code_of(page):
        for told in MAKE.findall(code):
            assert told in there, f"make {told}"
        for words in SHELFSPACE.findall(code):
            first = words.partition(" ")[0]
            assert exists(words) or exists(first), f"shelfspace {words}"


def test_a_target_that_is_not_there_is_found() -> None:
    assert "pipeline" not in targets()
    assert {"demo", "refresh"} <= targets()
    assert exists("keys create")
    assert not exists("keys invent")
    assert exists("run refresh")
    assert not exists("run pipeline")
    assert not exists("pipeline")
