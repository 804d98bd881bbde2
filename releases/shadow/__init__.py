"""A release that answers a share of the live requests on the side: which one, and how its answers differ."""

from releases.shadow.order import Order, order_shadow, ordered, shadow_wanted

__all__ = ["Order", "order_shadow", "ordered", "shadow_wanted"]
