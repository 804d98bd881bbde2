"""Evaluation: the challenger judged on the frozen holdout, its card, and the gate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from assets.lib.checks import require_checks
from assets.lib.experiments import note_judged
from assets.lib.learning import model_settings, read_catalogue
from assets.lib.presentation import table_fact, to_metadata
from assets.lib.provenance import challenger_made_by, provenance, training_provenance
from assets.lib.record import Facts, Record
from assets.lib.refusals import refusals_first
from assets.lib.shop import Shop
from assets.lib.stage import result, stage
from releases.champion import champion as current_champion
from releases.champion import champion_model, crown, note_verdict
from shelfspace.errors import ArtifactError
from shelfspace.files import read_json, read_parquet, write_text

if TYPE_CHECKING:
    from catalog.product import ProductInput
    from models.evaluation.catalogue import JudgedCatalogue
    from releases.gate import Verdict

__all__ = ["champion", "evaluation", "model_card"]

ASKED, TIMED = 40, 5
"""Products of the holdout that are looked at, and of those the ones that two models are timed by."""
HEADLINE = ("accuracy", "baseline_accuracy", "macro_f1", "roc_auc", "same_category_recall_at_10")
"""Figures that people look for first."""

judging = partial(stage, group="evaluation", owners=["team:representation"])


@judging(
    folder="evaluation/holdout",
    deps=["challenger", "splits", "products", "texts"],
    settings=lambda shop: [shop.settings.evaluation.model_dump(), shop.source.label_level],
    kinds={"scikitlearn"},
    description="Accuracy, F1, confusion, ROC and retrieval on the holdout, by what the model sees.",
    op="judge_challenger",
    code_version="5",
)
def evaluation(shop: Shop, folder: Path) -> Facts:
    """Judge the challenger by every non-empty subset of modalities, beside a simple baseline."""
    from models.evaluation.catalogue import save_judgement
    from models.evaluation.headline import summary_rows
    from models.evaluation.leaning import leaning_rows

    judged = _judged(shop, shop.folder("challenger") / "model")
    facts: Facts = {name: {"png": f"{name}.png"} for name in save_judgement(judged, folder)}
    said = judged.judgement
    facts["by_subset"] = table_fact(pd.DataFrame(summary_rows(said)).round(3), 20)
    if "modality_weights" in said:
        weights = pd.DataFrame(leaning_rows(said["modality_weights"])).round(3)
        facts["modality_weights_table"] = table_fact(weights, 40)
    if "labels_compared" in said:
        facts["labels_compared"] = {"json": said["labels_compared"]}
    if "completion_compared" in said:
        facts["completion_compared"] = {"json": said["completion_compared"]}
    if "known_item" in said["retrieval"]:
        facts["listings_by_title"] = {"json": said["retrieval"]["known_item"]}
    metrics = read_json(folder / "metrics.json")
    first = {name: metrics[name] for name in HEADLINE if name in metrics}
    facts |= {name: round(value, 4) for name, value in (first | metrics).items()}
    facts["not_measured"] = "; ".join(said["absent"]) or "nothing was left out"
    return facts


def _judged(shop: Shop, model: Path) -> "JudgedCatalogue":
    from models.evaluation.catalogue import judge_catalogue

    split, level = shop.split(), shop.source.label_level
    return judge_catalogue(model, read_catalogue(shop), split["split"], shop.settings, level, split["group"])


@judging(
    folder="evaluation/model_card",
    deps=["evaluation", "challenger"],
    inputs=["evaluation", "challenger", "splits"],
    settings=lambda shop: list(model_settings(shop).model_dump(include={"model", "training"}).values()),
    code_version="5",
    kinds={"markdown"},
    description="What the model is, what it was trained on, what it is good and bad at.",
)
def model_card(shop: Shop, folder: Path) -> Facts:
    """Write the challenger's model card from its own figures."""
    from models.evaluation.card import model_card as write_card

    split = shop.record("splits").facts
    card = write_card(
        read_json(shop.folder("evaluation") / "evaluation.json"),
        name=shop.workspace.name,
        data_version=shop.data_version("raw_products"),
        splits={side: split[side] for side in ("train", "validation", "test")},
        settings=model_settings(shop).model_dump(mode="json"),
        provenance=training_provenance(shop),
        training=read_json(shop.folder("challenger") / "training.json"),
    )
    write_text(folder / "model_card.md", card)
    return {"card": {"md": card}}


@dg.asset(
    deps=["evaluation", "model_card", "challenger"],
    group_name="evaluation",
    owners=["team:representation"],
    kinds={"python"},
    code_version="2",
    output_required=False,
    check_specs=[
        dg.AssetCheckSpec(
            "gate",
            asset="champion",
            description="The last challenger passed the gate. A refused one fails it and stops nothing.",
        )
    ],
    description="The model that serves. A challenger replaces it only past the gate; else it stays.",
)
def champion(
    context: dg.AssetExecutionContext, shop: Shop
) -> Iterator[dg.MaterializeResult | dg.AssetObservation | dg.AssetCheckResult]:
    """Hold the challenger against floors and against the champion on the same holdout."""
    with refusals_first():
        yield from _judged_by_the_gate(context, shop)


def _judged_by_the_gate(
    context: dg.AssetExecutionContext, shop: Shop
) -> Iterator[dg.MaterializeResult | dg.AssetObservation | dg.AssetCheckResult]:
    from models.inference.product_encoder import ProductEncoder
    from releases.bars import after_rollback, refusal
    from releases.gate import Judged, decide
    from releases.gate.cost import costs
    from releases.gate.pictures import lines_table

    workspace = shop.workspace
    require_checks(context, shop, ["challenger"])
    model, judged = shop.folder("challenger") / "model", shop.folder("evaluation")
    fingerprint = ProductEncoder.load(model).fingerprint
    reigning = _reigning(context, shop)
    if reigning is not None and reigning["fingerprint"] == fingerprint:
        record = Record(workspace.root / "champion.json", fingerprint, fingerprint, unchanged=True)
        facts: Facts = {"fingerprint": fingerprint, "crowned": reigning["crowned"]}
        yield result(context, "champion", record, facts)
        yield gate_check(None, [])
        return
    mine = Judged(read_json(judged / "evaluation.json"), read_parquet(judged / "outcomes.parquet"))
    beside = None
    if reigning is not None:
        # Judged anew: the holdout may have grown since, and older judgements kept no outcome of a product.
        again = _judged(shop, champion_model(workspace))
        both = sorted({*again.outcomes["product_id"]} & {*mine.outcomes["product_id"]})
        ours, theirs = costs([model, champion_model(workspace)], _some_products(shop, both[:ASKED]))
        mine, beside = replace(mine, cost=ours), Judged(again.judgement, again.outcomes, theirs)
    verdict = refusal(workspace, fingerprint, mine.evaluation["holdout"])
    if verdict is None:
        verdict = decide(mine, beside, shop.settings.gate).noting(after_rollback(workspace.root, reigning))
    sentences = note_verdict(workspace, verdict, fingerprint)
    noted = note_judged(shop, fingerprint, verdict)
    compared: Facts = {}
    if verdict.lines:
        compared = {
            "compared": table_fact(lines_table(verdict.lines), len(verdict.lines), 80),
            "forest": {"png": str(workspace.evaluation / "gate" / "forest.png")},
        }
    facts = {
        **compared,
        "promoted": verdict.promote,
        "reasons": table_fact(pd.DataFrame({"the gate says": sentences}), len(sentences), 300),
        "fingerprint": fingerprint,
        "cause": shop.cause or "asked for",
        **noted,
    }
    if not verdict.promote:
        stays = "no model is champion yet" if reigning is None else "the champion stays"
        context.log.warning(f"the gate refused the challenger, {stays}: {'; '.join(verdict.refusals)}")
        yield dg.AssetObservation(
            asset_key="champion",
            description=f"The gate refused the challenger; {stays}.",
            metadata=to_metadata(facts, workspace.root, context.instance),
        )
        if reigning is not None:
            # What was collected is released all the same, under the model that stays.
            stays = reigning["fingerprint"]
            record = Record(champion_model(workspace), stays, stays, unchanged=True)
            yield result(context, "champion", record, {**facts, "fingerprint": stays})
        yield gate_check(verdict, sentences, to_metadata(compared, workspace.root, context.instance))
        return
    kept = crown(
        workspace,
        model,
        fingerprint,
        {
            "run_id": context.run.run_id,
            "cause": shop.cause,
            "data": provenance(shop),
            "made_by": challenger_made_by(shop),
            "reasons": verdict.reasons,
        },
        [judged / "evaluation.json", judged / "metrics.json", shop.folder("model_card") / "model_card.md"],
    )
    yield result(context, "champion", Record(kept, fingerprint, fingerprint), facts)
    yield gate_check(verdict, sentences, to_metadata(compared, workspace.root, context.instance))


def _some_products(shop: Shop, ids: Sequence[str]) -> "list[ProductInput]":
    """The most complete of some products with a photo and a sound each, as a request brings them."""
    from models.features.catalogue import product_items

    catalogue = read_catalogue(shop, ids)
    items = product_items(catalogue.products)
    for i, row in enumerate(catalogue.products[["photos", "sounds"]].to_dict("records")):
        photos, sounds = ([key for key in row[name][:1] if key in catalogue.media] for name in row)
        read = catalogue.media.read
        items[i] = replace(items[i], photos=tuple(map(read, photos)), sounds=tuple(map(read, sounds)))
    return sorted(items, key=lambda item: -len(item.photos) - len(item.sounds))[:TIMED]


def _reigning(context: dg.AssetExecutionContext, shop: Shop) -> Facts | None:
    """What is known of the champion; None without one, and where its files are gone from everywhere."""
    reigning = current_champion(shop.workspace)
    if reigning is not None:
        try:
            champion_model(shop.workspace)
        except ArtifactError as gone:
            context.log.warning(f"{gone}; the challenger is held against the floors alone")
            return None
    return reigning


def gate_check(
    verdict: "Verdict | None", sentences: list[str], compared: Mapping[str, Any] | None = None
) -> dg.AssetCheckResult:
    """What the gate decided, as a check of the champion; None: there was nothing to judge.

    Args:
        compared: metadata of what was compared: a table and a picture.
    """
    if verdict is None:
        return dg.AssetCheckResult(
            passed=True,
            asset_key="champion",
            check_name="gate",
            description="Nothing was judged: the challenger is the champion.",
        )
    said = "; ".join(verdict.refusals) or "; ".join(sentences)
    return dg.AssetCheckResult(
        passed=verdict.promote,
        asset_key="champion",
        check_name="gate",
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{'Promoted' if verdict.promote else 'Refused'}: {said}",
        metadata={
            "refusals": len(verdict.refusals),
            "judged": len(verdict.reasons) - len(verdict.notes),
            **(compared or {}),
        },
    )
