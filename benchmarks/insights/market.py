"""Do segments of the catalogue stay what they are, what do they add to categories, and do risers keep rising?

Stability is measured on the released vectors of the sample and of Flipkart, the worse of both: the same
products cut again by 1 and 2 threads and with rows shuffled; and cut a week later, when 2% of the products
have changed (a third gone, a third new listings that stand between two products, a third changed into
something else). Beside it: the catalogue cut anew each week and its segments matched to last week's, which
is what one would do without beginning at last week's. Risers are judged on Online Retail, every 4 weeks,
by what they sell in the 4 weeks after; beside them, everything that doubled.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks.insights.rows import Figure, Part
from benchmarks.insights.task import Data, Task

CATALOGUES, SEEDS, CHANGED = ("sample", "flipkart"), range(10), 0.02
TEXT = ["title", "brand", "category"]


def lacks(data: Data) -> str:
    """Why the task cannot be run."""
    missing = [name for name in CATALOGUES if not (data.workspaces / name / "releases" / "current").is_file()]
    return f"{' and '.join(missing)} is not released in {data.workspaces}; run make demo" if missing else ""


def released(data: Data, name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Products and (n, d) vectors of the live release."""
    from releases import Release, current_id

    root = data.workspaces / name
    release = Release.load(root / "releases" / str(current_id(root)), verify=False)
    return release.products.fillna(dict.fromkeys(TEXT, "")), np.array(release.embeddings)


def named(
    products: pd.DataFrame, vectors: np.ndarray, last: pd.DataFrame | None = None, anew: bool = False
) -> pd.DataFrame:
    """Product to segment and name; `last` is what this gave for last week."""
    from insights.market.naming import name_segments
    from insights.market.segments import cut_segments
    from shelfspace.settings.insights import Market

    before = None if last is None else last.reset_index().assign(**({"hash": ""} if anew else {}))
    table = cut_segments(list(products["product_id"]), vectors, Market(), before).table
    texts = products.set_index("product_id").loc[table["product_id"], TEXT].reset_index(drop=True)
    old = {} if last is None else {
        row["segment"]: (row["name_en"], row["name_zh"]) for row in last.to_dict("records")
    }  # fmt: skip
    names = name_segments(texts, table["segment"].to_numpy(), old)
    return table.merge(names, on="segment").set_index("product_id").sort_index()


def agreement(one: pd.DataFrame, other: pd.DataFrame, products: pd.Index) -> float:
    """Share of the products that have the same segment and name in both."""
    columns = ["segment", "name"]
    return float((one.loc[products, columns] == other.loc[products, columns]).all(axis=1).mean())


def again(products: pd.DataFrame, vectors: np.ndarray) -> float:
    """The least agreement of five runs: twice as they are, by 2 threads, rows shuffled, both."""
    first = named(products, vectors)
    found = []
    for threads, shuffled in ((1, False), (2, False), (1, True), (2, True)):
        order = np.random.default_rng(threads).permutation(len(products)) if shuffled else slice(None)
        with threadpool_limits(threads):
            other = named(products.iloc[order].reset_index(drop=True), vectors[order])
        found.append(agreement(first, other, first.index))
    return min(found)


def a_week_later(
    products: pd.DataFrame, vectors: np.ndarray, seed: int
) -> tuple[pd.DataFrame, np.ndarray, pd.Index]:
    """A catalogue of which 2% have changed, its vectors, and the products that have not."""
    rng = np.random.default_rng(seed)
    gone, new, other = np.array_split(rng.permutation(len(products))[: round(CHANGED * len(products))], 3)
    later, moved = products.copy(), vectors.copy()
    partner = rng.integers(0, len(products), len(products))
    for rows in (new, other):
        moved[rows] = vectors[partner[rows]]
        later.loc[rows, TEXT] = products.loc[partner[rows], TEXT].to_numpy()
    moved[new] += vectors[rng.integers(0, len(products), len(new))]
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    later.loc[new, "product_id"] = [f"new-{seed}-{row}" for row in new]
    kept = np.setdiff1d(np.arange(len(products)), gone)
    same = np.setdiff1d(kept, np.concatenate([new, other]))
    return later.iloc[kept].reset_index(drop=True), moved[kept], pd.Index(products.loc[same, "product_id"])


def after_ten_weeks(name: str, products: pd.DataFrame, vectors: np.ndarray) -> dict[str, float]:
    """Whether steady segments grow stale: how near products are to their centres after ten such weeks."""
    last = named(products, vectors)
    for week in tqdm(range(100, 110), f"{name}, ten weeks"):
        products, vectors, _ = a_week_later(products, vectors, week)
        last = named(products, vectors, last)
    anew = named(products, vectors)
    return {
        f"{name}: mean cosine to the segment's centre after ten such weeks": float(last["cosine"].mean()),
        f"{name}: the same, cut anew": float(anew["cosine"].mean()),
    }


def beside_categories(name: str, products: pd.DataFrame, segments: pd.DataFrame) -> dict[str, float]:
    """Segments beside the second level of the categories: how pure they are, what they say of prices."""
    table = products.set_index("product_id").loc[segments.index]
    category = table["category"].str.split(" > ").str[:2].str.join(" > ")
    segment = segments["segment"]
    largest = category.groupby(segment).agg(lambda own: own.value_counts().iloc[0])
    priced = np.log(table["price"].where(table["price"] > 0)).dropna()

    def explained(classes: pd.Series) -> float:
        within = priced.groupby(classes[priced.index]).transform("mean")
        # By as many classes as there are, chance explains (k - 1) / (n - 1).
        share = 1 - ((priced - within) ** 2).sum() / ((priced - priced.mean()) ** 2).sum()
        n, k = len(priced), classes[priced.index].nunique()
        return float(1 - (1 - share) * (n - 1) / (n - k))

    return {
        f"{name}: segments": float(segment.nunique()),
        f"{name}: categories at the second level": float(category.nunique()),
        f"{name}: share of products in their segment's commonest category": float(largest.sum() / len(table)),
        f"{name}: of the variance of log prices, explained by segments": explained(segment),
        f"{name}: of the variance of log prices, explained by categories": explained(category),
    }


def risers() -> dict[str, float]:
    """What risers sell afterwards, beside what doubled; and what is found where weeks are shuffled."""
    from catalog.cleaning import clean_events
    from catalog.sources.open import open_catalog
    from insights.market.demand import weekly_demand
    from insights.market.movers import movers
    from shelfspace.settings.insights import Market

    source, settings = open_catalog("online-retail"), Market()
    events = source.events()
    clean = clean_events(events.assign(source_row=range(len(events))), source.products()["product_id"]).clean
    lines = weekly_demand(clean, sorted(set(clean["product_id"])), 200).lines
    kept: dict[str, list[np.ndarray]] = {"tested": [], "doubled": [], "all": []}
    by_chance = 0
    for end in tqdm(range(24, lines.shape[1] - 3, 4), "risers"):
        past, later = lines[:, :end], lines[:, end : end + 4]
        found = movers(past, settings)
        before = found["before"].to_numpy() * later.sum() / past[:, -12:-4].sum()
        rose = later.sum(axis=1) > 1.2 * before
        judged = (found["p"].notna() & (found["before"] > 0)).to_numpy()
        kept["tested"].append(rose[(found["verdict"] == "riser").to_numpy()])
        kept["doubled"].append(rose[judged & (found["ratio"] >= 2).to_numpy()])
        kept["all"].append(rose[judged])
        shuffled = movers(np.random.default_rng(end).permuted(past, axis=1), settings)["verdict"]
        by_chance += int(shuffled.isin(["riser", "faller"]).sum())
    together = {name: np.concatenate(found) for name, found in kept.items()}
    return {
        "retail: risers told": float(len(together["tested"])),
        "retail: of them, sold more than before in the 4 weeks after": float(together["tested"].mean()),
        "retail: products that doubled": float(len(together["doubled"])),
        "retail: of those, sold more than before in the 4 weeks after": float(together["doubled"].mean()),
        "retail: of all products": float(together["all"].mean()),
        "retail: risers and fallers told where weeks were shuffled": float(by_chance),
    }


def run(data: Data) -> Iterator[Figure]:
    """Both figures."""
    stable, changed, beside = [], [], {}
    for name in CATALOGUES:
        products, vectors = released(data, name)
        stable.append(Part(name, again(products, vectors)))
        first = named(products, vectors)
        beside |= beside_categories(name, products, first) | after_ten_weeks(name, products, vectors)
        for seed in tqdm(SEEDS, f"{name}, a week later"):
            later, moved, same = a_week_later(products, vectors, seed)
            changed.append(
                Part(
                    f"{name}, seed {seed}",
                    agreement(first, named(later, moved, first), same),
                    agreement(first, named(later, moved, first, anew=True), same),
                )
            )
    yield Figure(
        "market_stable", min(part.value for part in stable), parts=stable, beside={**beside, **risers()}
    )
    by = [[part for part in changed if part.name.startswith(name)] for name in CATALOGUES]
    worst = min(by, key=lambda parts: np.mean([part.value for part in parts]))
    yield Figure(
        "market_stable_after_change",
        float(np.mean([part.value for part in worst])),
        baseline=min(float(np.mean([part.baseline for part in parts])) for parts in by),
        spread=float(np.std([part.value for part in worst])),
        parts=changed,
    )


MARKET = Task("market", ("market_stable", "market_stable_after_change"), run, lacks)
