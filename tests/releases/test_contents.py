"""The model card of a release says who ranks each kind of query, and who finds what is like a product."""

from releases.contents import released_card
from retrieval.ranking.answers import floors_said
from retrieval.ranking.candidates import KINDS
from retrieval.ranking.fusion import FusionModel


def test_the_card_says_who_ranks_and_by_how_much() -> None:
    said = "sum is used: learned 0.700, sum 0.690 (+0.010, 95% interval -0.010 to +0.030, 90 rows)"
    measured = {"queries": 400, "without_answer": 90, "nothing_when_nothing": 0.98, "wrongly_empty": 0.005}
    card = released_card(
        "# Model\n",
        FusionModel(rules={"long": "sum"}, compared={"long": {"said": said}}),
        {"photo": measured} | floors_said({}, ["audio"]),
    )
    assert card.startswith("# Model\n\n## Who ranks a query\n")
    assert f"| long | rule: sum | {said} |" in card
    assert "| photo | rule: akin | not compared: too few queries |" in card
    assert all(f"| {kind} |" in card for kind in KINDS)
    assert "| photo | 90 | 0.98 | 400 | 0.005 |" in card
    assert "| sound | no floor: " in card


def test_the_card_says_whether_purchases_find_what_is_like_a_product() -> None:
    verdict = {
        "encoder": "graphsage",
        "used": True,
        "said": "learned is used: learned 0.300, unrefined 0.100",
    }
    card = released_card("# Model\n", FusionModel(), {}, verdict)
    assert "Found by vectors refined by graphsage." in card
    assert f"on later baskets: {verdict['said']}." in card
    lost = released_card("# Model\n", FusionModel(), {}, {**verdict, "used": False})
    assert "Found by the vectors as they are." in lost
    assert "What is like a product" not in released_card("# Model\n", FusionModel(), {})
