"""What the rules of ranking cost beside the plainest: the same release, served twice under the same load."""

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving.servers import serve_root
from benchmarks.serving.shop import Shop
from benchmarks.serving.throughput import measure, requests_of
from releases import Release
from releases.release import file_hashes
from retrieval.ranking.fusion import FusionModel
from shelfspace.files import read_json, write_json

__all__ = ["RULES", "compare_rules", "ruled"]

RULES = (("/similar", ("product",), "beside", "vectors"), ("/search", ("short", "long"), "kin", "sum"))
"""Route, kinds of query, their rule, and the plainest one of them."""


def compare_rules(shop: Shop, folder: Path, seconds: float = 2.0, rounds: int = 5) -> list[dict[str, Any]]:
    """One row a rule: rate and p50 of both servers, asked one by one, and the median share of the rates."""
    found = []
    for path, kinds, rule, plain in RULES:
        bodies = requests_of(path, len(shop.release.product_ids))
        with ExitStack() as running:
            servers = {}
            for name in (rule, plain):
                own = folder / name
                own.mkdir()
                root = ruled(shop.release, dict.fromkeys(kinds, name), own / "shop")
                servers[name] = running.enter_context(serve_root(root, shop.settings, own))
            loads = measure(servers, bodies, 1, seconds, rounds)
        pairs = zip(loads[rule], loads[plain], strict=True)
        row = {"route": path, "rule": rule, "beside": plain, "products": len(shop.release.product_ids)}
        row["share"] = round(float(np.median([ours.rate / theirs.rate for ours, theirs in pairs])), 3)
        for name, key in ((rule, "ruled"), (plain, "plain")):
            rate = float(np.median([load.rate for load in loads[name]]))
            middle = float(np.median([load.milliseconds(0.5) for load in loads[name]]))
            row[key] = {"per_second": round(rate, 1), "p50_ms": round(middle, 2)}
        found.append(row)
    return found


def ruled(release: Release, rules: Mapping[str, str], root: Path) -> Path:
    """A workspace of a copy of a release in which these kinds of query go by these rules.

    Args:
        rules: kind of query to its rule; weights of those kinds are left out.
        root: made.
    """
    place = root / "releases" / release.id
    shutil.copytree(release.folder, place)
    fusion = FusionModel.load(place / "search_fusion.json")
    parts = {kind: part for kind, part in fusion.parts.items() if kind not in rules}
    replace(fusion, parts=parts, rules={**fusion.rules, **rules}).save(place / "search_fusion.json")
    manifest = read_json(place / "release.json")
    write_json(place / "release.json", {**manifest, "files": file_hashes(place)})
    (root / "releases" / "current").write_text(release.id)
    return root
