"""Impressions, clicks, carts and purchases of the shop's page, as the service takes them."""
