"""How long a suggestion takes, key by key, in a shop of 100,000 products."""

import json
import time
from http.client import OK
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from tqdm import tqdm

from benchmarks.serving.shop import SETTINGS, build_release
from benchmarks.shopper.intention import generator
from benchmarks.shopper.shop import Shop
from releases import promote
from shelfspace.errors import InputError
from shelfspace.settings import Settings
from shelfspace.workspace import Workspace

__all__ = ["PREFIXES", "large_workspace", "prefixes", "suggestion_times"]

PREFIXES = 10_000
ROWS = 100_000
LONGEST = 16
"""Characters of a prefix: of what is longer nearly all has been typed."""


def large_workspace(folder: Path) -> Path:
    """The folder of a released workspace of ROWS products; built where it is not there yet."""
    workspace = Workspace.open(f"products{ROWS}", folder)
    if not workspace.releases.is_dir():
        release = build_release(folder, workspace, ROWS, Settings.model_validate(SETTINGS))
        promote(workspace.root, release.id)
    return workspace.root


def prefixes(shop: Shop, count: int) -> list[str]:
    """Beginnings of titles, brands and categories, from one of their words on, as they are typed."""
    random = generator(f"prefixes of {shop.name}")
    found = []
    while len(found) < count:
        one = shop.products[int(random.integers(len(shop.products)))]
        text = (one.title, one.title, one.brand, one.category)[int(random.integers(4))]
        words = text.split()
        if words:
            rest = " ".join(words[int(random.integers(len(words))) :])
            found.append(rest[: 1 + int(random.integers(min(len(rest), LONGEST)))])
    return found


def suggestion_times(shop: Shop, count: int) -> dict[str, Any]:
    """`value`, the 99th percentile in milliseconds as a client on this machine sees it with one request in
    flight, and how many of the prefixes were answered with something.

    Raises:
        InputError: the service refused a prefix, or has suggestions for none.
    """
    seconds, answered = [], 0
    for prefix in tqdm(prefixes(shop, count), f"{shop.name}, suggestions", mininterval=1):
        path = f"/suggest?{urlencode({'prefix': prefix, 'k': 8})}"
        begin = time.perf_counter()
        status, body = shop.call("GET", path)
        seconds.append(time.perf_counter() - begin)
        if status != OK:
            raise InputError("prefix", prefix, f"the service refused it ({status}): {body[:300]!r}")
        answered += bool(json.loads(body)["result"]["suggestions"])
    if not answered:
        raise InputError("prefixes", count, "the service suggests nothing for any")
    found = {f"p{share}": round(1000 * float(np.percentile(seconds, share)), 2) for share in (50, 95, 99)}
    return {"value": found["p99"], "queries": count, "answered": answered, **found}
