"""The shop's own split: a column of its products, or a file, that says which side a product is on."""

from catalog.cells import stripped
from catalog.sources.base import CatalogSource, inside
from catalog.sources.tables import read_table
from shelfspace.errors import CatalogError

__all__ = ["own_split"]

SIDES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "holdout"),
}
NAMES = {name: side for side, names in SIDES.items() for name in names}


def own_split(source: CatalogSource) -> dict[str, str]:
    """Product id to train, validation or test, of the products that the shop says it of; {} without a split.

    Raises:
        CatalogError: the file or one of its columns is missing, or a cell names no side.
    """
    if not source.split:
        return {}
    path = inside(source.folder, str(source.split["path"]), "catalog.yaml split.path")
    table = read_table(
        path,
        source.split.get("columns"),
        str(source.split.get("encoding", "utf-8")),
        source.split.get("delimiter"),
        table="products",
    )
    for column in ("product_id", "split"):
        if column not in table:
            there = ", ".join(map(str, table.columns[:20]))
            raise CatalogError(f"catalog.yaml split.columns.{column}", path.name, f"name its column: {there}")
    ids, sides = stripped(table["product_id"]), stripped(table["split"]).str.lower()
    strange = sorted(set(sides) - {*NAMES, ""})
    if strange:
        raise CatalogError(
            "split", strange[0], f"write one of {', '.join(NAMES)}, or nothing, in {path.name}"
        )
    return {one: NAMES[side] for one, side in zip(ids, sides, strict=True) if one and side}
