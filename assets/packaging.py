"""Packaging: a Bento that serves exactly the current release."""

from pathlib import Path

import dagster as dg

from assets.lib.presentation import result
from assets.lib.shop import Shop
from assets.lib.stage import Facts, build
from shelfspace.files import write_json

__all__ = ["bento"]


@dg.asset(
    deps=["release"],
    group_name="packaging",
    owners=["team:serving"],
    kinds={"bentoml"},
    code_version="1",
    description="The service with everything it needs: code, release and settings; `make serve` runs it.",
)
def bento(shop: Shop) -> dg.MaterializeResult:
    """Build the Bento of the current release, offline."""

    def compute(folder: Path) -> Facts:
        from bentos.build import build_bento
        from releases import current

        serving = current(shop.workspace.root)
        if serving is None:
            from shelfspace.errors import ArtifactError

            raise ArtifactError("no release is current; run the release job first")
        tag = build_bento(shop.workspace, serving, shop.settings)
        write_json(folder / "bento.json", {"bento": tag, "release": serving.id})
        return {"bento": tag, "release": serving.id, "serve": "make serve"}

    record = build(
        shop.folder("bento"),
        inputs=shop.versions("release"),
        code_version="1",
        settings=[shop.settings.service.model_dump()],
        compute=compute,
    )
    return result("bento", record)
