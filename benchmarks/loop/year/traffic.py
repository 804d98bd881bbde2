"""What shoppers ask the service meanwhile: queries, neighbours, categories of listings, some clicks."""

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd

__all__ = ["Traffic"]

PER_SECOND = 1.0
CLICKED = 0.2
"""Share of the queries whose answer is shown on a page and clicked."""


class Traffic:
    """A thread of shoppers who know what the shop sold at first.

    Attributes:
        answers: `/path status` to how many; what did not answer counts as `/path away`.
    """

    def __init__(self, address: str, shop: Path, seed: int) -> None:
        self.answers: Counter[str] = Counter()
        self._address = address
        self._products = pd.read_csv(shop / "products.csv", dtype=str, keep_default_na=False)
        self._draw = np.random.default_rng([seed, 77])
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._shop)
        self._asked = 0

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)

    def _shop(self) -> None:
        with httpx.Client(base_url=self._address, trust_env=False, timeout=30) as client:
            while not self._over.wait(float(self._draw.exponential(1 / PER_SECOND))):
                self._one(client)

    def _one(self, client: httpx.Client) -> None:
        product = self._products.iloc[int(self._draw.integers(len(self._products)))]
        kind = self._draw.choice(["search", "similar", "classify"], p=[0.7, 0.15, 0.15])
        if kind == "similar":
            self._post(client, "/similar", {"product_id": product["product_id"], "k": 5})
        elif kind == "classify":
            item = {"title": product["title"], "description": product["description"]}
            self._post(client, "/classify", {"item": item})
        else:
            words = product["title"].split()
            words = [words[i] for i in sorted(self._draw.permutation(len(words))[:3])]
            answer = self._post(client, "/search", {"query": {"text": " ".join(words)}, "k": 10})
            if answer and self._draw.random() < CLICKED:
                self._click(client, answer["result"]["hits"])

    def _click(self, client: httpx.Client, hits: list[dict[str, Any]]) -> None:
        session, query = f"s{self._asked // 5}", f"q{self._asked}"
        self._asked += 1
        seen = [
            {"kind": "impression", "product_id": hit["product_id"], "position": place}
            for place, hit in enumerate(hits, 1)
        ]
        seen += [{**seen[0], "kind": "click"}] if seen else []
        common = {"session": session, "query_id": query}
        events = [{"event_id": f"{query}-{n}", **common, **event} for n, event in enumerate(seen)]
        if events:
            self._post(client, "/events", {"events": events})

    def _post(self, client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer = client.post(path, json=body)
        except httpx.HTTPError:
            self.answers[f"{path} away"] += 1
            time.sleep(0.5)
            return None
        self.answers[f"{path} {answer.status_code}"] += 1
        return answer.json() if answer.status_code == httpx.codes.OK else None
