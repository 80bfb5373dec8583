"""Waiting for something to become true, with a deadline instead of a fixed sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DeadlineExceeded(AssertionError):
    """What was waited for did not come in time."""


def wait_until(
    what: str,
    check: Callable[[], T | None],
    *,
    timeout_s: float,
    interval_s: float = 0.05,
    retry_on: tuple[type[BaseException], ...] = (),
    on_timeout: Callable[[], str] | None = None,
) -> T:
    """Calls `check` until its answer is truthy, and returns that.

    Exceptions named by `retry_on` count as "not yet"; the last one is part of the message.
    `on_timeout` adds what a person needs to see when the time is over.
    """
    deadline = time.monotonic() + timeout_s
    last: object = None
    while True:
        try:
            answer = check()
            if answer:
                return answer
            last = answer
        except retry_on as error:
            last = error
        if time.monotonic() >= deadline:
            more = f"\n{on_timeout()}" if on_timeout else ""
            raise DeadlineExceeded(f"{what}: not within {timeout_s:g} s; last: {last!r}{more}")
        time.sleep(interval_s)
