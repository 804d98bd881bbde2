"""docs/parameters.md, written from the typed settings so that the page cannot go stale.

python -m shelfspace.settings.page > docs/parameters.md
"""

from typing import Any

from shelfspace.settings import Section, Settings

__all__ = ["page"]

HEAD = """# Parameters

Every knob stands in `params.yaml`; a catalogue's `catalog.yaml` may override any of them under
`params:`. An unknown name or a value out of range stops the run with the name, the value and the
remedy. This page is written by `python -m shelfspace.settings.page`.
"""


def page() -> str:
    """The page as Markdown: one table a section with default and meaning."""
    parts = [HEAD]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        if isinstance(default, Section):
            about = (type(default).__doc__ or "").strip().splitlines()[0]
            parts.append(f"## {name}\n\n{about}\n\n| name | default | meaning |\n|---|---|---|")
            parts[-1] += "".join(_row(k, f) for k, f in type(default).model_fields.items()) + "\n"
    return "\n".join(parts)


def _row(name: str, field: Any) -> str:
    default = field.get_default()
    shown = list(default) if isinstance(default, tuple) else default
    # A table of tables does not fit a cell.
    shown = "as in params.yaml" if isinstance(default, dict) else shown
    meaning = field.description or name.replace("_", " ").capitalize() + "."
    return f"\n| `{name}` | `{'null' if shown is None else shown}` | {meaning} |"


if __name__ == "__main__":
    print(page(), end="")
