"""Why a window moved: the kind of change in a word, and a sentence that names it.

Several monitors move at once (Chinese titles are shorter, and their vectors lie elsewhere), so the kind
is that of the cause among them, not of its consequences.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from data_checks.drift.monitors import PRICE_LEVEL, is_number, with_price_level
from data_checks.drift.prices import OWN_PRICE
from data_checks.drift.questions import SALES
from data_checks.drift.windows import Window

__all__ = ["KINDS", "describe_move", "kind_of"]

KINDS = (
    "mass_removal", "dead_sound", "dead_photos", "dark_photos", "new_category", "category_mix", "price",
    "language", "labels", "queries", "quality", "other",
)  # fmt: skip

ROOTS = {
    "products": "mass_removal", "gone": "mass_removal",
    "has_sound": "dead_sound", "sound_decodable": "dead_sound", "sound_silence": "dead_sound",
    "sound_loudness": "dead_sound", "sound_seconds": "dead_sound",
    "has_photo": "dead_photos", "photo_decodable": "dead_photos", "photos": "dead_photos",
    "photo_brightness": "dark_photos",
    "category new": "new_category", "category": "category_mix",
    "log_price": "price", PRICE_LEVEL: "price", OWN_PRICE: "price", "has_price": "price",
    "language": "language",
}  # fmt: skip
"""Monitors of the catalogue that name a cause. The kind is that of the one farthest over its limit."""
FEEDS = {"sound": "dead_sound", "photo": "dead_photos"}
QUALITY = {"label_agrees": "labels", "answered": "quality", "clicked": "quality"}
WORSE = ("dead_sound", "dead_photos", "dark_photos", "mass_removal")
"""Kinds that name a loss: what moved the other way is no such thing."""
NEAR = 0.5
"""Share of its limit from which on a monitor may name the cause of what else moved."""
RISING = ("gone", "sound_silence")
"""Monitors whose rise is the loss."""


def kind_of(over: Mapping[str, float], ratios: Mapping[str, float], window: Window, reference: Window) -> str:
    """The kind of a move.

    Args:
        over: moved monitor to its distance over its limit, above 1.
        ratios: the same of every monitor: where only consequences have moved, the cause is the one that is
            nearest to its limit.
        window, reference: that it was measured on.
    """
    quality = {name: ratio for name, ratio in over.items() if name in QUALITY}
    if window.question.startswith("traffic") and set(over) - set(quality):
        dearer = _root(max(over, key=lambda name: over[name])) == "price"
        return "price" if dearer and window.question == SALES else "queries"
    roots = _roots(over, window, reference)
    # Goods of a kind nobody has seen have prices, photos and words of their own; so has what is left
    # where much is gone.
    for first, kind in (("gone", "mass_removal"), ("category new", "new_category")):
        if first in roots:
            return kind
    wrong = ratios.get("label_agrees", 0.0) > NEAR and falls("label_agrees", window, reference)
    if wrong and not _dearer(window, reference):
        roots.pop(PRICE_LEVEL, None)
        quality["label_agrees"] = ratios["label_agrees"]
    if not roots and not quality:
        roots = _roots({n: r for n, r in ratios.items() if r > NEAR}, window, reference)
    if roots:
        return _root(max(roots, key=lambda n: roots[n]))
    return QUALITY[max(quality, key=lambda n: quality[n])] if quality else "other"


def _roots(ratios: Mapping[str, float], window: Window, reference: Window) -> dict[str, float]:
    named = {name: ratio for name, ratio in ratios.items() if _root(name)}
    return {n: r for n, r in named.items() if _root(n) not in WORSE or falls(n, window, reference)}


def _dearer(window: Window, reference: Window) -> bool:
    """Whether prices within categories moved as a whole: wrong labels spread them and leave the middle."""
    sides = [with_price_level(side.columns, reference.columns) for side in (reference, window)]
    if any(PRICE_LEVEL not in side for side in sides):
        return False
    then, now = (side[PRICE_LEVEL] for side in sides)
    return bool(abs(now.median() - then.median()) > (now.quantile(0.75) - now.quantile(0.25)) / 4)


def falls(monitor: str, window: Window, reference: Window) -> bool:
    """Whether a monitor moved for the worse: fewer yes, lower numbers, more missing, lower counts."""
    if monitor in window.counts:
        fewer = window.counts[monitor] < reference.counts[monitor]
        return fewer is not (monitor in RISING)
    if monitor.endswith(" missing"):
        column = monitor.removesuffix(" missing")
        return bool(window.columns[column].isna().mean() > reference.columns[column].isna().mean())
    then, now = reference.columns[monitor].dropna(), window.columns[monitor].dropna()
    if is_number(then) and is_number(now):
        fewer = bool(now.mean() < then.mean())
        return fewer is not (monitor in RISING)
    return bool(now.astype(str).eq("yes").mean() < then.astype(str).eq("yes").mean())


def _root(monitor: str) -> str:
    if monitor in ROOTS:
        return ROOTS[monitor]
    base = monitor.removesuffix(" missing")
    feed = next((feed for feed in FEEDS if base.startswith(f"{feed}_")), "")
    if monitor.endswith(" missing"):
        return FEEDS[feed] if feed else ROOTS.get(base, "")
    return ""


def describe_move(monitor: str, window: Window, reference: Window) -> str:
    """What moved, from what to what, in a few words."""
    if monitor.endswith(" vectors"):
        return f"{monitor} can be told from the reference's"
    if monitor in window.counts:
        before, after = reference.counts[monitor], window.counts[monitor]
        if monitor == "gone":
            return f"gone: {after:.0%} of the products that the champion knew"
        return f"{_named(monitor)}: {before:,.0f} to {after:,.0f}"
    if monitor == PRICE_LEVEL:
        level = with_price_level(window.columns, reference.columns)[monitor]
        return f"price: {10 ** level.median() - 1:+.0%} beside the same categories"
    then, now = reference.columns, window.columns
    for end in (" missing", " new"):
        column = monitor.removesuffix(end)
        if column != monitor:
            return _share(column, end.strip(), then[column], now[column])
    return _distribution(monitor, then[monitor].dropna(), now[monitor].dropna())


def _distribution(column: str, then: pd.Series, now: pd.Series) -> str:
    """The median of numbers; of categories the one whose share has moved farthest."""
    if is_number(then) and is_number(now):
        middle, before, after = "median", float(np.median(then)), float(np.median(now))
        if column.startswith("log_"):
            before, after = 10**before, 10**after
            return f"{_named(column[4:])}: median {before:.4g} to {after:.4g} ({after / before - 1:+.0%})"
        if f"{before:.4g}" == f"{after:.4g}":  # what moved is the rest
            middle, before, after = "mean", float(np.mean(then)), float(np.mean(now))
        return f"{_named(column)}: {middle} {before:.4g} to {after:.4g}"
    shares = pd.DataFrame(
        {
            "then": then.astype(str).value_counts(normalize=True),
            "now": now.astype(str).value_counts(normalize=True),
        }
    ).fillna(0.0)
    most = int((shares["now"] - shares["then"]).abs().to_numpy().argmax())
    before, after = shares.to_numpy()[most]
    return f"{_named(column)} '{shares.index[most]}': {before:.0%} to {after:.0%} of rows"


def _share(column: str, what: str, then: pd.Series, now: pd.Series) -> str:
    if what == "missing":
        return f"{_named(column)} missing: {then.isna().mean():.0%} to {now.isna().mean():.0%} of rows"
    known = now.dropna().astype(str)
    unseen = known[~known.isin(set(then.dropna().astype(str)))]
    top = unseen.value_counts().index[:1].tolist()
    example = f", such as '{top[0]}'" if top else ""
    return f"{_named(column)}: {len(unseen) / max(len(known), 1):.0%} of rows are new{example}"


def _named(monitor: str) -> str:
    return monitor.replace("_", " ")
