"""Why a product is in its state, in a sentence of either language."""

from typing import Any

from insights.stock.plan import LEAST_SALES

__all__ = ["reason"]


def reason(row: dict[Any, Any], own: dict[Any, Any], lead_told: bool) -> tuple[str, str]:
    """The sentence in English and in Chinese.

    Args:
        row: of `insights.stock.advice.advice`; own: of the plan.
        lead_told: whether the lead time was given rather than assumed.
    """
    if row["state"] == "not enough evidence":
        sold, known = own["weeks_sold"], own["weeks_known"]
        return (
            f"sold in {sold} of {known} weeks, and nothing near to it sells; "
            f"it takes sales in {LEAST_SALES} weeks",
            f"{known} 周中仅 {sold} 周有销售，也没有相近的在售商品；至少需要 {LEAST_SALES} 周的销售",
        )
    days = f"{row['lead_time_days']:g}"
    lead = f"an order takes {days} days" + ("" if lead_told else " (assumed)")
    lead_zh = f"订货需 {days} 天" + ("" if lead_told else "（假定）")
    demand = f"{row['weekly_demand']:.2g}"
    lent = own["evidence"] != "own sales"
    sells = f"{demand} a week" + (", as what is near to it sells" if lent else "")
    sells_zh = f"每周 {demand} 件" + ("（参照相近商品）" if lent else "")
    if row["state"] == "unknown stock":
        return f"{sells}; its pieces in stock are not told", f"{sells_zh}；库存数量未知"
    left, left_zh = f"{row['on_hand']:g} left, {sells}", f"剩 {row['on_hand']:g} 件，{sells_zh}"
    if row["state"] == "overstock":
        weeks = f"{row['weeks_left']:.0f}"
        if row["weeks_left"] < 1000:
            return f"{left}: lasts {weeks} weeks", f"{left_zh}：可维持 {weeks} 周"
        return f"{left}: it hardly sells", f"{left_zh}：几乎无销售"
    if not row["order_up_to"]:
        return f"{left}: it sells too seldom for a place in stock", f"{left_zh}：销售太少，不必备货"
    if row["state"] == "likely stock-out":
        chance = f"{row['stockout_chance']:.0%}"
        lead += f": {chance} chance to run out before it arrives"
        lead_zh += f"：到货前售罄的可能性为 {chance}"
    return f"{left}; {lead}", f"{left_zh}；{lead_zh}"
