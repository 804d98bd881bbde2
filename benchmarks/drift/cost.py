"""What a drift report costs: processor seconds of its steps, of generated catalogues of three sizes."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.loop.results import Figure
from catalog.sample.products import plan_products
from catalog.sample.texts import write_texts
from catalog.sample.world import CATEGORIES
from data_checks.drift.reference import LOG_COLUMNS
from shelfspace.settings import Monitoring

__all__ = ["SIZES", "cost"]

SIZES = (1_200, 20_000, 100_000)
WRITTEN = 20_000
FRESH = 0.1
"""Share of the catalogue that came since the champion learned."""
WIDTHS = {"text": 384, "image": 512}
FUSED = 256
AIM = 60.0
"""Seconds: the schedule looks once an hour, and after each release."""


@dataclass(frozen=True, eq=False)
class Tables:
    """What the stages before have left: products, findings of the media probe, names, vectors, requests."""

    products: pd.DataFrame
    findings: pd.DataFrame
    embedded: pd.DataFrame
    own: dict[str, np.ndarray]
    fused: np.ndarray
    requests: pd.DataFrame


def tables(products: int, requests: int) -> Tables:
    """Generated, above `WRITTEN` the same texts again; vectors and figures of media are random, which costs a
    report the same."""
    rng = np.random.default_rng(0)
    plan = plan_products(0, min(products, WRITTEN))
    texts, again = write_texts(plan, 0), np.arange(products) % len(plan)
    plan, texts = (table.iloc[again].reset_index(drop=True) for table in (plan, texts))
    names = np.array([c.path for c in CATEGORIES])[plan["category"]]
    ids = [f"p{number}" for number in range(len(plan))]
    made = texts.assign(
        product_id=ids,
        price=plan["list_price"].where(plan["has_price"]),
        brand=plan["brand"].where(plan["has_brand"], ""),
        category=names,
        photos=[[f"{one}.jpg"] for one in ids],
        sounds=[[f"{one}.wav"] if has else [] for one, has in zip(ids, plan["has_sound"], strict=True)],
        updated_at=pd.date_range("2025-01-01", periods=len(plan), freq="min", tz="UTC"),
    )
    keys = [key for column in ("photos", "sounds") for found in made[column] for key in found]
    grey = rng.integers(100, 220, len(keys))
    findings = pd.DataFrame(
        {
            "key": keys, "ok": True, "width": 640, "height": 480, "seconds": rng.random(len(keys)),
            "look": [bytes([shade] * 67).hex() for shade in grey], "digest": keys,
            "sharpness": rng.random(len(keys)), "loudness": rng.normal(-20, 3, len(keys)),
            "silence": rng.random(len(keys)),
        }
    )  # fmt: skip
    said = pd.Series(names).where(rng.random(len(plan)) < 0.9, CATEGORIES[0].path)
    embedded = pd.DataFrame({"product_id": ids, "predicted": said, "confidence": rng.random(len(plan))})
    drawn = {name: rng.normal(size=(len(plan), width)).astype(np.float32) for name, width in WIDTHS.items()}
    fused = rng.normal(size=(len(plan), FUSED)).astype(np.float32)
    return Tables(made, findings, embedded, drawn, fused, _requests(requests, rng))


def _requests(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    begun, days = pd.Timestamp("2025-01-01", tz="UTC"), np.sort(rng.random(rows)) * 90
    values = {
        "time": begun + pd.to_timedelta(days, unit="D"),
        "endpoint": "search", "release": "000001-aa", "status": 200, "items": 1, "seconds": 0.01,
        "text_length": rng.integers(5, 30, rows), "language": rng.choice(["en", "zh"], rows),
        "has_text": True, "has_photo": False, "has_sound": False, "price": np.nan,
        "top_label": rng.choice(["Mugs", "Pots"], rows), "top_score": rng.beta(8, 2, rows),
        "hits": 10.0, "vector": list(rng.normal(size=(rows, FUSED)).astype(np.float32)),
    }  # fmt: skip
    return pd.DataFrame(values)[list(LOG_COLUMNS)]


def steps(given: Tables, folder: Path) -> dict[str, float]:
    """Step to its processor seconds, in the order in which a report takes them."""
    from data_checks.drift.categories import categories_question
    from data_checks.drift.check import judge_questions, summary
    from data_checks.drift.dashboard import add_check_run
    from data_checks.drift.decision import decide
    from data_checks.drift.described import described, projected
    from data_checks.drift.questions import catalogue_question, predictions_question
    from data_checks.drift.report import comparison_page
    from data_checks.drift.traffic import traffic_questions

    settings, taken = Monitoring(), dict[str, float]()

    def timed(step: str, work: Callable[[], Any]) -> Any:
        started = time.process_time()
        found = work()
        taken[step] = taken.get(step, 0.0) + time.process_time() - started
        return found

    refused = pd.DataFrame({name: pd.Series(dtype=object) for name in ("table", "scope", "id")})
    learned = set(given.products["product_id"][::2])
    now = timed(
        "describe the catalogue",
        lambda: described(given.products, given.findings, refused, given.embedded, learned, 2),
    )
    own = timed("project the vectors", lambda: projected(given.own))
    fused = timed("project the vectors", lambda: projected({"fused": given.fused}))
    old = len(now) - int(FRESH * len(now))
    then, own_then = now.head(old), {name: table[:old] for name, table in own.items()}
    fused_then = {name: table[:old] for name, table in fused.items()}

    def asked() -> list[Any]:
        return [
            catalogue_question(now, then, settings, own, own_then),
            categories_question(now, then, settings),
            predictions_question(now, then, settings, fused, fused_then),
        ]

    promoted = given.requests["time"].iloc[len(given.requests) // 2].isoformat()
    questions = timed("cut the catalogue's windows", asked)
    questions += timed(
        "cut the traffic's windows, fit its limits",
        lambda: traffic_questions(given.requests, promoted, settings, folder / "kept"),
    )
    verdicts = timed("fit the catalogue's limits, judge", lambda: judge_questions(questions, folder / "kept"))
    timed("judge again, by limits that are kept", lambda: judge_questions(questions, folder / "kept"))
    timed("import Evidently", _evidently)
    for question, verdict in zip(questions, verdicts, strict=True):
        timed("draw the pages", lambda q=question, v=verdict: comparison_page(q, v, settings.sample_rows))
    told = summary(verdicts, questions, decide(verdicts, True, True, False), "champion", "data")
    when = pd.Timestamp.now(tz="UTC").floor("s")
    timed("add to the dashboards", lambda: add_check_run(verdicts, told, when, folder / "evidently", "shop"))
    return taken


def _evidently() -> None:
    from evidently.presets import DataDriftPreset
    from evidently.ui.workspace import Workspace

    assert DataDriftPreset
    assert Workspace


def cost(requests: int = 50_000) -> Iterator[Figure]:
    """The row `report_seconds`."""
    lines = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            lines.append(steps(tables(size, requests), Path(folder)))
    parts = [
        {"step": step, **{f"{size:,} products": line[step] for size, line in zip(SIZES, lines, strict=True)}}
        for step in lines[0]
    ]
    total = sum(lines[-1].values())
    yield Figure(
        "report_seconds",
        "processor seconds of a drift report, the champion's first",
        total,
        AIM,
        f"generated sample, {SIZES[-1]:,} products, a tenth of them new; {requests:,} searches",
        1,
        least=True,
        parts=parts,
        reason="reading the tables and starting the run are not in it; limits are fitted once a champion, "
        "Evidently is imported once a run",
    )
