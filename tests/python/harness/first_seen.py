"""Who is credited with a new user, folded from the books alone.

The rule: a device is new for a product at its first event that counts, in the order (received,
event time, tie, channel, position); channels compare as UTF-8 bytes, a missing one comes last. The
minimum of a total order needs no particular order of reading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Candidate(NamedTuple):
    """An event that competes: times in µs since the epoch, the tie as 16 hexadecimal digits."""

    product: str
    device: str
    channel: str | None
    received_us: int
    event_time_us: int
    tie: str
    position: tuple[str | int, ...]

    @property
    def order(self) -> tuple[object, ...]:
        """The place in the total order."""
        channel = (self.channel is None, (self.channel or "").encode())
        return (self.received_us, self.event_time_us, self.tie, channel, self.position)

    @property
    def hour_us(self) -> int:
        """The UTC hour of the event time, as the µs of its beginning."""
        return self.event_time_us - self.event_time_us % 3_600_000_000


DeviceKey = tuple[str, str]
Credits = dict[DeviceKey, Candidate]
HourKey = tuple[str, str | None, int]


def fold(candidates: Iterable[Candidate]) -> Credits:
    """The first event of each (product, device)."""
    first: Credits = {}
    for candidate in candidates:
        key = (candidate.product, candidate.device)
        known = first.get(key)
        if known is None or candidate.order < known.order:
            first[key] = candidate
    return first


def new_users_by_hour(first: Credits) -> Counter[HourKey]:
    """New users per (product, channel, hour)."""
    return Counter((c.product, c.channel, c.hour_us) for c in first.values())
