"""A folder of the half year's shop as the chain reads it: collected, cleaned, features kept by content."""

from dataclasses import dataclass
from pathlib import Path

from catalog.cleaning import clean_products
from catalog.media import probe_catalogue
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.shards import read_raw_products
from catalog.snapshot.write import write_snapshot
from catalog.sources.open import open_catalog
from models.features.catalogue import Catalogue
from shelfspace.settings import Settings, load_settings

__all__ = ["Read", "read_shop"]


@dataclass(frozen=True)
class Read:
    """A catalogue with its settings, the nodes of a label, and digests of its photos."""

    catalogue: Catalogue
    settings: Settings
    level: int
    digests: dict[str, str]


def read_shop(folder: Path, work: Path) -> Read:
    """Collect and clean a catalogue folder.

    Args:
        work: takes the snapshot, and features once they are computed; what lies there is used again.
    """
    source = open_catalog(str(folder), cache=work / "source")
    settings = load_settings(overrides=source.overrides)
    if not (work / "snapshot").is_dir():
        write_snapshot(source, work / "snapshot", settings, progress=False)
    raw, media = read_raw_products(work / "snapshot"), MediaStore.open(work / "snapshot")
    findings = probe_catalogue(media, raw, source.photo_separator, settings.media)
    products = clean_products(raw, source, settings, findings).clean.reset_index(drop=True)
    catalogue = Catalogue.read(products, media, work / "state", settings)
    digests = {key: media.digest(key) for keys in products["photos"] for key in keys}
    return Read(catalogue, settings, source.label_level, digests)
