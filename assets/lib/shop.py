"""The resource every asset gets: the catalogue, its workspace and its settings, one run at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
from pydantic import PrivateAttr

from assets.lib.dvc import file_md5, pointer_hash
from assets.lib.life import hold_life
from assets.lib.record import Record, check_bytes, read_record
from catalog.snapshot.media_store import MediaStore
from catalog.snapshot.versions import raw_table_version
from catalog.sources.base import CatalogSource
from catalog.sources.open import open_catalog
from releases.champion import champion_model
from releases.rollback import finish as finish_rollbacks
from shelfspace.errors import ArtifactError
from shelfspace.files import read_array, read_parquet
from shelfspace.provenance import made_by
from shelfspace.settings import Settings, load_settings
from shelfspace.workspace import Workspace, params_file

__all__ = ["FOLDERS", "NoPickleIOManager", "Shop", "settings_of"]

FOLDERS: dict[str, str] = {}
"""Asset to its folder in the workspace, as each one says when it is defined (assets/lib/stage.py)."""


def settings_of(source: CatalogSource) -> Settings:
    """params.yaml (see `params_file`) with the catalogue's overrides on top."""
    return load_settings(params_file(), source.overrides)


class Shop(dg.ConfigurableResource):
    """One catalogue's workspace, held for the whole run.

    Attributes:
        catalog: preset name or folder; empty: the variable SHELFSPACE_CATALOG, else `sample`.
        launched_by: who asked for the run (person, dvc, schedule, sensor); DVC's own runs are
            not committed to DVC again.
        cause: why, as text; a drift verdict's sentence for instance.
        wait_seconds: how long to wait for another run of the same workspace.
    """

    catalog: str = ""
    launched_by: str = "person"
    cause: str = ""
    wait_seconds: float = 6 * 3600.0
    _run_id: str = PrivateAttr(default="")
    _checked: dict[Path, str] = PrivateAttr(default_factory=dict)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Shop"]:
        """Hold the workspace's lock for the run.

        Raises:
            BusyError: another run still holds it after `wait_seconds`.
        """
        run = context.run
        self._run_id = run.run_id if run is not None else ""
        holder = "another run" if run is None else f"run {run.run_id[:8]} ({run.job_name})"
        if run is not None:
            hold_life(self.workspace, self._run_id)
        say = context.log.warning if context.log is not None else None
        with self.workspace.lock(self.wait_seconds, holder=holder, waiting=say):
            for bar in finish_rollbacks(self.workspace):
                if say:
                    say(f"a rollback that was stopped is ended: {bar.said}")
            yield self

    def made_by(self) -> dict[str, Any]:
        """Code, libraries, settings, threads and run of what is computed now; the MD5s by which DVC knows the
        snapshot and the split, None where there is none yet; how the catalogue is read."""
        split = self.workspace.prepared / "splits" / "splits.parquet"
        return {
            **made_by(self.settings, self._run_id),
            "data": {
                "snapshot_md5": pointer_hash(self.workspace.snapshot),
                "splits_md5": file_md5(split) if split.is_file() else None,
            },
            "catalogue": dict(self.source.described),
        }

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace.open(self.catalog or None)

    @cached_property
    def source(self) -> CatalogSource:
        return open_catalog(self.workspace.catalog, cache=self.workspace.state / "source")

    @cached_property
    def settings(self) -> Settings:
        return settings_of(self.source)

    def folder(self, asset: str) -> Path:
        """The folder of an asset that is read: its bytes are those of its record, once a run.

        Raises:
            ArtifactError: a file in it is damaged.
        """
        folder = self.workspace.root / FOLDERS[asset]
        found = read_record(folder)
        if found is not None and self._checked.get(folder) != found.fingerprint:
            check_bytes(folder)
            self._checked[folder] = found.fingerprint
        return folder

    def note(self, folder: str) -> Path:
        """Where it is noted by which code, settings and run an asset's folder was made."""
        return self.workspace.state / "made_by" / f"{folder.replace('/', '.')}.json"

    def record(self, asset: str) -> Record:
        """The record of an asset that a stage builds on.

        Raises:
            ArtifactError: it was never computed; names the job that does.
        """
        kept = read_record(self.workspace.root / FOLDERS[asset], self.note(FOLDERS[asset]))
        if kept is None:
            raise ArtifactError(
                f"{asset} has not been computed in workspace {self.workspace.name}; run the chain job first"
            )
        return kept

    def data_version(self, asset: str) -> str:
        """What identifies the bytes of an asset that lie in the workspace now.

        The raw assets share the DVC hash of the snapshot; of several that one computation writes, each
        has its own; the champion is its model.

        Raises:
            ArtifactError: the asset was never computed.
        """
        if asset.startswith("raw_"):
            version = pointer_hash(self.workspace.snapshot)
            if version is None:
                raise ArtifactError(
                    f"workspace {self.workspace.name} has no snapshot; run the collection job first"
                )
            return version
        if asset == "champion":
            return champion_model(self.workspace).name
        kept = self.record(asset)
        return str(kept.facts.get("versions", {}).get(asset, kept.data_version))

    def versions(self, *assets: str) -> dict[str, str]:
        """Asset name to data version."""
        return {asset: self.data_version(asset) for asset in assets}

    def contents(self, *assets: str) -> dict[str, str]:
        """Asset name to what identifies its own content: raw tables share a data version, not this."""
        tables = ("raw_products", "raw_events", "raw_stock")
        return {
            asset: raw_table_version(self.workspace.snapshot, asset.removeprefix("raw_"))
            if asset in tables
            else self.data_version(asset)
            for asset in assets
        }

    @property
    def media(self) -> MediaStore:
        """Photos and sounds of the snapshot."""
        return MediaStore.open(self.workspace.snapshot)

    def table(self, name: str) -> pd.DataFrame:
        """One of the cleaned tables: products, quarantine, events or stock."""
        self.record(name)
        return read_parquet(self.folder(name) / f"{name}.parquet")

    def split(self) -> pd.DataFrame:
        """Side and duplicate group of each product ever seen, indexed by product_id."""
        return read_parquet(self.folder("splits") / "splits.parquet").set_index("product_id")

    def vectors(self) -> np.ndarray:
        """(n, d) float32 vectors of the products that have one."""
        return read_array(self.folder("product_embeddings") / "embeddings.npy")

    def embedded_products(self) -> pd.DataFrame:
        """Rows of the cleaned products that have a vector, in the order of the vectors."""
        ids = read_parquet(self.folder("product_embeddings") / "embedded.parquet")["product_id"]
        return self.table("products").set_index("product_id").loc[ids].reset_index()


class NoPickleIOManager(dg.IOManager):
    """Assets write files in the workspace; a returned value would be pickled, so it is refused."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Accept nothing but None.

        Raises:
            ArtifactError: an asset returned a value.
        """
        if obj is not None:
            raise ArtifactError(
                f"{context.asset_key.to_user_string()} returned a {type(obj).__name__}; "
                "write it to its folder and return a MaterializeResult"
            )

    def load_input(self, context: dg.InputContext) -> None:
        """Nothing is passed in memory: assets read their inputs' folders."""
