"""Why a price or an elasticity is not told, and what a better price brings: in English and in Chinese."""

from shelfspace.settings.insights import Price

__all__ = [
    "NEW", "NEW_LISTING", "NO_COST", "NO_DEMAND", "NO_FALL", "NO_MODEL", "NO_PRICE", "SILENT", "Why",
    "as_good", "better", "lacking", "loses", "too_few",
]  # fmt: skip

Why = tuple[str, str]
"""A sentence in English, and the same in Chinese; "" twice where there is nothing to say."""

NO_MODEL = (
    "not enough evidence: too few listings of this release have a price",
    "证据不足：此版本中有价格的商品太少",
)
NEW = (
    "it came after these suggestions; the next release knows it",
    "该商品在这些建议之后才上架；下一版本将包含它",
)
NEW_LISTING = ("a new listing has no past prices", "新商品没有历史价格")
SILENT = (
    "not enough evidence: its listing says nothing that another with a price says",
    "证据不足：其文字与任何有价格的商品都没有共同之处",
)
NO_PRICE = ("no price is known that could be changed", "没有可以调整的价格")
NO_DEMAND = ("not enough evidence of how demand follows the price", "证据不足：不知道需求如何随价格变化")
NO_FALL = (
    "not enough evidence: demand was not seen to fall as the price rose",
    "证据不足：未见需求随涨价而下降",
)
NO_COST = (
    "; the cost is not known, so this is the price of highest revenue",
    "；成本未知，因此这是收入最高的价格",
)
AIMS = {"margin": "毛利", "revenue": "收入"}


def too_few(listings: int, least: int) -> Why:
    """Too few listings have a price to learn from."""
    have = f"{listings} listing{'' if listings == 1 else 's'} with a price"
    return (
        f"not enough evidence: {have}, {least} are needed",
        f"证据不足：仅 {listings} 件商品有价格，至少需要 {least} 件",
    )


def lacking(settings: Price, prices: int, weeks: int, bought: float, enough: bool) -> Why:
    """Why a product's own elasticity is not told; "" where it is."""
    if enough:
        return "", ""
    if weeks == 0:
        return "not enough evidence: no price is known of any week", "证据不足：各周价格均未知"
    if prices < settings.least_prices or weeks < settings.least_weeks:
        many = "price" if prices == 1 else "prices"
        said = f"not enough evidence: {prices} {many} in {weeks} week{'' if weeks == 1 else 's'}"
        return said, f"证据不足：{weeks} 周内仅有 {prices} 个价格"
    if not bought:
        return "not enough evidence: never bought", "证据不足：从未售出"
    times = "once" if bought == 1 else f"{int(bought)} times"
    return f"not enough evidence: bought {times}", f"证据不足：仅售出 {int(bought)} 次"


def loses(cost: float, price: float) -> Why:
    """The cost is above the price."""
    return (
        f"the cost {cost:.2f} is above the price {price:.2f}: every sale loses money; check both",
        f"成本 {cost:.2f} 高于价格 {price:.2f}：每卖一件都亏损；请核对两者",
    )


def as_good(cost_known: bool) -> Why:
    """Today's price is as good as others near it."""
    beside, beside_zh = ("", "") if cost_known else NO_COST
    return f"today's price earns as much as any near it{beside}", f"现价与附近任何价格的收益相当{beside_zh}"


def better(change: float, at_rail: float | None, gain: float, aim: str) -> Why:
    """Another price earns more.

    Args:
        change: share of today's price, below 0 for a lower one.
        at_rail: the largest step, where the price stops at it.
        aim: `margin`, or `revenue` where no cost is known.
    """
    way, way_zh = ("lower", "降价") if change < 0 else ("higher", "提价")
    held = "" if at_rail is None else f", as far as one step may go ({at_rail:.0%})"
    held_zh = "" if at_rail is None else f"（单次调整上限 {at_rail:.0%}）"
    beside, beside_zh = ("", "") if aim == "margin" else NO_COST
    return (
        f"{abs(change):.0%} {way}{held}: {gain:+.1%} {aim} expected{beside}",
        f"{way_zh} {abs(change):.0%}{held_zh}：预计{AIMS[aim]} {gain:+.1%}{beside_zh}",
    )
