"""The planted signal is really in the data: prices, demand, companions, and what tells categories apart."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from catalog.media import open_sound
from catalog.sample.events import Events, make_events
from catalog.sample.photos import render_photo
from catalog.sample.products import plan_products
from catalog.sample.sounds import render_sound
from catalog.sample.texts import write_texts
from catalog.sample.truth import ceiling
from catalog.sample.world import (
    BRANDS,
    CATEGORIES,
    CO_PURCHASE,
    SHARES,
    START,
    WEEKS,
    brand_effects,
    season,
    words,
)
from shelfspace.settings import Media

PATHS = [c.path for c in CATEGORIES]


@pytest.fixture(scope="module")
def plan() -> pd.DataFrame:
    return plan_products(0, 1200)


@pytest.fixture(scope="module")
def events(plan: pd.DataFrame) -> Events:
    return make_events(plan, 0)


@pytest.fixture(scope="module")
def texts(plan: pd.DataFrame) -> pd.Series:
    written = write_texts(plan, 0)
    return written["title"] + " " + written["attributes"] + " " + written["description"]


def bought(events: Events, plan: pd.DataFrame) -> pd.DataFrame:
    lines = events.table[events.table["event"] == "purchase"]
    return lines.merge(plan[["product_id", "category", "list_price"]], on="product_id")


def test_no_single_modality_suffices_and_all_together_do() -> None:
    for one in ("text", "image", "audio"):
        assert 0.55 <= ceiling((one,)) <= 0.8
    assert ceiling(("text", "image")) < 0.9
    assert ceiling(("text", "image", "audio")) == 1.0


def test_flaws_have_their_share(plan: pd.DataFrame) -> None:
    sounding = np.array([c.timbre != "" for c in CATEGORIES])[plan["category"]]
    assert (~plan["has_photo"]).mean() == pytest.approx(SHARES["no_photo"], abs=0.001)
    assert (~plan["has_price"]).mean() == pytest.approx(SHARES["no_price"], abs=0.001)
    assert (~plan["has_sound"][sounding]).mean() == pytest.approx(SHARES["no_sound"], abs=0.03)
    assert (plan["language"] == "zh").mean() == pytest.approx(SHARES["chinese"], abs=0.05)
    assert (plan["group_id"] != "").mean() == pytest.approx(SHARES["variants"], abs=0.05)


def test_prices_follow_the_price_model(plan: pd.DataFrame) -> None:
    effects = brand_effects(0)
    for brands in BRANDS.values():
        assert sum(effects[b] for b in brands) == pytest.approx(0, abs=1e-3)
    logs = np.log(plan["list_price"]) - plan["brand"].map(effects)
    for index, category in enumerate(CATEGORIES):
        own = logs[plan["category"] == index]
        assert own.mean() == pytest.approx(
            np.log(category.median_price), abs=5 * category.sigma / np.sqrt(80)
        )


def test_elasticity_can_be_found_in_the_purchases(events: Events, plan: pd.DataFrame) -> None:
    """Poisson likelihood over the price steps, given exposure: demand is price ** elasticity."""
    lines = bought(events, plan)
    lines = lines[lines["product_id"].isin(plan["product_id"][events.tried])]
    ratio = (lines["unit_price"] / lines["list_price"]).round(2)
    for index, category in enumerate(CATEGORIES):
        steps = ratio[lines["category"] == index].value_counts().sort_index()
        steps = steps[steps > 20]  # every step is equally long on sale
        slope = np.polyfit(np.log(steps.index.to_numpy()), np.log(steps.to_numpy()), 1, w=np.sqrt(steps))[0]
        assert slope == pytest.approx(category.elasticity, abs=0.75)
    overall = ratio.value_counts().sort_index()
    overall = overall[overall > 200]
    slope = np.polyfit(np.log(overall.index.to_numpy()), np.log(overall.to_numpy()), 1)[0]
    assert -2.2 < slope < -1.2


def test_the_best_month_of_a_category_is_a_peak(events: Events, plan: pd.DataFrame) -> None:
    lines = bought(events, plan)
    weeks = START + np.arange(WEEKS) * np.timedelta64(7, "D") + np.timedelta64(3, "D")
    month = weeks.astype("datetime64[M]").astype(int) % 12
    for index, category in enumerate(CATEGORIES):
        months = lines.loc[lines["category"] == index, "time"].dt.month.value_counts()
        # Low prices and new products also make a month's sales: it counts beside what those let expect.
        exposure = events.weekly[plan["category"] == index].sum(axis=0) / season(category)[month]
        shares = months.reindex(range(1, 13), fill_value=0).to_numpy() / np.bincount(month, exposure, 12)
        assert np.corrcoef(shares, season(category))[0, 1] > 0.6
        assert int(shares.argmax()) + 1 in {
            m for p in category.peaks for m in (p, p % 12 + 1, (p - 2) % 12 + 1)
        }


def test_companions_are_bought_together_more_often_than_chance(events: Events, plan: pd.DataFrame) -> None:
    lines = bought(events, plan)
    baskets = lines.groupby("order_id")["category"].agg(set)
    several = baskets[baskets.map(len) > 1]
    for first, second, probability in CO_PURCHASE:
        a, b = PATHS.index(first), PATHS.index(second)
        with_first = baskets.map(lambda basket, a=a: a in basket).sum()
        both = several.map(lambda basket, a=a, b=b: a in basket and b in basket).sum()
        assert both / with_first == pytest.approx(probability, abs=0.08)
    orders = lines.groupby("order_id")["product_id"].agg(set)
    for one, other in events.partners[:5]:
        share = orders[orders.map(lambda basket, one=one: one in basket)].map(
            lambda basket, o=other: o in basket
        )
        assert share.mean() > 0.1


def test_shoppers_have_tastes(events: Events, plan: pd.DataFrame) -> None:
    lines = bought(events, plan)
    busy = lines.groupby("user_id").filter(lambda g: len(g) >= 8)
    top = busy.groupby("user_id")["category"].agg(lambda c: c.value_counts(normalize=True).iloc[0])
    assert top.mean() > 0.35  # with no taste it would be near 0.25 for eight lines
    assert 60_000 <= len(events.table) <= 130_000


def test_words_tell_voices_apart_and_pairs_not(plan: pd.DataFrame, texts: pd.Series) -> None:
    label = plan["category"].to_numpy()
    train = np.arange(len(plan)) < 900
    vectors = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, min_df=2
    ).fit_transform(texts)
    guess = LogisticRegression(C=20, max_iter=300).fit(vectors[train], label[train]).predict(vectors[~train])
    assert 0.55 < (guess == label[~train]).mean() < 0.72
    voices = np.array([c.voice for c in CATEGORIES])
    assert (voices[guess] == voices[label[~train]]).mean() > 0.9


def test_texts_of_different_groups_are_not_near_duplicates(plan: pd.DataFrame, texts: pd.Series) -> None:
    """Else splits would glue whole categories together."""
    vectors = TfidfVectorizer().fit_transform(texts.str.replace(r"\d", "", regex=True))
    close = (vectors @ vectors.T).tocoo()
    group = plan["group"].to_numpy()
    crossing = (close.data >= 0.9) & (group[close.row] != group[close.col])
    assert crossing.sum() <= 0.01 * len(plan)


def test_every_word_list_has_both_languages_and_known_slots() -> None:
    slots = {"colour": "x", "style": "x", "size": "x", "line": "x", "number": "1"}
    for category in CATEGORIES:
        for language in ("en", "zh"):
            pool = words()[category.voice][language]
            assert len(pool["nouns"]) >= 4
            for sentence in pool["sentences"]:
                assert sentence.format(**slots)


def test_a_pair_that_only_sounds_apart_looks_the_same_and_sounds_apart() -> None:
    violin, viola = CATEGORIES[0], CATEGORIES[1]
    shots = [
        render_photo(c.look, "honey", "with bow", seed=0, group=1, shot=(5, 0), noisy=False)
        for c in (violin, viola)
    ]
    assert shots[0] == shots[1]

    def centroid(timbre: str, number: int) -> float:
        wave, rate = open_sound(render_sound(timbre, 0, number, number, noisy=False), Media())
        power = np.abs(np.fft.rfft(wave)) ** 2
        return float((power * np.fft.rfftfreq(len(wave), 1 / rate)).sum() / power.sum())

    high = [centroid("violin", n) for n in range(12)]
    low = [centroid("viola", n) for n in range(12)]
    assert np.median(high) > 1.5 * np.median(low)


def test_photos_of_different_looks_differ_by_shape_not_by_colour() -> None:
    def silhouette(look: str, number: int) -> np.ndarray:
        data = render_photo(look, "red", "plain", seed=0, group=number, shot=(number, 0), noisy=False)
        pixels = np.asarray(Image.open(io.BytesIO(data)).resize((36, 36))).astype(float)
        return (pixels[..., 0] - pixels[..., 2] > 60).astype(float)

    shirt = np.mean([silhouette("shirt", n) for n in range(8)], axis=0)
    trousers = np.mean([silhouette("trousers", n) for n in range(8)], axis=0)
    assert np.abs(shirt - trousers).mean() > 0.1
