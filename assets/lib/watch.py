"""What a check of drift reads: its questions, and what there is to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.lib.shop import Shop
from assets.lib.watched import (
    Watched,
    described_catalogue,
    kept_catalogue,
    learned_ids,
    own_vectors,
    there,
)
from releases.champion import champion_model, crowned
from shelfspace.files import read_parquet

__all__ = ["Watch", "watched"]


@dataclass(frozen=True)
class Watch:
    """The questions of one check.

    Attributes:
        questions: `data_checks.drift.questions.Question`, the catalogue's first.
        kept: folder of what is fixed while the champion serves.
        new_rows: products that came or changed since the champion learned.
        new_labels: of those, the ones with a category.
        clicks: whether clicks judged answers since the ranking was learned.
    """

    questions: Sequence[Any]
    kept: Path
    new_rows: int
    new_labels: int
    clicks: bool


def watched(shop: Shop) -> Watch:
    """Gather the windows of all questions."""
    from data_checks.drift.categories import categories_question, new_categories
    from data_checks.drift.described import changed_since
    from data_checks.drift.questions import catalogue_question, predictions_question
    from data_checks.drift.traffic import clicks_question, sales_question, traffic_questions
    from insights.signals.counting import shown
    from releases.contents import keep_reference

    workspace, settings = shop.workspace, shop.settings.monitoring
    model, since = champion_model(workspace).name, crowned(workspace)
    kept = workspace.state / "drift" / model
    reference = workspace.state / "reference" / model
    if not reference.exists():  # somebody deleted what was damaged: from now on the present one stands for it
        seen = described_catalogue(shop, learned_ids(shop))
        keep_reference(reference, shop.embedded_products(), shop.vectors(), seen, own_vectors(shop))
    then = kept_catalogue(reference, shop.source.label_level)
    now = _present(shop, then)
    categories = categories_question(now.described, then.described, settings)
    new = new_categories(categories)
    asked: list[Any] = [
        catalogue_question(now.described, then.described, settings, now.own, then.own),
        categories,
        predictions_question(now.described, then.described, settings, now.fused, then.fused, new),
        *traffic_questions(
            read_parquet(shop.folder("live_requests") / "requests.parquet"), since, settings, kept
        ),
    ]
    if there(shop, ["events"]):
        asked.append(sales_question(shop.table("events"), shop.table("products"), since, settings, kept))
    if there(shop, ["interactions"]):
        asked.append(clicks_question(shown(shop.table("interactions")), since, settings, kept))
    fresh = changed_since(now.described, then.described)
    labelled = now.described["label"].ne("").to_numpy()
    return Watch(
        [question for question in asked if question is not None],
        kept,
        int(fresh.sum()),
        int((fresh & labelled).sum()),
        _clicks_to_learn_from(shop),
    )


def _present(shop: Shop, then: Watched) -> Watched:
    """The present catalogue; what the champion learned from is what was kept of it."""
    from data_checks.drift.described import projected

    kept = then.described
    learned = set(kept.loc[kept["learned"], "product_id"]) if "learned" in kept else set()
    fused = projected({"fused": shop.vectors()})
    return Watched(described_catalogue(shop, learned), own_vectors(shop), fused)


def _clicks_to_learn_from(shop: Shop) -> bool:
    """Whether clicks judge answers otherwise than when the ranking was learned."""
    if len(there(shop, ["click_judgements", "search_fusion"])) < 2:
        return False
    judged = shop.folder("click_judgements") / "click_judgements.parquet"
    learned = shop.folder("search_fusion") / "record.json"
    return judged.stat().st_mtime > learned.stat().st_mtime and len(read_parquet(judged)) > 0
