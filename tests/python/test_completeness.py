"""A metric's row says whether its hour or day is complete, and as of when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from conftest import ServerFactory
from harness.deadline import wait_until
from harness.flight_client import Row
from harness.headwater import Server
from harness.kafka_server import KafkaServer
from harness.workload import Workload

# What sources/mobile.sql declares; a source that is read to its end is known up to the clock less
# this.
LATENESS = timedelta(minutes=1)
EVENTS = 5_000
# What a server may take a broker for that doesn't answer any more.
NOTICED_WITHIN = timedelta(seconds=2)
CLEARLY_BEHIND = timedelta(seconds=5)


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
        ("new_users_cumulative", end_of_hour),
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


def test_nothing_is_known_of_the_time_in_which_the_broker_is_away(
    own_kafka: KafkaServer, folder: Path, new_server: ServerFactory
) -> None:
    """What is sent meanwhile may come later: a metric that went on would call its hour complete."""
    workload = Workload(own_kafka, folder / "workload", "mobile-logs", "products")
    workload.send(EVENTS)
    server = new_server(workload).start()
    server.wait_until_read()

    own_kafka.kill()
    gone = datetime.now(UTC)
    server.process.wait_for_line(r"broker away since \d{4}-\d\d-\d\dT", 90)
    wait_until(
        "the metrics fall behind the clock",
        lambda: datetime.now(UTC) - as_of(server) > CLEARLY_BEHIND,
        timeout_s=60,
    )
    assert as_of(server) <= gone + NOTICED_WITHIN

    own_kafka.start()
    back = datetime.now(UTC)
    wait_until("the metrics go on", lambda: as_of(server) >= back, timeout_s=90)


def as_of(server: Server) -> datetime:
    """The instant up to which the hourly metric knows its sources."""
    rows = server.rows("SELECT min(as_of) AS as_of FROM new_users_hourly")
    found = rows[0]["as_of"]
    assert isinstance(found, datetime)
    return found
