"""The command line: `shelfspace`, one module a group of commands."""

from dagster_project.cli.app import main

__all__ = ["main"]
