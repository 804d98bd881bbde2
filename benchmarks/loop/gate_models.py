"""Real trainings of one recipe, each with its own seed and its own bootstrap of the training rows.

What each sees of the judged products is kept, so that any holdout of them can be drawn without the model.
"""

import shutil
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.loop.skewed_shop import Shop, recipe
from catalog.product import ProductInput
from models.evaluation.known_item import MOST, asked_of
from models.evaluation.outcomes import View
from models.inference.product_encoder import ProductEncoder

__all__ = ["Model", "trained"]


class Model:
    """What one training sees of the m judged products; `views` as `models.evaluation.outcomes` wants them."""

    def __init__(self, kept: Path) -> None:
        with np.load(kept, allow_pickle=False) as arrays:
            self.arrays = {name: arrays[name] for name in arrays.files}
        self.size = int(self.arrays["size"])

    def views(self, rows: np.ndarray) -> dict[str, View]:
        """How it sees some of the products."""
        names = [name.removeprefix("vectors ") for name in self.arrays if name.startswith("vectors ")]
        return {
            "" if name == "all" else name: View(
                self.arrays[f"rows {name}"][rows],
                self.arrays[f"vectors {name}"][rows].astype(np.float32),
                self.arrays[f"probabilities {name}"][rows],
            )
            for name in names
        }


def trained(shop: Shop, folder: Path, seeds: Sequence[int]) -> Iterator[Path]:
    """Train what is not there yet; gives the file of each training."""
    import torch

    torch.set_num_threads(1)
    for seed in tqdm(seeds, "trainings", mininterval=5):
        kept = folder / f"model-{seed:02}.npz"
        if not kept.is_file():
            model = _train(shop, folder, seed)
            arrays = _seen(ProductEncoder.load(model), shop)
            size = sum(path.stat().st_size for path in model.rglob("*") if path.is_file())
            np.savez(kept.with_suffix(".new.npz"), size=np.int64(size), **arrays)
            kept.with_suffix(".new.npz").replace(kept)
            shutil.rmtree(model)
        yield kept


def _train(shop: Shop, folder: Path, seed: int) -> Path:
    from models.training.train import train

    draw = np.random.default_rng([seed, 40])
    learnt = shop.rows("train")
    rows = np.concatenate([draw.choice(learnt, len(learnt)), shop.rows("validation")])
    out, scratch = folder / f"model-{seed:02}", folder / f"scratch-{seed:02}"
    train(
        shop.features.take(rows), shop.labels[rows], shop.names, shop.log_price[rows], shop.parts[rows],
        recipe(seed), shop.featurizer, out, scratch, progress=False,
    )  # fmt: skip
    shutil.rmtree(scratch, ignore_errors=True)
    return out


def _seen(encoder: ProductEncoder, shop: Shop) -> dict[str, np.ndarray]:
    judged = shop.features.take(shop.rows("judged"))
    present = {name: judged.modalities[name].present for name in encoder.modalities}
    subsets = [s for size in range(1, len(present) + 1) for s in combinations(sorted(present), size)]
    arrays: dict[str, np.ndarray] = {}
    for only in (None, *subsets):
        name = "all" if only is None else "+".join(only)
        masks = np.stack([present[m] for m in only or present], axis=1)
        some = np.asarray(masks.any(axis=1))
        part = judged.take(np.flatnonzero(some))
        said = encoder.encode_features(part, only=only)
        named = encoder.labelled(part, said.probabilities, only)
        vectors = np.zeros((len(judged), said.vectors.shape[1]), np.float16)
        probabilities = np.zeros((len(judged), len(encoder.labels)), np.float32)
        vectors[some], probabilities[some] = said.vectors, named
        arrays[f"rows {name}"] = some if only is None else np.asarray(masks.all(axis=1))
        arrays[f"vectors {name}"], arrays[f"probabilities {name}"] = vectors, probabilities
    return arrays | _titles(encoder, [shop.items[i] for i in shop.rows("judged")])


def _titles(encoder: ProductEncoder, items: list[ProductInput]) -> dict[str, np.ndarray]:
    """Vectors of all titles and of the rest of their listings; `asked_of` takes no more than MOST at once."""
    parts: dict[str, list[np.ndarray]] = {"asked": [], "titles": [], "listings": []}
    for start in range(0, len(items), MOST):
        asked = asked_of(encoder, items[start : start + MOST])
        if not isinstance(asked, str):
            parts["asked"].append(start + asked.rows)
            for name, table in (("titles", asked.titles), ("listings", asked.listings)):
                parts[name].append(encoder.embed_features(table, ["text"]).astype(np.float16))
    return {name: np.concatenate(each) for name, each in parts.items() if each}
