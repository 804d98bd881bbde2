"""The 1,050 Flipkart listings in five folds: what the fusion model makes of text, photo and price.

Protocol (that of the public data's own baselines): label = first category node, 7 classes;
StratifiedKFold(5, shuffle=True, random_state=0) over the rows in file order. Tokenizer, document
frequencies, price scaler, network and temperature are fitted inside the fold; the rows for early
stopping are a tenth of the training fold. Text is the product text of the platform: HTML and
"Rs. N" amounts removed; neither retail_price nor the category tree is ever read as text. Sentence
vectors are frozen, so they are computed once for all folds.

    python -m benchmarks.flipkart_folds [--variants fused text ...] [--threads 2] [--cache FOLDER]

Finished (variant, fold) pairs are kept in benchmarks/results/flipkart_folds.json and not run again
unless settings or the code of models/ change, or --fresh is given.
"""

import argparse
import os
import platform
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.quality.datasets import Data, read_data

RESULT = Path(__file__).resolve().parent / "results" / "flipkart_folds.json"
FOLDS = 5
BASELINES = {
    "fused": ("everything but the photo, linear SVM", 0.970),
    "text": ("name + description, TF-IDF + MiniLM", 0.963),
    "image": ("colour + HOG, RBF SVM", 0.702),
    "name": ("name, TF-IDF + MiniLM", 0.933),
}


@dataclass(frozen=True)
class Variant:
    """What a model may see.

    Attributes:
        text: "full" (name, brand, attributes, description), "name" or "".
        sentence: whether frozen sentence vectors go along with the tokens.
        modalities: of the model.
        baseline: key of BASELINES it is held against.
    """

    text: str
    sentence: bool
    modalities: tuple[str, ...]
    baseline: str


VARIANTS = {
    "fused": Variant("full", True, ("text", "image", "tabular"), "fused"),
    "text": Variant("full", True, ("text",), "text"),
    "name": Variant("name", True, ("text",), "name"),
    "image": Variant("", False, ("image",), "image"),
    "text, no sentence vectors": Variant("full", False, ("text",), "text"),
    "fused, no sentence vectors": Variant("full", False, ("text", "image", "tabular"), "fused"),
}


def sentences_of(data: Data) -> dict[str, np.ndarray]:
    """MiniLM vectors by what is read: `full` is name and description here, without the specifications."""
    prose = [replace(item, brand="", attributes={}) for item in data.items]
    return {
        "full": replace(data, items=prose, _sentences={}).sentences("full"),
        "name": data.sentences("name"),
    }


def run(
    data: Data,
    sentences: dict[str, np.ndarray],
    variant: Variant,
    *,
    fold: int,
    train_rows: np.ndarray,
    test_rows: np.ndarray,
    settings: Any,
    scratch: Path,
) -> dict[str, Any]:
    """Fit everything on one training fold, score its test fold."""
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.model_selection import StratifiedShuffleSplit

    from models.inference.product_encoder import ProductEncoder
    from models.training.train import train

    began = time.perf_counter()
    labels = data.targets["l1"]
    shutil.rmtree(scratch, ignore_errors=True)
    divide = StratifiedShuffleSplit(1, test_size=0.1, random_state=fold)
    _, held = next(divide.split(train_rows, labels[train_rows]))
    split = np.full(len(data), "test", dtype="U10")
    split[train_rows] = "train"
    split[train_rows[held]] = "validation"

    chosen = settings.model_copy(
        update={"model": settings.model.model_copy(update={"modalities": variant.modalities})}
    )
    fit = np.flatnonzero(split == "train")
    features = data.table(fit, chosen, variant.text, variant.modalities, sentence=False)
    if variant.sentence:
        features.modalities["text"].values["sentence"] = sentences[variant.text]
    report = train(
        features,
        labels,
        data.names["l1"],
        data.log_price,
        split,
        chosen,
        None,
        scratch / "model",
        scratch / "run",
    )
    encoder = ProductEncoder.load(scratch / "model")

    def score(only: list[str] | None) -> dict[str, float]:
        seen = features if only is None else features.only(only)
        rows = test_rows[seen.present()[test_rows].any(axis=1)]
        guess = encoder.classify_features(features.take(rows), only).argmax(axis=1)
        truth = labels[rows]
        return {
            "accuracy": float(accuracy_score(truth, guess)),
            "macro_f1": float(f1_score(truth, guess, average="macro")),
            "rows": len(rows),
        }

    result = {**score(None), "best_epoch": report.best_epoch, "epochs": report.epochs}
    if len(variant.modalities) > 1:
        result["seen_through"] = {name: score([name]) for name in variant.modalities}
    shutil.rmtree(scratch, ignore_errors=True)
    return {**result, "seconds": round(time.perf_counter() - began, 1)}


def summary(runs: dict[str, dict[str, Any]], settings: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a variant (and, for fused models, a modality seen alone) and metric."""
    rows = []
    for name in VARIANTS:
        folds = [runs[f"{name}/{f}"] for f in range(FOLDS) if f"{name}/{f}" in runs]
        if not folds:
            continue
        views = {name: folds}
        for modality in folds[0].get("seen_through", {}):
            views[f"{name}, seen through {modality} alone"] = [f["seen_through"][modality] for f in folds]
        for view, scores in views.items():
            for metric in ("accuracy", "macro_f1"):
                values = [s[metric] for s in scores]
                rows.append(
                    {
                        "variant": view,
                        "metric": metric,
                        "mean": round(float(np.mean(values)), 4),
                        "sd": round(float(np.std(values)), 4),
                        "per_fold": [round(v, 4) for v in values],
                        "seconds": round(sum(f["seconds"] for f in folds), 1),
                        "settings": settings,
                    }
                )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows beside the baselines, as text."""
    f1 = {r["variant"]: r for r in rows if r["metric"] == "macro_f1"}
    lines = [f"{'variant':<46}{'accuracy':>16}{'macro F1':>10}{'folds':>7}{'s':>8}   baseline"]
    for row in rows:
        if row["metric"] != "accuracy":
            continue
        name = row["variant"]
        beside = ""
        if name in VARIANTS:
            what, value = BASELINES[VARIANTS[name].baseline]
            beside = f"{value:.3f}  {what}"
        figure = f"{row['mean']:.3f} +- {row['sd']:.3f}"
        counts = f"{f1[name]['mean']:>10.3f}{len(row['per_fold']):>7}{row['seconds']:>8.0f}"
        lines.append(f"{name:<46}{figure:>16}{counts}   {beside}")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, write the results after each pair, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=Path("workspaces") / ".benchmarks")
    parser.add_argument("--fresh", action="store_true", help="run finished pairs again")
    chosen = parser.parse_args()

    import torch
    from sklearn.model_selection import StratifiedKFold

    from shelfspace.files import read_json, write_json
    from shelfspace.hashing import file_hash, fingerprint
    from shelfspace.settings import load_settings

    torch.set_num_threads(chosen.threads)
    settings = load_settings(
        overrides={"model": {"text": "lstm", "image": "cnn"}, "training": {"device": "cpu"}}
    )
    shown = {
        "preprocessing": settings.preprocessing.model_dump(mode="json"),
        "model": settings.model.model_dump(mode="json", exclude={"modalities"}),
        "training": settings.training.model_dump(mode="json"),
        "seed": settings.seed,
        "folds": FOLDS,
    }
    # Results of other code are not results of this code.
    learning = Path(__file__).resolve().parent.parent / "models"
    key = fingerprint([shown, [(p.name, file_hash(p)) for p in sorted(learning.rglob("*.py"))]])
    runs: dict[str, Any] = {}
    if RESULT.is_file() and not chosen.fresh:
        before = read_json(RESULT)
        if before["key"] == key:
            runs = before["runs"]
    data = read_data("flipkart", settings, chosen.cache)
    sentences = sentences_of(data)
    labels = data.targets["l1"]
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels))
    pairs = [
        (name, fold) for name in chosen.variants for fold in range(FOLDS) if f"{name}/{fold}" not in runs
    ]
    for name, fold in tqdm(pairs, "pairs", mininterval=1):
        variant = VARIANTS[name]
        runs[f"{name}/{fold}"] = run(
            data,
            sentences,
            variant,
            fold=fold,
            train_rows=folds[fold][0],
            test_rows=folds[fold][1],
            settings=settings,
            scratch=chosen.cache / f"run-{os.getpid()}",
        )
        rows = summary(runs, shown)
        machine = {
            "machine": platform.machine(), "threads": chosen.threads, "torch": torch.__version__,
            "cpu": torch.backends.cpu.get_cpu_capability(),
        }  # fmt: skip
        write_json(RESULT, {"key": key, "machine": machine, "runs": runs, "rows": rows})
        tqdm.write(f"{name}, fold {fold}: accuracy {runs[f'{name}/{fold}']['accuracy']:.3f}")
    print(table(summary(runs, shown)))


if __name__ == "__main__":
    main()
