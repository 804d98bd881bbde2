"""The market of a shop: segments by vector, their demand, movers, price positions and gaps, week by week."""
