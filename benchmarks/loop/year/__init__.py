"""A half year of a generated shop, planted and known: what is delivered when, and what is true that day."""
