"""Compare every family of encoders with its own library, measure well-known shapes, and write the page.

    python -m benchmarks.encoders [--measure SHAPE ... | --measure all]

Writes benchmarks/results/encoders.json, docs/encoders.md, and the row of the families in
benchmarks/results/quality.json. Shapes that are not asked for keep what was measured before.
"""

import argparse
from pathlib import Path

from benchmarks.encoders.compare import compare_all
from benchmarks.encoders.families import FAMILIES
from benchmarks.encoders.measure import SHAPES, measured
from benchmarks.encoders.page import families_row, key_of, page
from benchmarks.quality.__main__ import RESULT, commit
from shelfspace.files import read_json, write_json, write_text

PROJECT = Path(__file__).resolve().parents[2]
FIGURES = PROJECT / "benchmarks" / "results" / "encoders.json"
PAGE = PROJECT / "docs" / "encoders.md"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--measure", nargs="+", default=[], choices=[*SHAPES, "all"], metavar="SHAPE")
    asked = parser.parse_args().measure
    figures = read_json(FIGURES) if FIGURES.is_file() else {"families": {}, "shapes": {}}
    for shape in SHAPES if "all" in asked else asked:
        figures["shapes"][shape] = measured(shape)
        print(shape, figures["shapes"][shape], flush=True)
        write_json(FIGURES, figures)
    outcomes = [one.described for one in compare_all()]
    figures["families"] = {key_of(family): one for family, one in zip(FAMILIES, outcomes, strict=True)}
    write_json(FIGURES, figures)
    write_text(PAGE, page(figures["families"], figures["shapes"]))
    row, quality = families_row(outcomes, commit()), read_json(RESULT)
    quality["rows"] = [*(one for one in quality["rows"] if one["id"] != row["id"]), row]
    write_json(RESULT, quality)
    for one in outcomes:
        print(one["outcome"], one["kind"], one["name"], one["cosine"] or one["reason"])
    if row["value"]:
        raise SystemExit(f"{row['value']} families are wrong")


if __name__ == "__main__":
    main()
