"""The questions about traffic: what is asked, what is answered, what is sold, what is clicked.

Each reference is fixed once and kept: the last windows before promotion where there are enough of them, else,
and for what the model itself says, the first ones after it. Until those are complete, the first window
stands for them and every verdict is provisional; a few trial queries of a newcomer fill no window at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from data_checks.drift.described import projected
from data_checks.drift.kept import folder_of, keep_window, kept_limits, kept_window
from data_checks.drift.limits import MOST_WINDOWS, OWN_WINDOWS
from data_checks.drift.prices import OWN_PRICE, said_of_prices
from data_checks.drift.questions import LATEST, SALES, Question
from data_checks.drift.reference import traffic_columns
from data_checks.drift.windows import Window, cut_windows, pool_windows
from shelfspace.settings import Monitoring

__all__ = ["clicks_question", "sales_question", "traffic_questions"]

ASKED = ("text_length", "log_price", "language", "has_text", "has_photo", "has_sound")
ANSWERED = ("top_score", "top_label")
WEEK = 7.0
YEAR = pd.Timedelta(weeks=52)
"""A year of whole weeks, so that days of the week stay where they are."""
SEASON = pd.Timedelta(weeks=1)
"""How far last year's same weeks reach before and after."""


def traffic_questions(requests: pd.DataFrame, since: str, settings: Monitoring, kept: Path) -> list[Question]:
    """Two questions an endpoint that has been asked: has what is asked moved, has what is answered.

    Args:
        requests: `read_requests`.
        since: ISO 8601 time of the promotion.
        kept: folder of what is fixed; a reference that is complete is written there.
    """
    start, takes = _time(since), f"requests came since {{}}; {_window_takes(settings)}"
    served = requests[requests["status"].lt(400)]
    before = set(requests.loc[requests["time"].lt(start), "release"])
    found = []
    for endpoint, rows in served.groupby("endpoint", sort=True):
        name = f"traffic {str(endpoint).strip('/')}"
        title = f"Is something else asked of {endpoint} than at promotion?"
        cut = partial(_requests, name, ASKED, settings, False)
        found.append(_asked(name, title, rows, start, kept, cut, takes))
        own, name = rows[~rows["release"].isin(before)], f"{name} answers"
        title = f"Does the model answer {endpoint} otherwise than after promotion?"
        cut = partial(_requests, name, ANSWERED, settings, True)
        found.append(_asked(name, title, own[own["time"].ge(start)], start, kept, cut, takes))
    return found


def sales_question(
    events: pd.DataFrame, products: pd.DataFrame, since: str, settings: Monitoring, kept: Path
) -> Question | None:
    """Are other things sold, or for other prices, than in the weeks before promotion; None without events.

    Windows are whole weeks; lines of one order, or of one shopper's day, are one draw. What lies within last
    year's same weeks is a season. What prices do is seen product by product (`prices`).
    """
    if not len(events):
        return None
    start = _time(since)
    events = events.assign(**{OWN_PRICE: said_of_prices(events)})
    cut = partial(_sold, products, settings)
    recent = events[events["time"].ge(start - (MOST_WINDOWS + 4) * pd.Timedelta(weeks=1))]
    takes = (
        f"lines of sales came since {{}}; a window takes more than {settings.window_rows:,}, and whole weeks"
    )
    found = _asked(SALES, "Are other things sold than before promotion?", recent, start, kept, cut, takes)
    if not found.windows or found.windows[-1].start is None or found.windows[-1].end is None:
        return found
    ends = found.windows[-1].start - YEAR - SEASON, found.windows[-1].end - YEAR + SEASON
    usual = cut(events[events["time"].between(*ends)])
    return replace(found, season=pool_windows(usual) if usual else None)


def clicks_question(shown: pd.DataFrame, since: str, settings: Monitoring, kept: Path) -> Question | None:
    """Is less of what is shown clicked than at promotion; None without events of the page.

    Args:
        shown: `insights.signals.counting.shown`: one row a product that a visit was shown.
    """
    if not len(shown):
        return None
    cut = partial(_clicked, settings)
    takes = f"products were shown since {{}}; {_window_takes(settings)}"
    return _asked(
        "traffic clicks", "Is less clicked than at promotion?", shown, _time(since), kept, cut, takes
    )


Cut = Callable[[pd.DataFrame], list[Window]]


def _sold(products: pd.DataFrame, settings: Monitoring, events: pd.DataFrame) -> list[Window]:
    category = products.set_index("product_id")["category"].str.split(" > ").str[0]
    price = events["unit_price"].astype(float)
    columns = {
        "event": events["event"].astype(str),
        "log_price": np.log10(price.where(price.gt(0))),
        "quantity": events["quantity"].astype(float),
        "category": events["product_id"].map(category).fillna("(gone)"),
        OWN_PRICE: events[OWN_PRICE],
    }
    days = events["user_id"].astype(str) + events["time"].dt.strftime("%Y-%m-%d")
    blocks = events["order_id"].astype(str).where(events["order_id"].ne(""), days)
    return _cut(SALES, pd.DataFrame(columns), {}, events["time"], blocks, settings, WEEK)


def _clicked(settings: Monitoring, shown: pd.DataFrame) -> list[Window]:
    columns = pd.DataFrame({"clicked": np.where(shown["clicked"], "yes", "no")})
    return _cut("traffic clicks", columns, {}, shown["time"], shown["session"], settings)


def _requests(
    question: str, names: Sequence[str], settings: Monitoring, vectors: bool, rows: pd.DataFrame
) -> list[Window]:
    """Windows of the request log; requests of one hour may be one person's."""
    columns = traffic_columns(rows)[[*names]]
    if vectors and rows["hits"].notna().any():
        hits = pd.Series(np.where(rows["hits"].gt(0), "yes", "no"), rows.index, dtype=object)
        columns["answered"] = hits.where(rows["hits"].notna(), None)
    given = {"query": rows["vector"]} if vectors else {}
    hours = rows["time"].dt.floor("h").astype(str)
    return _cut(question, columns.dropna(axis=1, how="all"), given, rows["time"], hours, settings)


def _cut(
    question: str,
    columns: pd.DataFrame,
    vectors: dict[str, pd.Series],
    times: pd.Series,
    blocks: pd.Series,
    settings: Monitoring,
    days: float = 0.0,
) -> list[Window]:
    made = []
    for part in cut_windows(times, settings.window_rows, blocks, max(days, settings.window_days)):
        given = {name: stacked(values.iloc[part]) for name, values in vectors.items()}
        known = projected({name: table for name, table in given.items() if table is not None})
        made.append(
            Window(
                question,
                columns.iloc[part].reset_index(drop=True),
                {name: np.asarray(table, np.float32) for name, table in known.items()},
                blocks.iloc[part].reset_index(drop=True).astype(str),
                {},
                times.iloc[part].min(),
                times.iloc[part].max(),
            )
        )
    return made


def stacked(values: pd.Series) -> np.ndarray | None:
    """(n, d) float32 of the rows that carry a vector as wide as the first one; None where none does."""
    rows = [np.asarray(v, np.float32) for v in values if isinstance(v, list | np.ndarray) and len(v)]
    return np.stack([row for row in rows if len(row) == len(rows[0])]) if rows else None


def _asked(
    name: str, title: str, rows: pd.DataFrame, start: pd.Timestamp, kept: Path, cut: Cut, takes: str
) -> Question:
    """A question of rows with a `time`: its reference is kept, due now, or the first window for a while.

    Args:
        takes: `Question.waits` without its figure, and with a place for the day.
    """
    folder = folder_of(kept, name)
    reference = kept_window(folder, name)
    if reference is None:
        past = cut(rows[rows["time"].lt(start)])[-MOST_WINDOWS:]
        base = past[-OWN_WINDOWS:]
        if len(base) < OWN_WINDOWS:
            past = base = cut(rows[rows["time"].ge(start)])[:OWN_WINDOWS]
        if not base:
            return Question(
                name, title, None, [], [], waits=_came(rows[rows["time"].ge(start)], start, takes)
            )
        fixed = len(base) == OWN_WINDOWS
        reference = pool_windows(base if fixed else base[:1])
        if fixed:  # the limits first: a reference that is kept has them
            kept_limits(folder, reference, past)
            keep_window(folder, reference)
    later = rows[rows["time"].gt(reference.end) & rows["time"].ge(start)]
    since = start if reference.end is None else max(start, reference.end)
    return Question(name, title, reference, cut(later)[-LATEST:], [], waits=_came(later, since, takes))


def _came(rows: pd.DataFrame, since: pd.Timestamp, takes: str) -> str:
    return f"{len(rows):,} {takes.format(f'{since:%-d %b %Y}')}"


def _window_takes(settings: Monitoring) -> str:
    span = {0.0: "", 1.0: ", over a day or more"}
    over = span.get(settings.window_days, f", over {settings.window_days:g} days or more")
    return f"a window takes more than {settings.window_rows:,}{over}"


def _time(said: str) -> pd.Timestamp:
    """A time with a zone."""
    time = pd.Timestamp(said)
    return time.tz_localize("UTC") if time.tzinfo is None else time
