"""Which rows are the windows of which question, and that a reference stays where it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_checks.drift.check import judge_questions, summary
from data_checks.drift.decision import Decision, decide
from data_checks.drift.described import changed_since, described, projected
from data_checks.drift.history import add_check, check_rows, read_history, since_when
from data_checks.drift.questions import catalogue_question, predictions_question, window_rows
from data_checks.drift.reference import LOG_COLUMNS
from data_checks.drift.traffic import clicks_question, sales_question, traffic_questions
from shelfspace.settings import Monitoring

SETTINGS = Monitoring(min_requests=20, window_rows=60, window_days=0)
CROWNED = pd.Timestamp("2026-03-01", tz="UTC")
GREY = 64


def catalogue(rows: int, seed: int = 0, start: str = "2025-01-01", brightness: float = 0.8) -> pd.DataFrame:
    """Clean products with a photo each, one an hour."""
    rng = np.random.default_rng(seed)
    ids = [f"{start}-{number}" for number in range(rows)]
    return pd.DataFrame(
        {
            "product_id": ids,
            "title": [f"thing {word}" for word in rng.integers(0, 999, rows)],
            "description": "",
            "category": rng.choice(["Home > Mugs", "Home > Pots"], rows),
            "brand": "",
            "price": rng.lognormal(3, 0.3, rows).round(2),
            "attributes": "{}",
            "photos": [[f"{one}.jpg"] for one in ids],
            "sounds": [[]] * rows,
            "language": "en",
            "updated_at": pd.date_range(start, periods=rows, freq="h", tz="UTC"),
        }
    )


def findings(products: pd.DataFrame, brightness: float = 0.8, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    light = np.clip(rng.normal(brightness * 255, 20, len(products)), 0, 255).astype(int)
    looks = [bytes([grey] * (GREY + 3)).hex() for grey in light]
    keys = [photos[0] for photos in products["photos"]]
    return pd.DataFrame(
        {
            "key": keys, "kind": "photos", "ok": True, "width": 100, "height": 80, "seconds": 0.0,
            "look": looks, "sharpness": 1.0, "loudness": 0.0, "silence": 0.0, "digest": keys,
        }
    )  # fmt: skip


NOTHING = pd.DataFrame({"table": [], "scope": [], "id": []})


def seen(products: pd.DataFrame, learned: set[str] = frozenset(), **changes: float) -> pd.DataFrame:  # type: ignore[assignment]
    said = products["category"].where(np.arange(len(products)) % 10 > 0, "Home > Pans")
    embedded = pd.DataFrame({"product_id": products["product_id"], "predicted": said, "confidence": 0.9})
    return described(products, findings(products, **changes), NOTHING, embedded, learned, 2)


def test_a_row_says_what_its_media_are_and_what_the_champion_names_it() -> None:
    products = catalogue(3)
    products.at[1, "photos"] = []
    refused = pd.DataFrame({"table": ["photos"], "scope": ["file"], "id": [products["product_id"][1]]})
    found = findings(catalogue(3), 0.5, 1)
    embedded = pd.DataFrame(
        {
            "product_id": products["product_id"],
            "predicted": ["Home > Mugs"] * 3,
            "confidence": [0.9, 0.8, 0.7],
        }
    )
    products["category"] = ["Home > Mugs", "Home > Pots", "Home"]
    rows = described(products, found, refused, embedded, {products["product_id"][0]}, 2)
    assert rows["photo_brightness"].notna().tolist() == [True, False, True]
    assert rows["photo_brightness"].dropna().between(0.3, 0.7).all()
    assert rows["photo_size"][0] == pytest.approx(np.log10(8000))
    assert rows["photo_decodable"].tolist() == ["yes", "no", "yes"]
    assert rows["sound_decodable"].tolist() == [None, None, None]
    assert rows["label_agrees"].tolist() == ["yes", "no", None], "a category above the level is no label"
    assert rows["learned"].tolist() == [True, False, False]


def test_what_says_or_shows_something_else_has_changed_and_a_new_date_alone_has_not() -> None:
    products = catalogue(4)
    now = products.assign(updated_at=CROWNED)
    now.loc[1, "price"] = 1.0
    later = seen(now)
    later.loc[2, "files"] = "another photo"
    later = pd.concat([later, seen(catalogue(1, start="2026-01-01"))], ignore_index=True)
    assert changed_since(later, seen(products)).tolist() == [False, True, True, False, True]


def test_vectors_are_projected_alike_and_keep_what_is_near() -> None:
    rng = np.random.default_rng(0)
    table = np.concatenate([rng.normal(size=(40, 300)), np.zeros((1, 300))]).astype(np.float32)
    once, again = projected({"image": table}), projected({"image": table})
    assert np.array_equal(once["image"], again["image"])
    assert once["image"].shape == (41, 64)
    assert not once["image"][-1].any()
    assert projected({"audio": table[:, :8]})["audio"].shape == (41, 8)


def test_the_windows_of_a_catalogue_are_of_what_came_since_and_else_it_is_looked_at_as_a_whole() -> None:
    then = seen(catalogue(600))
    assert window_rows(600, SETTINGS) == 60
    whole = catalogue_question(then, then, SETTINGS, {}, {})
    assert [window.rows for window in whole.windows] == [600, 600]
    assert len(whole.past) == 9
    came = seen(catalogue(150, start="2026-01-01"))
    now = pd.concat([then, came], ignore_index=True)
    question = catalogue_question(now, then, SETTINGS, {}, {})
    assert [window.rows for window in question.windows] == [60, 60]
    assert question.windows[0].start == pd.Timestamp("2026-01-01", tz="UTC")
    assert question.windows[0].counts == {"products": 600.0, "gone": 0.0}, "growth alone is no move"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"brightness": 0.4}, "dark_photos"),
        ({}, ""),
    ],
)
def test_dark_photos_that_came_are_found_and_equal_ones_are_not(
    tmp_path: Path, change: dict[str, float], kind: str
) -> None:
    then = seen(catalogue(600))
    now = pd.concat([then, seen(catalogue(150, 7, "2026-01-01"), **change)], ignore_index=True)
    question = catalogue_question(now, then, SETTINGS, {}, {})
    (verdict,) = judge_questions([question], tmp_path)
    assert (verdict.kind, verdict.drifted) == (kind, bool(kind)), verdict.cause
    (again,) = judge_questions([question], tmp_path)
    assert again == verdict, "limits that are kept are those that were fitted"


def test_a_mass_removal_is_found_though_it_leaves_no_rows(tmp_path: Path) -> None:
    then = seen(catalogue(600))
    question = catalogue_question(then.head(240), then, SETTINGS, {}, {})
    (verdict,) = judge_questions([question], tmp_path)
    assert verdict.kind == "mass_removal", verdict.cause
    times = [pd.Timestamp("2026-03-01", tz="UTC") + pd.Timedelta(days=day) for day in range(5)]
    quiet = replace(verdict, moves=())
    checks = [
        check_rows([one], "c", time)
        for one, time in zip([verdict, quiet, verdict, verdict], times, strict=False)
    ]
    history = pd.concat(checks, ignore_index=True)
    assert since_when(history.head(0), verdict, "c", times[4]).since == times[4].isoformat()
    assert since_when(history, verdict, "c", times[4]).since == times[2].isoformat(), "unbroken since then"
    assert since_when(history, verdict, "d", times[4]).since == times[4].isoformat()
    assert decide([verdict], new_data=False, new_labels=False, clicks=False).action == "alert"


def test_a_column_that_was_not_known_then_is_compared_with_nothing_and_named() -> None:
    now = seen(catalogue(300))
    then = now.drop(columns=["photo_sharpness", "predicted", "confidence", "label_agrees", "learned"])
    question = catalogue_question(now, then, SETTINGS, {}, {})
    assert "photo_sharpness" not in question.windows[0].columns
    assert "not known when the champion learned: photo_sharpness" in question.notes
    assert predictions_question(now, then, SETTINGS, {}, {}) is None


def test_predictions_are_compared_among_products_that_the_champion_never_learned_from(tmp_path: Path) -> None:
    products = catalogue(1200)
    learned = set(products["product_id"][::2])
    then = seen(products, learned)
    came = seen(catalogue(150, 3, "2026-01-01"))
    came["label_agrees"] = "no"
    now = pd.concat([then, came], ignore_index=True)
    fused = np.random.default_rng(0).normal(size=(1350, 8))
    vectors = {"fused": fused}, {"fused": fused[:1200]}
    question = predictions_question(now, then, SETTINGS, *vectors)
    assert question is not None
    assert question.reference is not None
    assert question.reference.vectors["fused"].shape == (600, 8)
    (verdict,) = judge_questions([question], tmp_path)
    assert verdict.kind == "labels", verdict.cause


def log(weeks: int, chinese: float, start: str, seed: int = 0, release: str = "000001-aa") -> pd.DataFrame:
    """Eighty searches a week, as `read_requests` gives them."""
    rng = np.random.default_rng(seed)
    rows = 80 * weeks
    begun = pd.Timestamp(start, tz="UTC")
    times = begun + pd.to_timedelta(np.sort(rng.random(rows)) * weeks * 7, unit="D")
    values = {
        "time": times, "endpoint": "search", "release": release, "status": 200, "items": 1, "seconds": 0.01,
        "text_length": rng.integers(5, 30, rows),
        "language": np.where(rng.random(rows) < chinese, "zh", "en"),
        "has_text": True, "has_photo": False, "has_sound": False, "price": np.nan,
        "top_label": rng.choice(["Mugs", "Pots"], rows), "top_score": rng.beta(8, 2, rows),
        "hits": np.where(rng.random(rows) < 0.1, 0.0, 10.0), "vector": list(rng.normal(size=(rows, 8))),
    }  # fmt: skip
    return pd.DataFrame(values)[list(LOG_COLUMNS)]


def test_traffic_is_compared_with_the_windows_before_promotion_and_the_reference_stays(
    tmp_path: Path,
) -> None:
    before, after = log(12, 0.3, "2025-12-01"), log(4, 0.7, "2026-03-02", 5, "000002-bb")
    requests = pd.concat([before, after], ignore_index=True)
    asked, answered = traffic_questions(requests, CROWNED.isoformat(), SETTINGS, tmp_path)
    assert (asked.name, answered.name) == ("traffic search", "traffic search answers")
    (moved, quiet) = judge_questions([asked, answered], tmp_path)
    assert moved.drifted, moved.cause
    assert "language" in moved.cause
    assert not quiet.drifted
    assert "answered" in answered.reference.columns  # type: ignore[union-attr]
    later = pd.concat([after, log(8, 0.7, "2026-03-30", 6, "000002-bb")], ignore_index=True)
    again, _ = traffic_questions(later, CROWNED.isoformat(), SETTINGS, tmp_path)
    pd.testing.assert_frame_equal(again.reference.columns, asked.reference.columns)  # type: ignore[union-attr]
    assert judge_questions([again], tmp_path)[0].drifted, "also once the log has let go of what was before"


def test_what_the_model_answers_is_compared_with_its_own_first_windows(tmp_path: Path) -> None:
    rows = log(28, 0.3, "2026-03-02", 5, "000002-bb")
    late = rows["time"].ge("2026-08-03")
    rows.loc[late, "hits"] = np.where(np.arange(late.sum()) % 10 < 6, 0.0, 10.0)
    # Not swapped yet, the release of before still answers; and some requests are refused.
    older = log(3, 1.0, "2026-03-02", 8).assign(top_label="Clocks")
    refused = log(3, 1.0, "2026-03-02", 9, "").assign(status=422, top_label="", vector=None)
    requests = pd.concat([log(2, 0.3, "2026-02-01"), rows, older, refused], ignore_index=True)
    wide = SETTINGS.model_copy(update={"window_rows": 150})
    _, answered = traffic_questions(requests, CROWNED.isoformat(), wide, tmp_path)
    assert answered.reference is not None
    assert answered.reference.rows >= 8 * 150
    assert set(answered.reference.columns["top_label"]) == {"Mugs", "Pots"}
    assert answered.reference.vectors["query"].shape == (answered.reference.rows, 8)
    assert answered.windows[-1].end <= rows["time"].max()  # type: ignore[operator]
    verdict = judge_questions([answered], tmp_path)[0]
    assert verdict.kind == "quality", verdict.cause
    assert "answered" in verdict.cause


def test_requests_without_a_vector_leave_the_columns_usable(tmp_path: Path) -> None:
    rows = log(14, 0.3, "2026-03-02", 5, "000002-bb").assign(vector=None, hits=np.nan)
    _, answered = traffic_questions(rows, CROWNED.isoformat(), SETTINGS, tmp_path)
    assert answered.reference is not None
    assert not answered.reference.vectors
    assert "answered" not in answered.reference.columns, "a log of an earlier version says nothing of hits"
    assert judge_questions([answered], tmp_path)[0].judged


def test_a_newcomers_trial_queries_set_nothing_off(tmp_path: Path) -> None:
    trial = log(1, 1.0, "2026-03-02", release="000002-bb").head(55)
    asked, answered = traffic_questions(trial, CROWNED.isoformat(), SETTINGS, tmp_path)
    assert asked.reference is None
    verdicts = judge_questions([asked, answered], tmp_path)
    assert not any(verdict.judged for verdict in verdicts)
    assert verdicts[0].cause == (
        "not enough evidence yet: 55 requests came since 1 Mar 2026; a window takes more than 60"
    )
    assert decide(verdicts, new_data=True, new_labels=True, clicks=True).action == "none"
    assert not list(tmp_path.iterdir()), "nothing is fixed by them"


def sales(weeks: int, start: str, seed: int, dearer: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = 70 * weeks
    times = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.sort(rng.random(rows)) * weeks * 7, unit="D")
    products = [f"2025-01-01-{number}" for number in rng.integers(0, 50, rows)]
    return pd.DataFrame(
        {
            "user_id": "u", "product_id": products, "event": "purchase", "quantity": 1, "time": times,
            "unit_price": dearer * rng.lognormal(3, 0.3, rows), "order_id": [str(n) for n in range(rows)],
        }
    )  # fmt: skip


def test_a_season_that_last_year_had_too_is_no_shift_of_sales(tmp_path: Path) -> None:
    usual = sales(20, "2025-10-13", 1)
    dear = sales(4, "2026-03-02", 2, 1.5)
    moved = sales_question(
        pd.concat([usual, dear], ignore_index=True),
        catalogue(50),
        CROWNED.isoformat(),
        SETTINGS,
        tmp_path / "a",
    )
    assert moved is not None
    (verdict,) = judge_questions([moved], tmp_path / "a")
    assert (verdict.drifted, verdict.kind) == (True, "price"), verdict.cause
    before, last_year = sales(12, "2024-12-02", 9), sales(6, "2025-02-24", 3, 1.5)
    season = sales_question(
        pd.concat([before, last_year, usual, dear], ignore_index=True),
        catalogue(50), CROWNED.isoformat(), SETTINGS, tmp_path / "b",
    )  # fmt: skip
    assert season is not None
    verdict = judge_questions([season], tmp_path / "b")[0]
    assert not verdict.drifted, verdict.cause
    assert sales_question(usual.head(0), catalogue(5), CROWNED.isoformat(), SETTINGS, tmp_path) is None


def test_fewer_clicks_are_a_loss_of_quality(tmp_path: Path) -> None:
    times = pd.date_range("2026-01-01", periods=3500, freq="24min", tz="UTC")
    promoted = CROWNED - pd.Timedelta(days=15)
    clicked = np.random.default_rng(11).random(3500) < np.where(times >= promoted, 0.1, 0.4)
    shown = pd.DataFrame({"time": times, "clicked": clicked, "session": range(3500)})
    wide = SETTINGS.model_copy(update={"window_rows": 200})
    question = clicks_question(shown, promoted.isoformat(), wide, tmp_path)
    assert question is not None
    verdict = judge_questions([question], tmp_path)[0]
    assert verdict.kind == "quality", verdict.cause


def test_each_check_is_a_row_a_monitor_and_of_old_days_the_last_check_stays(tmp_path: Path) -> None:
    then = seen(catalogue(600))
    verdicts = judge_questions([catalogue_question(then, then, SETTINGS, {}, {})], tmp_path)
    path, start = tmp_path / "history.parquet", pd.Timestamp("2026-03-01 08:00", tz="UTC")
    assert len(read_history(path)) == 0
    for hours in (0, 1, 24 * 20, 24 * 20 + 1, 24 * 500):
        add_check(path, check_rows(verdicts, "champion", start + pd.Timedelta(hours=hours)))
        if hours == 24 * 20 + 1:
            kept = read_history(path)
            assert kept["time"].nunique() == 3, "of the first day one check, of the last both"
    left = read_history(path)
    assert left["time"].nunique() == 1, "and nothing older than a year"
    assert len(left) == len(verdicts[0].distances)


def test_equal_movers_and_equal_data_have_one_key(tmp_path: Path) -> None:
    then = seen(catalogue(600))
    dark = pd.concat([then, seen(catalogue(150, 7, "2026-01-01"), brightness=0.4)], ignore_index=True)
    darker = pd.concat([then, seen(catalogue(150, 7, "2026-01-01"), brightness=0.3)], ignore_index=True)
    keys = []
    for table, data in ((dark, "a"), (darker, "a"), (dark, "b")):
        question = catalogue_question(table, then, SETTINGS, {}, {})
        verdicts = judge_questions([question], tmp_path)
        said = summary(verdicts, [question], Decision("retrain", "moved"), "champion", data)
        keys.append(said["key"])
        assert said["drifted"]
    assert keys[0] == keys[1] != keys[2]
