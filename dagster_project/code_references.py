"""Links from each asset in the Dagster UI to its code: in the editor, or where the branch is published."""

import subprocess
import warnings
from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.assets.definition.cacheable_assets_definition import CacheableAssetsDefinition

from shelfspace.workspace import PROJECT

__all__ = ["published_at", "with_code_references"]

Asset = dg.AssetsDefinition | dg.SourceAsset | dg.AssetSpec | CacheableAssetsDefinition
KEY = "dagster/code_references"


def with_code_references(assets: Sequence[Asset]) -> Sequence[Asset]:
    """The assets, each with a link to the function that computes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        # `@stage` links its assets itself: Dagster would find the decorator's own function.
        bare = [asset for asset in assets if not _is_linked(asset)]
        linked = [*filter(_is_linked, assets), *dg.with_source_code_references(bare)]
        published = published_at()
        if published is None:
            return linked
        address, branch = published
        root = dg.AnchorBasedFilePathMapping(PROJECT, file_anchor_path_in_repository=".")
        return dg.link_code_references_to_git(linked, address, branch, root)


def _is_linked(asset: Asset) -> bool:
    if not isinstance(asset, dg.AssetsDefinition):
        return False
    return all(KEY in metadata for metadata in asset.metadata_by_key.values())


def published_at() -> tuple[str, str] | None:
    """Web address and branch that this branch is pushed to; None unless on GitHub or GitLab."""
    upstream = _git("rev-parse", "--abbrev-ref", "@{upstream}")
    remote, _, branch = upstream.partition("/")
    address = _git("remote", "get-url", remote) if branch else ""
    return (web_address(address), branch) if "github" in address or "gitlab" in address else None


def web_address(remote: str) -> str:
    """The page of a repository whose remote is `https://host/...` or `git@host:...`."""
    plain = remote.removesuffix(".git")
    if "://" not in plain:
        host, _, path = plain.rpartition("@")[2].partition(":")
        return f"https://{host}/{path}"
    # Without a user's name or token, which a remote may hold.
    return "https://" + plain.partition("://")[2].rpartition("@")[2]


def _git(*arguments: str) -> str:
    """What git says of the project; "" where it is no checkout or has no such thing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
