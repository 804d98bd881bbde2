"""What a workspace's files say: data versions, hashes, vectors; and what Dagster says of the checkout."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.comparison.checkout import Checkout

__all__ = ["dagster", "data_versions", "release_files", "vectors"]

RECORD = "record.json"
"""What every asset leaves beside its bytes."""
PROGRAM = Path(__file__).with_name("dagster_says.py")


def data_versions(workspace: Path) -> dict[str, Any]:
    """Data version of each asset's folder, by the folder's path in the workspace."""
    found = {}
    for path in sorted(workspace.rglob(RECORD)):
        if "state" in path.relative_to(workspace).parts or "releases" in path.relative_to(workspace).parts:
            continue
        kept = json.loads(path.read_text())
        place = path.parent.relative_to(workspace).as_posix()
        found[f"data version/{place}"] = kept.get("data_version")
        found[f"fingerprint/{place}"] = kept.get("fingerprint")
        found[f"facts/{place}"] = sorted(kept.get("facts", {}))
    return found


def release_files(workspace: Path, release: Path) -> dict[str, Any]:
    """SHA-256 of the release's files and of every stage's, but Great Expectations' own, which draw ids."""
    found: dict[str, Any] = {}
    for path in sorted(p for p in release.rglob("*") if p.is_file()):
        found[f"release/{path.relative_to(release).as_posix()}"] = digest(path)
    for folder in ("prepared", "features", "evaluation", "training", "snapshot", "validation"):
        for path in sorted(p for p in (workspace / folder).rglob("*") if p.is_file()):
            if path.name != RECORD and "gx" not in path.parts and not path.name.endswith((".lock", ".tmp")):
                found[path.relative_to(workspace).as_posix()] = digest(path)
    return found


def vectors(release: Path) -> dict[str, Any]:
    """Every released vector by product: a hash, and the first numbers, which say how far off it is."""
    ids = pd.read_parquet(release / "products.parquet")["product_id"].tolist()
    table = np.load(release / "embeddings.npy", allow_pickle=False)
    found: dict[str, Any] = {"shape/rows": len(table), "shape/dimensions": int(table.shape[1])}
    for product, vector in zip(ids, table, strict=True):
        short = hashlib.sha256(np.ascontiguousarray(vector).tobytes()).hexdigest()[:16]
        found[f"hash/{product}"] = short
        found[f"vector/{product}"] = {"vector": [round(float(x), 7) for x in vector[:4]]}
    return found


def dagster(checkout: Checkout, what: str, workspace: Path, catalog: str) -> dict[str, Any]:
    """What Dagster keeps of a workspace (`stored`) or the checkout's code declares (`declared`).

    Where it cannot be asked, the one entry says so, and the rest of the record goes on.
    """
    more = {"SHELFSPACE_CATALOG": catalog, "SHELFSPACE_WORKSPACES": str(workspace.parent),
            "DAGSTER_HOME": str(workspace / "state" / "dagster")}  # fmt: skip
    done = checkout.run(str(checkout.python), "-P", str(PROGRAM), what, **more)
    line = next((line for line in done.stdout.splitlines() if line.startswith("@@")), None)
    if done.returncode or line is None:
        return {f"{what}/failed": (done.stdout + done.stderr)[-1500:]}
    said = json.loads(line[2:])
    return {f"{kind}/{name}": value for kind, values in said.items() for name, value in values.items()}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
