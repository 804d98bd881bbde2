"""The market of a shop: segments by vector, their demand, movers, price positions and gaps, week by week."""

from insights.market.folder import Market, read_before, read_market, write_market
from insights.market.report import Before, Report, market_report

__all__ = ["Before", "Market", "Report", "market_report", "read_before", "read_market", "write_market"]
