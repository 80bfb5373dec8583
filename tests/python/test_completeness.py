"""A metric's row says whether its hour or day is complete, and as of when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from harness.deadline import wait_until
from harness.flight_client import Row
from harness.headwater import Server

# What sources/mobile.sql declares; a source that is read to its end is known up to the clock less
# this.
LATENESS = timedelta(minutes=1)


def end_of_hour(row: Row) -> datetime:
    """The instant at which a row's hour is over."""
    return row["hour"] + timedelta(hours=1)


def end_of_day(row: Row) -> datetime:
    """The instant at which a row's business day is over in the product's zone."""
    next_day = row["day"] + timedelta(days=1)
    return datetime(next_day.year, next_day.month, next_day.day, tzinfo=ZoneInfo(row["zone"]))


@pytest.mark.parametrize(
    ("metric", "end"),
    [
        ("new_users_hourly", end_of_hour),
        ("new_users_daily", end_of_day),
        ("new_users_by_channel", end_of_day),
    ],
)
def test_a_row_is_complete_when_its_time_and_the_lateness_are_over(
    shared_server: Server, metric: str, end: Callable[[Row], datetime]
) -> None:
    start = datetime.now(UTC)

    def with_progress() -> list[Row] | None:
        """The rows, once their instant is later than the test's begin."""
        rows = shared_server.rows(f"SELECT * FROM {metric}")
        return rows if min(row["as_of"] for row in rows) >= start else None

    rows = wait_until(f"{metric} has moved on", with_progress, timeout_s=30)
    now = datetime.now(UTC)
    over = [row for row in rows if end(row) <= start - LATENESS]
    running = [row for row in rows if end(row) > now - LATENESS]
    assert over
    assert [row for row in over if not row["complete"]] == []
    assert [row for row in running if row["complete"]] == []
    assert all(row["as_of"] <= now for row in rows)
