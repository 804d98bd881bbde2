"""docs/parameters.md, written from the typed settings so that the page cannot go stale.

python -m shelfspace.settings.page > docs/parameters.md
"""

from collections.abc import Iterator
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
    return "\n".join([HEAD, *_sections(Settings)])


def _sections(outer: type[Section], path: str = "") -> Iterator[str]:
    """The tables of the sections in one, each before those inside it; one without a setting has none."""
    for name, field in outer.model_fields.items():
        default = field.get_default()
        if isinstance(default, Section):
            kind = type(default)
            fields = kind.model_fields.items()
            own = [_row(k, f) for k, f in fields if not isinstance(f.get_default(), Section)]
            about = (kind.__doc__ or "").strip().splitlines()[0]
            if own:
                table = "| name | default | meaning |\n|---|---|---|" + "".join(own)
                yield f"## {path}{name}\n\n{about}\n\n{table}\n"
            yield from _sections(kind, f"{path}{name}.")


def _row(name: str, field: Any) -> str:
    default = field.get_default()
    shown = list(default) if isinstance(default, tuple) else default
    # A table of tables does not fit a cell.
    shown = "as in params.yaml" if isinstance(default, dict) else shown
    meaning = field.description or name.replace("_", " ").capitalize() + "."
    return f"\n| `{name}` | `{'null' if shown is None else shown}` | {meaning} |"


if __name__ == "__main__":
    print(page(), end="")
