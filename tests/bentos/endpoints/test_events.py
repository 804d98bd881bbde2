"""/events: what is taken of whom, once, and what is refused with its reason."""

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bentos.endpoints.events import EventsAnswer
from catalog.interactions.reading import read_interactions
from catalog.snapshot.user_key import order_pseudonym, pseudonym, user_key
from tests.bentos.house import House, error_of
from tests.bentos.shop import Shop
from tests.conftest import PROJECT

NUMBERS = itertools.count()


def event(**said: object) -> dict:
    told = {"event_id": f"e{next(NUMBERS)}", "session": "s1", "kind": "click", "product_id": "P001"}
    return {**told, **said}


def told(answer: httpx.Response) -> tuple[int, int, list[str]]:
    """Events taken and repeated, and the fields of the refused ones."""
    assert answer.status_code == 200, answer.text
    found = EventsAnswer.model_validate(answer.json())
    return found.taken, found.repeated, [one.field for one in found.refused]


@pytest.fixture
def house(shop: Shop, tmp_path: Path) -> Iterator[House]:
    house = House(shop, tmp_path / "open", log_query_text=True)
    yield house
    house.application.close()


def test_events_are_kept_as_they_were_told(house: House) -> None:
    sent = [
        event(position=2, query_id="q1", query=" blue \n shoe ", release=house.application.engine.loaded.id),
        event(kind="impression", product_id="P002"),
    ]
    assert told(house.client().post("/events", json={"events": sent})) == (2, 0, [])
    kept, refused = read_interactions(house.live)
    assert kept["event_id"].tolist() == [one["event_id"] for one in sent]
    first = kept.iloc[0]
    assert (first["position"], first["query_id"], first["query"]) == (2, "q1", "blue shoe")
    assert (first["session"], first["user_id"], first["keyed"]) == ("s1", "", 0)
    assert abs(first["time"] - datetime.now(UTC).timestamp()) < 60
    assert refused.empty


def test_the_words_of_a_search_are_kept_only_where_texts_are(shop: Shop, tmp_path: Path) -> None:
    house = House(shop, tmp_path)
    try:
        assert told(house.client().post("/events", json={"event": event(query="my own name")})) == (1, 0, [])
        assert read_interactions(house.live)[0]["query"].tolist() == [""]
        assert b"my own name" not in (house.live / "interactions.db").read_bytes()
    finally:
        house.application.close()


def test_an_event_that_comes_again_counts_once_also_after_a_restart_and_late(
    shop: Shop, tmp_path: Path
) -> None:
    sent = event(time=(datetime.now(UTC) - timedelta(days=20)).isoformat())
    for expected in ((1, 0, []), (0, 1, [])):
        house = House(shop, tmp_path)
        try:
            assert told(house.client().post("/events", json={"event": sent})) == expected
            again = {"events": [sent, {**sent, "session": "another"}]}
            assert told(house.client().post("/events", json=again)) == (0, 2, [])
        finally:
            house.application.close()
    kept, _ = read_interactions(tmp_path / "live")
    assert kept["session"].tolist() == ["s1"]


def test_the_good_ones_of_a_batch_are_kept_and_each_refusal_is_said(house: House) -> None:
    now = datetime.now(UTC)
    wrong = {
        "product_id": event(product_id="P999"),
        "release": event(release="000009-deadbeef"),
        "time": event(time=(now + timedelta(hours=1)).isoformat()),
        "position": event(position=0),
        "kind": event(kind="purchase"),
        "session": event(session="a\tb"),
        "colour": event(colour="blue"),
        "event_id": event(event_id=""),
    }
    old = event(time=(now - timedelta(days=31)).isoformat())
    whole = event(position=1.5)
    sent = [event(), *wrong.values(), event(), old, whole]
    answer = house.client().post("/events", json={"events": sent})
    assert told(answer) == (2, 0, [f"events[{n}].{f}" for n, f in enumerate(wrong, 1)]
                            + ["events[10].time", "events[11].position"])  # fmt: skip
    assert all(one["remedy"] for one in answer.json()["refused"])
    kept, refused = read_interactions(house.live)
    assert len(kept) == 2
    assert refused["field"].tolist() == [*wrong, "time", "position"]
    assert refused["event_id"].tolist()[0] == wrong["product_id"]["event_id"]
    assert "\t" not in "".join(refused["value"])


def test_where_none_is_taken_the_first_reason_is_the_answer_and_all_are_said(house: House) -> None:
    answer = house.client().post(
        "/events", json={"events": [event(product_id="nothing"), event(position=-1)]}
    )
    assert error_of(answer, 404)["field"] == "events[0].product_id"
    assert [one["field"] for one in answer.json()["refused"]] == [
        "events[0].product_id", "events[1].position",
    ]  # fmt: skip


def test_a_purchase_needs_a_key_of_its_scope_also_where_there_are_no_keys(
    house: House, keyed: House, shop: Shop
) -> None:
    key = user_key(shop.workspace.state)
    bought = event(kind="purchase", quantity=2, unit_price=9.5, order_id="o1")
    assert error_of(house.client().post("/events", json={"event": bought}), 403)["field"] == "event.kind"
    assert error_of(keyed.client().post("/events", json={"event": bought}), 401)["field"] == "event.kind"
    assert error_of(keyed.client("both").post("/events", json={"event": bought}), 403)
    assert told(keyed.client("events").post("/events", json={"event": bought})) == (1, 0, [])
    wrong = keyed.client()
    wrong.headers["x-api-key"] = "shelfspace_wrong"
    assert error_of(wrong.post("/events", json={"event": event()}), 401)["field"] == "key"
    kept, _ = read_interactions(keyed.live)
    assert kept[["kind", "quantity", "unit_price", "order_id", "keyed"]].values.tolist() == [
        ["purchase", 2, 9.5, order_pseudonym("o1", key), 1]
    ]


def test_nobody_without_a_key_takes_the_id_of_a_purchase_to_come(keyed: House) -> None:
    claimed = event(event_id="order-17")
    assert told(keyed.client().post("/events", json={"event": claimed})) == (1, 0, [])
    bought = event(event_id="order-17", kind="purchase")
    assert told(keyed.client("events").post("/events", json={"event": bought})) == (1, 0, [])


def test_a_shopper_is_kept_as_the_sales_log_has_them(keyed: House, shop: Shop) -> None:
    path = shop.workspace.state / "user.key"
    path.unlink(missing_ok=True)
    sent = event(user_id="17850", kind="purchase")
    answer = error_of(keyed.client("events").post("/events", json={"event": sent}), 400)
    assert answer["field"] == "event.user_id"
    assert "service.user_key_file" in answer["remedy"]
    assert "17850" not in str(answer)
    key = user_key(shop.workspace.state)
    assert told(keyed.client("events").post("/events", json={"event": sent})) == (1, 0, [])
    kept, refused = read_interactions(keyed.live)
    assert kept["user_id"].tolist() == [pseudonym("17850", key)]
    assert b"17850" not in b"".join(file.read_bytes() for file in keyed.live.glob("interactions.db*"))
    assert refused["value"].tolist() == [""]
    assert error_of(keyed.client().post("/events", json={"event": event(user_id="17850")}), 401)


def test_an_order_without_the_key_of_the_hashes_is_refused_without_its_number(
    keyed: House, shop: Shop
) -> None:
    key = shop.workspace.state / "user.key"
    key.unlink(missing_ok=True)
    bought = event(kind="purchase", order_id="7700-42")
    answer = error_of(keyed.client("events").post("/events", json={"event": bought}), 400)
    assert answer["field"] == "event.order_id"
    assert "7700-42" not in str(answer)
    user_key(shop.workspace.state)
    assert told(keyed.client("events").post("/events", json={"event": bought})) == (1, 0, [])
    assert b"7700-42" not in b"".join(file.read_bytes() for file in keyed.live.glob("interactions.db*"))


def test_a_batch_that_is_too_large_is_refused(house: House) -> None:
    answer = house.client().post("/events", json={"events": [event() for _ in range(501)]})
    assert error_of(answer, 413)["remedy"] == "send at most 500 a request"
    assert told(house.client().post("/events", json={"events": [event() for _ in range(500)]})) == (
        500,
        0,
        [],
    )


def test_ids_of_ten_megabytes_are_not_even_read(house: House) -> None:
    answer = house.client().post("/events", json={"event": event(event_id="x" * 10_000_000)})
    assert error_of(answer, 413)["remedy"] == "send at most 1000000 bytes a request"


def test_whoever_sends_too_much_without_a_key_waits(shop: Shop, tmp_path: Path) -> None:
    house = House(shop, tmp_path, keyed=True)
    strangers = house.application.door.strangers
    strangers.rate, strangers._burst = 0.01, 20
    try:
        many = {"events": [event() for _ in range(30)]}
        statuses = [house.client().post("/events", json=many).status_code for _ in range(2)]
        assert statuses == [200, 429], "thirty at once are more than an address may send"
        assert house.client().post("/events", json={}).status_code == 429
        assert told(house.client("events").post("/events", json=many)) == (30, 0, [])
    finally:
        house.application.close()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"event_id": "x" * 900_000}, "event.event_id"),
        ({"product_id": "x" * 900_000}, "event.product_id"),
        ({"position": 2**70}, "event.position"),
        ({"position": "NaN"}, "event.position"),
        ({"position": True}, "event.position"),
        ({"session": "\u202etfel"}, "event.session"),
        ({"time": "yesterday"}, "event.time"),
        ({"time": 1_700_000_000}, "event.time"),
        ({"user_id": 17850}, "event.user_id"),
        ({"kind": ["click"]}, "event.kind"),
    ],
)
def test_odd_values_are_refused_with_their_field(house: House, said: dict, field: str) -> None:
    answer = house.client().post("/events", json={"event": event(**said)})
    refused = error_of(answer, 422)
    assert refused["field"] == field
    assert len(answer.content) < 2000, "an answer does not repeat what was sent"


def test_what_the_page_of_the_documentation_sends_is_taken(keyed: House, shop: Shop) -> None:
    user_key(shop.workspace.state)
    page = (PROJECT / "docs" / "events.md").read_text().replace("p00017", "P001")
    seen, order = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert told(keyed.client().post("/events", json=json.loads(seen))) == (2, 0, [])
    assert error_of(keyed.client().post("/events", json=json.loads(order)), 401)
    assert told(keyed.client("events").post("/events", json=json.loads(order))) == (1, 0, [])


def test_identifiers_in_any_script_are_told_apart(house: House) -> None:
    sent = [event(event_id=one) for one in ("订单-1", "e\u0301", "\u00e9")]
    assert told(house.client().post("/events", json={"events": sent})) == (3, 0, [])


def test_nan_is_no_json(house: House) -> None:
    body = json.dumps({"event": event(position=float("nan"))})
    answer = house.client().post("/events", content=body, headers={"content-type": "application/json"})
    assert error_of(answer, 400)["field"] == "body"


def test_a_full_disk_is_told_and_nothing_is_kept_by_half(house: House) -> None:
    assert told(house.client().post("/events", json={"event": event()})) == (1, 0, [])
    log = house.application.backend.interactions._log
    assert log is not None
    many = {"events": [event(query="words " * 30) for _ in range(500)]}
    # No page more than there are: SQLite fails as on a full disk.
    log._database.execute("PRAGMA max_page_count = 1")
    refused = error_of(house.client().post("/events", json=many), 507)
    assert refused["field"] == "events"
    assert "nothing of this request was kept" in refused["remedy"]
    assert len(read_interactions(house.live)[0]) == 1
    log._database.execute("PRAGMA max_page_count = 1000000")
    assert told(house.client().post("/events", json=many)) == (500, 0, [])


def test_a_folder_that_somebody_cleared_is_begun_anew(house: House) -> None:
    assert told(house.client().post("/events", json={"event": event()})) == (1, 0, [])
    for file in house.live.glob("interactions.db*"):
        file.unlink()
    assert told(house.client().post("/events", json={"event": event()})) == (1, 0, [])
    assert len(read_interactions(house.live)[0]) == 1


def test_a_page_of_another_site_sends_nothing(house: House) -> None:
    answer = house.client().post(
        "/events",
        json={"event": event()},
        headers={"sec-fetch-site": "cross-site", "origin": "http://evil.example"},
    )
    assert error_of(answer, 403)["field"] == "Origin"
