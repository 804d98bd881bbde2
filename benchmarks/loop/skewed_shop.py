"""A larger generated shop whose categories differ in size, as those of real shops do, and its features.

The sample's generator gives twelve categories of one size; here the largest holds a quarter of the products
and the smallest a fiftieth. Nothing soils it: what cleaning does is not what is measured.
"""

import json
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from tqdm import tqdm

from catalog.product import ProductInput
from catalog.sample.photos import render_photo
from catalog.sample.products import plan_products
from catalog.sample.sounds import render_sound
from catalog.sample.texts import write_texts
from catalog.sample.world import CATEGORIES
from models.features.table import FeatureTable, ModalityFeatures
from shelfspace.settings import Settings, load_settings

__all__ = ["SHARES", "Shop", "divided", "recipe", "skewed_shop"]

SHARES = (0.25, 0.15, 0.12, 0.10, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03, 0.03, 0.02)
SEED = 14


@dataclass(frozen=True)
class Shop:
    """n products in three parts; variants of one product are in one part.

    Attributes:
        features: of all n.
        items: without media.
        labels: (n,) int64 index into `names`.
        log_price: (n,), NaN where unknown.
        groups: (n,) of variants of one product.
        parts: (n,) `train`, `validation`, or `judged`, which holdouts are drawn from.
    """

    features: FeatureTable
    items: list[ProductInput]
    labels: np.ndarray
    names: list[str]
    log_price: np.ndarray
    groups: np.ndarray
    parts: np.ndarray
    featurizer: Path

    def rows(self, part: str) -> np.ndarray:
        """Row numbers of a part."""
        return np.flatnonzero(self.parts == part)


def recipe(seed: int) -> Settings:
    """What is trained: the encoders that `auto` chooses on the sample, in a network of half its width and for
    fewer epochs, so that forty trainings take minutes; all else as it ships."""
    model = {"text": "tfidf", "image": "efficientnet_lite0", "audio": "mfcc", "width": 64, "dim": 96}
    training = {"device": "cpu", "epochs": 8, "batch_size": 128, "learning_rate": 0.004}
    return load_settings(overrides={"seed": seed, "model": model, "training": training})


def skewed_shop(folder: Path, train: int, validation: int, judged: int, workers: int = 2) -> Shop:
    """The shop with so many products in each part, from the folder where it was made before."""
    from models.features.featurizer import Featurizer

    plan, parts = divided({"train": train, "validation": validation, "judged": judged})
    texts = write_texts(plan, SEED)
    rows = [SimpleNamespace(**row) for row in plan.join(texts, rsuffix="_of_text").to_dict("records")]
    items = [_item(row, media=False) for row in rows]
    prices = np.array([np.nan if item.price is None else item.price for item in items])
    featurizer, kept = folder / "featurizer", folder / "features"
    if not kept.is_dir():
        from catalog.text.clean import product_text

        settings = recipe(0)
        limit = settings.preprocessing.max_text_characters
        learnt = np.flatnonzero(parts == "train")
        Featurizer.fit([product_text(items[i], limit) for i in learnt], prices[learnt], settings).save(
            featurizer
        )
        with Pool(workers) as pool:
            made = pool.imap(partial(_features, featurizer), rows, chunksize=16)
            tables = list(tqdm(made, "features of the shop", total=len(rows), mininterval=5))
        for name in tables[0].modalities:
            ModalityFeatures.concatenate([t.modalities[name] for t in tables]).save(kept / name)
    modalities = {path.name: ModalityFeatures.load(path) for path in sorted(kept.iterdir())}
    names = [category.path for category in CATEGORIES]
    return Shop(
        FeatureTable(tuple(plan["product_id"]), modalities), items, plan["category"].to_numpy(np.int64),
        names, np.log(prices), plan["group"].to_numpy(np.int64), parts, featurizer,
    )  # fmt: skip


def _features(featurizer: Path, row: SimpleNamespace) -> FeatureTable:
    """Features of one product; each worker keeps the featurizer it loaded."""
    import torch

    from models.features.featurizer import Featurizer

    if featurizer not in _loaded:
        torch.set_num_threads(1)
        _loaded[featurizer] = Featurizer.load(featurizer)
    return _loaded[featurizer].featurize([_item(row, media=True)])


_loaded: dict[Path, Any] = {}


def _item(row: SimpleNamespace, *, media: bool) -> ProductInput:
    category, number = CATEGORIES[row.category], int(row.product_id[1:])
    photos, sounds = [], []
    if media and row.has_photo:
        drawn = render_photo(
            category.look, row.colour, row.style, seed=SEED, group=row.group, shot=(number, 0),
            noisy=row.noisy_photo,
        )  # fmt: skip
        photos.append(drawn)
    if media and row.has_sound:
        sounds.append(render_sound(category.timbre, SEED, row.group, number, noisy=row.noisy_sound))
    return ProductInput(
        row.title, row.description, row.brand if row.has_brand else "", json.loads(row.attributes),
        float(round(row.list_price, 2)) if row.has_price else None, tuple(photos), tuple(sounds),
    )  # fmt: skip


def divided(sizes: dict[str, int]) -> tuple[Any, np.ndarray]:
    """The plan's rows that are used, and the part of each: whole variant groups, each part with SHARES."""
    total = sum(sizes.values())
    plan = plan_products(SEED, int(total * max(SHARES) * len(SHARES) * 1.05))
    draw = np.random.default_rng(SEED)
    chosen: list[int] = []
    parts: list[str] = []
    order = draw.permutation(len(CATEGORIES))
    for share, category in zip(SHARES, order, strict=True):
        rows = plan.index[plan["category"] == category].to_numpy()
        groups = plan.loc[rows, "group"].to_numpy()
        mixed = draw.permutation(np.unique(groups))
        place = {group: i for i, group in enumerate(mixed)}
        rows = rows[np.argsort([place[g] for g in groups], kind="stable")]
        ends = np.cumsum([round(share * size) for size in sizes.values()])
        wanted = dict.fromkeys(plan.loc[rows, "group"])
        taken = 0
        for group in wanted:
            part = int(np.searchsorted(ends, taken, side="right"))
            if part == len(sizes):
                break
            members = rows[plan.loc[rows, "group"].to_numpy() == group]
            chosen += members.tolist()
            parts += [list(sizes)[part]] * len(members)
            taken += len(members)
    kept = plan.loc[chosen].reset_index(drop=True)
    mixed = draw.permutation(len(kept))
    return kept.iloc[mixed].reset_index(drop=True), np.array(parts)[mixed]
