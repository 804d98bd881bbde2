"""Evaluation: the challenger judged on the frozen holdout, its card, and the gate."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from assets.lib.learning import best_values, model_settings, read_catalogue
from assets.lib.preconditions import require_checks
from assets.lib.presentation import markdown_table, result, to_metadata
from assets.lib.shop import Shop
from assets.lib.stage import Facts, Record, build
from releases.champion import champion as current_champion
from releases.champion import champion_model, crown
from shelfspace.files import read_json, write_bytes, write_json, write_text

__all__ = ["champion", "evaluation", "model_card"]

GROUP = "evaluation"
OWNERS = ["team:representation"]


def _holdout(shop: Shop, model: Path) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Evaluate a ProductEncoder folder on the test rows of the frozen split.

    Returns:
        the judgement, the (n, d) vectors of the holdout's readable rows, and their labels.
    """
    from models.evaluation.evaluate import evaluate
    from models.features.catalogue import features_for, label_names_of
    from models.inference.product_encoder import ProductEncoder

    encoder = ProductEncoder.load(model, device=shop.settings.training.device)
    catalogue = read_catalogue(shop)
    features = features_for(encoder, catalogue)
    split = pd.read_parquet(shop.folder("splits") / "splits.parquet").set_index("product_id")["split"]
    side = split.loc[list(features.product_ids)].to_numpy(dtype=str)
    labels = label_names_of(catalogue.products, shop.source.label_level)
    test = np.flatnonzero(side == "test")
    judged = evaluate(
        encoder,
        features,
        labels,
        test,
        shop.settings,
        train_rows=np.flatnonzero(side == "train"),
        texts=list(catalogue.texts["text"]),
    )
    readable = test[features.present()[test].any(axis=1)]
    return judged, encoder.embed_features(features.take(readable)), labels[readable]


@dg.multi_asset(
    # An op of the asset's own name would clash with the job of that name.
    name="judge_challenger",
    specs=[
        dg.AssetSpec(
            "evaluation",
            deps=["challenger", "splits", "products", "texts"],
            group_name=GROUP,
            owners=OWNERS,
            kinds={"scikitlearn"},
            code_version="2",
            description="Accuracy, F1, confusion, ROC and retrieval on the holdout, by what the model sees.",
        )
    ],
)
def evaluation(context: dg.AssetExecutionContext, shop: Shop) -> dg.MaterializeResult:
    """Judge the challenger by every non-empty subset of modalities, beside a simple baseline."""
    inputs = shop.versions("challenger", "splits", "products", "texts")
    require_checks(context.instance, inputs)

    def compute(folder: Path) -> Facts:
        from models.evaluation.headline import headline, summary_rows
        from models.evaluation.leaning import leaning_rows
        from models.evaluation.pictures import pictures
        from models.evaluation.plots import plots_data

        judged, vectors, labels = _holdout(shop, shop.folder("challenger") / "model")
        write_json(folder / "evaluation.json", judged)
        numbers = headline(judged)
        write_json(folder / "metrics.json", numbers)
        (folder / "plots").mkdir()
        for name, table in plots_data(judged).items():
            table.to_csv(folder / "plots" / f"{name}.csv", index=False)
        facts: Facts = {}
        for name, picture in pictures(judged, vectors, labels).items():
            write_bytes(folder / f"{name}.png", picture)
            facts[name] = {"png": f"{name}.png"}
        facts["by_subset"] = markdown_table(pd.DataFrame(summary_rows(judged)).round(3), 20)
        if "modality_weights" in judged:
            weights = pd.DataFrame(leaning_rows(judged["modality_weights"])).round(3)
            facts["modality_weights_table"] = markdown_table(weights, 40)
        facts |= {name: round(value, 4) for name, value in numbers.items()}
        facts["not_measured"] = "; ".join(judged["absent"]) or "nothing was left out"
        return facts

    record = build(
        shop.folder("evaluation"),
        inputs=inputs,
        code_version="2",
        settings=[shop.settings.evaluation.model_dump(), shop.source.label_level],
        compute=compute,
    )
    return result("evaluation", record)


@dg.asset(
    deps=[evaluation, "challenger"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"markdown"},
    code_version="2",
    description="What the model is, what it was trained on, what it is good and bad at.",
)
def model_card(shop: Shop) -> dg.MaterializeResult:
    """Write the challenger's model card from its own figures."""
    inputs = shop.versions("evaluation", "challenger", "splits")
    settings = model_settings(shop)

    def compute(folder: Path) -> Facts:
        from models.evaluation.card import model_card as write_card

        split = shop.record("splits").facts
        card = write_card(
            read_json(shop.folder("evaluation") / "evaluation.json"),
            name=shop.workspace.name,
            data_version=shop.data_version("raw_products"),
            splits={side: split[side] for side in ("train", "validation", "test")},
            settings=settings.model_dump(mode="json"),
            provenance=provenance(shop),
            training=read_json(shop.folder("challenger") / "training.json"),
        )
        write_text(folder / "model_card.md", card)
        return {"card": {"md": card}}

    record = build(
        shop.folder("model_card"),
        inputs=inputs,
        code_version="2",
        settings=[settings.model.model_dump(), settings.training.model_dump()],
        compute=compute,
    )
    return result("model_card", record)


def provenance(shop: Shop) -> dict[str, str]:
    """Where a model or release comes from: data versions, settings, code."""
    from importlib.metadata import version

    best = best_values(shop)
    return {
        "catalogue": shop.workspace.name,
        "snapshot_md5": shop.data_version("raw_products"),
        "products": shop.data_version("products"),
        "splits": shop.data_version("splits"),
        "settings": shop.settings.fingerprint,
        "shelfspace": version("shelfspace"),
        "torch": version("torch"),
        **({} if best is None else {"tuned_by": best.study}),
    }


@dg.asset(
    deps=[evaluation, model_card, "challenger"],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"python"},
    code_version="1",
    output_required=False,
    description="The model that serves. A challenger replaces it only past the gate; else nothing follows.",
)
def champion(
    context: dg.AssetExecutionContext, shop: Shop
) -> Iterator[dg.MaterializeResult | dg.AssetObservation]:
    """Hold the challenger against floors and against the champion on the same holdout."""
    from models.inference.product_encoder import ProductEncoder
    from releases.gate import decide

    workspace = shop.workspace
    require_checks(context.instance, shop.versions("challenger"))
    model = shop.folder("challenger") / "model"
    fingerprint = ProductEncoder.load(model).fingerprint
    reigning = current_champion(workspace)
    challenger_metrics = read_json(shop.folder("evaluation") / "evaluation.json")
    if reigning is not None and reigning["fingerprint"] == fingerprint:
        record = Record(workspace.root / "champion.json", fingerprint, fingerprint, unchanged=True)
        yield result("champion", record, {"fingerprint": fingerprint, "crowned": reigning["crowned"]})
        return
    champion_metrics = None if reigning is None else _holdout(shop, champion_model(workspace))[0]
    verdict = decide(challenger_metrics, champion_metrics, shop.settings.gate)
    sentences = list(dict.fromkeys([*verdict.reasons, *verdict.notes]))
    facts: Facts = {
        "promoted": verdict.promote,
        "reasons": {"md": "\n".join(f"- {sentence}" for sentence in sentences)},
        "fingerprint": fingerprint,
        "cause": shop.cause or "asked for",
    }
    write_json(
        workspace.evaluation / "gate" / "verdict.json",
        {"promoted": verdict.promote, "reasons": sentences, "fingerprint": fingerprint},
    )
    if not verdict.promote:
        context.log.warning("the gate refused the challenger: " + " ".join(verdict.refusals))
        record = Record(workspace.root, fingerprint, fingerprint)
        yield dg.AssetObservation(
            asset_key="champion",
            description="The gate refused the challenger; the champion stays.",
            metadata=to_metadata(facts, record),
        )
        return
    crown(
        workspace,
        model,
        fingerprint,
        {
            "crowned": datetime.now(UTC).isoformat(timespec="seconds"),
            "run_id": context.run.run_id,
            "cause": shop.cause,
            "data": provenance(shop),
            "reasons": verdict.reasons,
        },
    )
    kept = workspace.state / "champions" / fingerprint
    for name in ("evaluation.json", "metrics.json"):
        shutil.copyfile(
            shop.folder("evaluation") / name, workspace.state / "champions" / f"{fingerprint}.{name}"
        )
    shutil.copyfile(
        shop.folder("model_card") / "model_card.md",
        workspace.state / "champions" / f"{fingerprint}.model_card.md",
    )
    yield result("champion", Record(kept, fingerprint, fingerprint), facts)
