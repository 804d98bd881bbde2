"""Packaging: a Bento that serves exactly the current release."""

from pathlib import Path

from assets.lib.presentation import service_page
from assets.lib.record import Facts
from assets.lib.shop import Shop
from assets.lib.stage import stage
from shelfspace.errors import ArtifactError
from shelfspace.files import write_json

__all__ = ["bento"]


def _there(shop: Shop, facts: Facts) -> bool:
    """Whether BentoML's store still has the Bento."""
    from bentos.build import bento_folder

    return (bento_folder(shop.workspace, str(facts["bento"])) / "bento.yaml").is_file()


@stage(
    folder="bento",
    deps=["release"],
    settings=lambda shop: [shop.settings.service.model_dump()],
    there=_there,
    shown=lambda shop: {"service": service_page(shop.settings.service)},
    group="packaging",
    owners=["team:serving"],
    kinds={"bentoml"},
    code_version="2",
    description="The service with all it needs: code, release, media and settings; `make serve` runs it.",
)
def bento(shop: Shop, folder: Path) -> Facts:
    """Build the Bento of the current release, offline."""
    from bentos.build import build_bento, carried_media
    from releases import current

    serving = current(shop.workspace.root)
    if serving is None:
        raise ArtifactError("no release is current; run the release job first")
    tag = build_bento(shop.workspace, serving, shop.settings)
    write_json(folder / "bento.json", {"bento": tag, "release": serving.id})
    media = carried_media(shop.workspace, tag)
    return {"bento": tag, "release": serving.id, "media": media, "serve": "make serve"}
