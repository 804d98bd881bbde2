"""The market of a shop: segments by vector, their demand, movers, price positions and gaps, week by week."""

from insights.market.report import Before, Report, market_report

__all__ = ["Before", "Report", "market_report"]
