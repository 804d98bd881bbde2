"""What to keep in stock, when to order and how much."""
