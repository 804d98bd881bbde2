"""What the README tells people to type exists."""

import re
import subprocess

import pytest

from tests.conftest import PROJECT

CHINESE = PROJECT / "README.zh-CN.md"
PAGES = [PROJECT / "README.md", CHINESE, *sorted((PROJECT / "docs").glob("*.md"))]


def made(text: str) -> set[str]:
    """Targets in code: indented lines and text between backticks."""
    return set(re.findall(r"(?m)(?:^ {4}|`)make ([a-z][a-z-]*)", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_make_targets_exist(page) -> None:
    for target in made(page.read_text()):
        done = subprocess.run(
            ["make", "-n", target], cwd=PROJECT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{page.name}: make {target}: {done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_named_files_exist(page) -> None:
    for name in re.findall(
        r"`((?:catalog|models|assets|dagster_project|data_checks|bentos|benchmarks|docs)/[\w/.-]+\.\w+)`",
        page.read_text(),
    ):
        assert (PROJECT / name).exists(), f"{page.name} names {name}"


def test_the_chinese_readme_tells_the_same() -> None:
    def told(text: str) -> tuple[set[str], set[str], int]:
        links = {link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("README")}
        return made(text), links, len(re.findall(r"(?m)^## ", text))

    assert told(CHINESE.read_text()) == told((PROJECT / "README.md").read_text())
