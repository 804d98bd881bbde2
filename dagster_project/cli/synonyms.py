"""`synonyms`: words of a release that may mean the same, for a person to judge."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dagster_project.cli.options import catalog_option, existing_workspace

if TYPE_CHECKING:
    import numpy as np

__all__ = ["synonyms"]


@click.command(epilog="Example: shelfspace synonyms --catalog flipkart > proposals.csv")
@catalog_option
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="Pairs at most.")
def synonyms(catalog: str | None, most: int) -> None:
    """Propose words that may mean the same, as CSV.

    Nothing is applied: what is right goes by hand into synonyms.yaml of the workspace.
    """
    from catalog.product import ProductInput
    from releases import current_id
    from releases.opened import open_release
    from retrieval.lexical.proposals import proposals
    from shelfspace.errors import ArtifactError

    workspace = existing_workspace(catalog)
    if current_id(workspace.root) is None:
        remedy = f"make one with: {workspace.command('demo')}"
        raise ArtifactError(f"workspace {workspace.name} has no release yet; {remedy}")
    loaded = open_release(workspace).loaded
    encoder = loaded.encoder
    if "text" not in encoder.own_sizes:
        raise ArtifactError(
            f"the encoder of release {loaded.id} knows no words but this shop's own, and sees none alike; "
            "train with a pretrained `model.text` (docs/encoders.md)"
        )

    def vectors_of(words: Sequence[str]) -> "np.ndarray":
        features = encoder.featurize([ProductInput(title=word) for word in words], limits=loaded.media)
        return encoder.own_vectors(features, ["text"])["text"]

    click.echo(proposals(loaded.catalogues.parts.lexical, vectors_of, most).to_csv(index=False), nl=False)
