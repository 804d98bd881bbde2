"""Whether the loop decides rightly: runs parts by name and writes their rows.

    python -m benchmarks.loop PART [PART ...]

A module beside this file with a function `figures()` is a part; it is found by itself. Its figures go, each
as soon as it is known, into benchmarks/results/loop.json and docs/RESULTS.md; other rows stay.
"""

import argparse
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from benchmarks.loop.results import Figure, write_rows


def parts() -> dict[str, Callable[[], Iterator[Figure]]]:
    """Every part beside this file, by name."""
    names = sorted(m.name for m in iter_modules([str(Path(__file__).parent)]) if m.name != "__main__")
    modules = {name: import_module(f"benchmarks.loop.{name}") for name in names}
    return {name: module.figures for name, module in modules.items() if hasattr(module, "figures")}


def main() -> None:
    """Measure, write, print."""
    every = parts()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=list(every))
    for name in parser.parse_args().parts:
        for figure in every[name]():
            row = next(row for row in write_rows([figure]) if row["id"] == figure.id)
            print(f"{row['id']}: {row['value']} (aim {row['aim']}: {'yes' if row['reached'] else 'no'})")


if __name__ == "__main__":
    main()
