"""A small shop whose shoppers buy again when their own interval is over."""

import numpy as np
import pandas as pd

PRODUCTS = [f"p{number:02}" for number in range(40)]
START = pd.Timestamp("2026-01-01", tz="UTC")


def event(user: str, product: str, day: float, order: str = "") -> dict:
    time = START + pd.Timedelta(days=day)
    return {
        "user_id": user, "product_id": product, "event": "purchase", "time": time, "order_id": order,
        "unit_price": 0.0, "quantity": 1,
    }  # fmt: skip


def table(*rows: dict) -> pd.DataFrame:
    columns = ["user_id", "product_id", "event", "time", "order_id", "unit_price", "quantity"]
    made = pd.DataFrame(list(rows), columns=columns)
    return made.assign(time=pd.to_datetime(made["time"], utc=True))


def busy(shoppers: int = 120, days: int = 260, seed: int = 0) -> pd.DataFrame:
    """Each shopper buys three staples again and again, every 40 days, and a dozen things once, at random.

    So what was bought ten days ago is not due, however often it was bought: a count cannot see that.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for shopper in range(shoppers):
        for place, staple in enumerate(rng.choice(20, 4, replace=False)):
            every = (24, 56)[place % 2]
            rows += [
                event(f"u{shopper}", PRODUCTS[staple], day, f"{shopper}-{staple}-{day}")
                for day in range(int(rng.integers(0, every)), days, every)
            ]
        rows += [
            event(
                f"u{shopper}",
                PRODUCTS[20 + int(rng.integers(20))],
                float(rng.integers(days)),
                f"x{shopper}-{n}",
            )
            for n in range(12)
        ]
    return table(*rows)


def vectors(products: int = len(PRODUCTS), seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(products, 8)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)
