"""Opening a catalogue by the name of a preset or by its folder."""

import os
from pathlib import Path

from catalog.sources.base import CatalogSource
from shelfspace.belonging import workspace_name
from shelfspace.errors import CatalogError
from shelfspace.files import read_json
from shelfspace.workspace import PROJECT

__all__ = ["PRESETS", "open_catalog", "public_data"]

PRESETS = {"flipkart": "flipkart1050", "online-retail": "retail"}
"""Preset name to its folder among the public data sets."""


def public_data() -> Path:
    """Folder of the public data sets: SHELFSPACE_DATA, else `shared/data` beside the checkout."""
    return Path(os.environ.get("SHELFSPACE_DATA") or PROJECT.parent / "shared" / "data").expanduser()


def open_catalog(catalog: str, cache: Path | None = None) -> CatalogSource:
    """Open a preset or a catalogue folder.

    Args:
        catalog: `sample`, `flipkart`, `online-retail`, or a folder that holds a catalog.yaml or at
            least products.csv (.jsonl, .parquet, gzipped or not) in the contract's columns.
        cache: where the sample is written the first time, and again where an older generator
            made it.

    Raises:
        CatalogError: no such preset or folder, or a catalog.yaml that is not usable.
    """
    from catalog.sources.description import described

    if catalog == "sample":
        if cache is None:
            raise CatalogError("cache", None, "say where the sample catalogue may be written")
        from catalog.sample import build_sample
        from catalog.sample.truth import VERSION

        folder = cache / "sample"
        truth = folder / "truth.json"
        if not truth.is_file() or read_json(truth)["version"] != VERSION:
            build_sample(folder, progress=True)
        return described(folder, "sample")
    if catalog in PRESETS:
        folder = public_data() / PRESETS[catalog]
        if not folder.is_dir():
            raise CatalogError(
                "catalog",
                catalog,
                f"put its data set at {folder}, or set SHELFSPACE_DATA to the folder that holds it",
            )
        return described(
            folder, catalog, Path(__file__).parent / "presets" / f"{catalog.replace('-', '_')}.yaml"
        )
    folder = Path(catalog).expanduser().resolve()
    if not folder.is_dir():
        known = ", ".join(["sample", *PRESETS])
        raise CatalogError("catalog", catalog, f"name a folder that exists, or a preset: {known}")
    return described(folder, workspace_name(str(folder)))
