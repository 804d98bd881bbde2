"""A category that the champion never learned asks at once, once, and no typo does."""

from pathlib import Path

import pandas as pd
import pytest

from data_checks.drift.categories import categories_question, new_categories, write_categories_page
from data_checks.drift.check import judge_questions, said, summary
from data_checks.drift.decision import Decision, decide
from data_checks.drift.questions import Question, predictions_question
from data_checks.drift.verdict import Verdict
from shelfspace.settings import Monitoring
from tests.data_checks.drift.test_questions import catalogue, seen

SETTINGS = Monitoring(min_requests=20, window_rows=60, window_days=0)
LEARNED = catalogue(200)
THEN = seen(LEARNED, set(LEARNED["product_id"][::2]))


def come(*labels: str, start: str = "2026-01-01") -> pd.DataFrame:
    """The catalogue and one product more a label."""
    products = catalogue(len(labels), 3, start).assign(category=list(labels))
    return pd.concat([THEN, seen(products)], ignore_index=True)


def asked(now: pd.DataFrame, then: pd.DataFrame = THEN) -> tuple[Question, Verdict]:
    question = categories_question(now, then, SETTINGS)
    assert question is not None
    (verdict,) = judge_questions([question], Path("nowhere"))
    return question, verdict


def test_enough_products_of_a_category_that_was_never_learned_retrain_at_once(tmp_path: Path) -> None:
    now = come(*["Home > Kettles"] * 11, "Home > Mugs")
    question, verdict = asked(now)
    assert (verdict.kind, verdict.drifted, verdict.provisional) == ("new_category", True, False)
    assert "'Home > Kettles' with 11 products, never learned" in verdict.cause
    decision = decide([verdict], new_data=True, new_labels=True, clicks=False)
    assert decision.action == "retrain"
    assert "Kettles" in decision.reason
    assert new_categories(question) == {"Home > Kettles"}
    write_categories_page(tmp_path / "page.html", verdict)
    assert "<td>Home &gt; Kettles</td><td>11" in (tmp_path / "page.html").read_text().replace(" <", "<")


@pytest.mark.parametrize(
    "labels",
    [
        ["Home > Kettles"] * 10,  # too few
        ["Home > Mugs"] * 90,  # known
        [f"Home > Mgus{n}" for n in range(30)],  # typos
        ["Home"] * 30,  # above the level: no label
    ],
)
def test_too_few_typos_and_what_is_known_ask_for_nothing(labels: list[str]) -> None:
    _, verdict = asked(come(*labels))
    assert (verdict.drifted, verdict.kind, said(verdict)) == (False, "", "quiet"), verdict.cause


def test_in_a_large_catalogue_more_are_asked_for() -> None:
    many = pd.concat([THEN, seen(catalogue(1100, 5, "2026-02-01"))], ignore_index=True)
    kettles = seen(catalogue(14, 3, "2026-01-01").assign(category="Home > Kettles"))
    for count, drifted in ((13, False), (14, True)):
        _, verdict = asked(pd.concat([many.head(1288), kettles.head(count)], ignore_index=True))
        assert verdict.drifted == drifted, verdict.cause


def test_what_had_its_chance_and_what_was_learned_from_three_is_not_new() -> None:
    then = come(*["Home > Kettles"] * 11, *["Home > Lamps"] * 3)
    then["learned"] |= then["label"].eq("Home > Lamps")
    now = pd.concat(
        [then, seen(catalogue(30, 4, "2026-03-01").assign(category="Home > Lamps"))], ignore_index=True
    )
    _, verdict = asked(now, then)
    assert not verdict.drifted, verdict.cause
    fewer = then.assign(learned=then["learned"] & ~then["label"].eq("Home > Lamps"))
    assert asked(now, fewer)[1].drifted, "known from none"


def test_the_same_news_asks_once_though_the_gate_refuses_and_windows_find_it_later() -> None:
    now = come(*["Home > Kettles"] * 60)
    question, certain = asked(now)
    retrain = Decision("retrain", "")

    def key(data: str, *others: Verdict, verdict: Verdict = certain) -> str:
        verdicts = [verdict, *others]
        return str(summary(verdicts, [question] * len(verdicts), retrain, "champion", data)["key"])

    def other(name: str, kind: str, drifted: bool = True) -> Verdict:
        rows = {"current": 1, "reference": 1}
        return Verdict(name, drifted, not drifted, True, (), kind, "", "", False, {}, {}, rows, 3)

    first = key("a")
    assert first == key("b"), "more products of it"
    assert first == key("b", other("catalogue", "new_category"))
    assert first == key(
        "b", other("traffic search", "queries"), other("predictions", "labels", drifted=False)
    )
    assert first != key("b", other("catalogue", "price"))
    _, two = asked(come(*["Home > Kettles"] * 60, *["Home > Lamps"] * 12))
    assert first != key("b", verdict=two)


def test_the_champion_is_not_asked_about_what_it_cannot_name() -> None:
    now = come(*["Home > Kettles"] * 60)
    question, _ = asked(now)
    found = predictions_question(now, THEN, SETTINGS, {}, {}, new_categories(question))
    assert found is not None
    assert not found.windows
    assert predictions_question(now, THEN, SETTINGS, {}, {}).windows  # type: ignore[union-attr]


def test_without_labels_or_without_knowing_what_was_learned_nothing_is_asked() -> None:
    assert categories_question(THEN.assign(label=""), THEN, SETTINGS) is None
    assert categories_question(THEN, THEN.drop(columns="learned"), SETTINGS) is None
