"""Token buckets: how often somebody may ask, and how often an address may be wrong.

A bucket holds up to `burst` tokens and gains `rate` a second; a request takes one. So a client may
send a burst at once, and on average no more than the rate.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Addresses", "Bucket", "Strangers"]

Clock = Callable[[], float]


class Bucket:
    """One token bucket; used from the event loop only.

    Args:
        rate: tokens a second, above 0.
        burst: tokens it holds, at least 1; it begins full.
        clock: seconds that never run backwards.
    """

    __slots__ = ("_at", "_clock", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float, clock: Clock = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._at = clock()

    def take(self) -> int:
        """Take a token; 0, or the whole seconds until there is one."""
        wait = self.wait()
        if not wait:
            self._tokens -= 1
        return wait

    def owe(self, count: int) -> None:
        """Take further tokens, there or not: what is owed is waited for."""
        self._tokens -= count

    def wait(self) -> int:
        """Whole seconds until there is a token; 0 when there is one."""
        now = self._clock()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        return 0 if self._tokens >= 1 else max(1, math.ceil((1 - self._tokens) / self.rate))


class Addresses:
    """Who sent wrong keys lately, by client address; the oldest are forgotten beyond `most`.

    An address that was wrong too often is refused before its key is looked at, so guessing is slow.
    A key that this address has used rightly before still works: a neighbour behind the same
    proxy cannot lock it out.

    Args:
        rate, burst: wrong keys an address may send, a second and at once.
        most: addresses remembered; what bounds the memory.
        clock: as for `Bucket`.
    """

    def __init__(
        self, rate: float = 1 / 6, burst: int = 10, most: int = 4096, clock: Clock = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._clock = clock
        self._wrong: OrderedDict[str, Bucket] = OrderedDict()
        self._right: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait(self, address: str) -> int:
        """Seconds until this address may try again; 0 when it may now."""
        bucket = self._wrong.get(group(address))
        return bucket.wait() if bucket else 0

    def wrong(self, address: str) -> None:
        """Count a wrong key."""
        name = group(address)
        bucket = self._wrong.get(name)
        if bucket is None:
            bucket = self._wrong[name] = Bucket(self._rate, self._burst, self._clock)
            if len(self._wrong) > self._most:
                self._wrong.popitem(last=False)
        self._wrong.move_to_end(name)
        bucket.take()

    def right(self, address: str, key: str) -> None:
        """Remember that this address has used key `key` rightly."""
        pair = (group(address), key)
        if pair not in self._right:
            self._right[pair] = None
            if len(self._right) > self._most:
                self._right.popitem(last=False)

    def knows(self, address: str, key: str) -> bool:
        """Whether this address has used the key rightly before."""
        return (group(address), key) in self._right


class Strangers:
    """How much each address may send without a key; the oldest are forgotten beyond `most`.

    Args:
        rate, burst: items of an address, a second and at once; a request without any counts as one.
        most: addresses remembered; what bounds the memory.
        clock: as for `Bucket`.
    """

    def __init__(self, rate: float, burst: float, most: int = 4096, clock: Clock = time.monotonic) -> None:
        self.rate = rate
        self._burst = burst
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str) -> int:
        """Count a request of an address; 0, or the seconds until it may ask again."""
        name = group(address)
        bucket = self._buckets.pop(name, None) or Bucket(self.rate, self._burst, self._clock)
        self._buckets[name] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket.take()

    def owe(self, address: str, items: int) -> None:
        """Count what a request of an address held beyond the first; it waits for that with the next."""
        bucket = self._buckets.get(group(address))
        if bucket is not None:
            bucket.owe(items)


def group(address: str) -> str:
    """The address, or its /64 network for IPv6: one customer has a whole one."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))
