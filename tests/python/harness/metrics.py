"""The metrics that ship, computed from the books alone.

The list of metrics is that of the SQL folder: one that has no computation here fails its test.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from harness import cache
from harness.books import POSITION, Books
from harness.difference import assert_same_rows

# How far the sources are read: not a matter of the books; test_completeness.py looks at it.
PROGRESS = frozenset({"as_of", "complete"})
NOTHING_COUNTED = frozenset({"reading_progress"})
METRICS = tuple(
    sorted({file.stem for file in (cache.sql_folder() / "metrics").glob("*.sql")} - NOTHING_COUNTED)
)

# Columns that no book has: what an event says beside, which checks.py compares with `events` and
# test_decryption.py those with the records, and what the ledger gives its entries.
UNBOOKED = {
    "new_users": frozenset(
        {
            *("sub_channel", "click_id", "brand", "model", "os", "os_ver"),
            *("app_ver", "app_build", "app_pkg", "posted_at", "entry"),
        }
    )
}

# Over `credited`, one row a device. Sums are made by joins, not by the windows of the shipped SQL.
EXPECTED = {
    "new_users": """
        SELECT product, device, channel, event, event_time, clock_rule, hour, day, zone, received,
               position, 'live' AS kind
        FROM credited
    """,
    "new_users_hourly": """
        SELECT product, channel, hour, count(*) AS new_users FROM credited GROUP BY ALL
    """,
    "new_users_daily": """
        SELECT product, channel, day, zone, count(*) AS new_users FROM credited GROUP BY ALL
    """,
    "new_users_cumulative": """
        WITH hours AS (
            SELECT product, day, hour, zone, count(*) AS new_users FROM credited GROUP BY ALL)
        SELECT h.product, h.day, h.hour, h.zone, h.new_users,
               sum(o.new_users) FILTER (o.day = h.day AND o.hour <= h.hour)::BIGINT
                   AS new_users_today,
               sum(o.new_users) FILTER ((o.hour, o.day) <= (h.hour, h.day))::BIGINT
                   AS new_users_ever
        FROM hours h JOIN hours o USING (product)
        GROUP BY ALL
    """,
    "new_users_by_channel": """
        WITH days AS (SELECT product, day, count(*) AS new_users FROM credited GROUP BY ALL),
             channels AS (
            SELECT product, channel, day, zone, count(*) AS new_users FROM credited GROUP BY ALL)
        SELECT c.product, c.channel, c.day, c.zone, c.new_users,
               d.new_users AS new_users_of_product, c.new_users / d.new_users AS share
        FROM channels c JOIN days d USING (product, day)
    """,
}


def assert_metric_agrees(
    metric: str, answer: pa.Table, books: Books, zones: Mapping[str, str]
) -> None:
    """Every row and column of a metric's answer is what follows from the books."""
    assert metric in EXPECTED, f"{metric} is new: say in harness/metrics.py what it must be"
    expected = expected_metric(metric, books, zones)
    unbooked = set(answer.column_names) - set(expected.column_names)
    unknown = unbooked - PROGRESS - UNBOOKED.get(metric, frozenset())
    assert not unknown, f"{metric}: columns {sorted(unknown)} are compared with nothing"
    booked = [name for name in answer.column_names if name not in unbooked]
    assert_same_rows(metric, expected, answer.select(booked))


def expected_metric(metric: str, books: Books, zones: Mapping[str, str]) -> pa.Table:
    """What a metric must answer, in the columns that the books know."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("credited", credited(books, zones))
        return database.sql(EXPECTED[metric]).to_arrow_table()


def credited(books: Books, zones: Mapping[str, str]) -> pa.Table:
    """Each device's first event with its business day in the product's zone."""
    credits = books.credits()
    places = zip(
        credits.column("product").to_pylist(),
        (first.event_time_us for first in books.first_seen.values()),
        strict=True,
    )
    days = [business_day(event_time_us, zones[product]) for product, event_time_us in places]
    in_zones = [zones[product] for product in credits.column("product").to_pylist()]
    credits = credits.append_column("day", pa.array(days, pa.date32()))
    credits = credits.append_column("zone", pa.array(in_zones, pa.string()))
    place = ", ".join(f'"{name}"' for name in POSITION)
    position = ", ".join(f"'{name}': \"{name}\"" for name in POSITION)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("credits", credits)
        database.register("facts", books.facts)
        return database.sql(
            f"""
            SELECT credits.*, event, clock_rule, {{{position}}} AS position
            FROM credits JOIN (SELECT {place}, event, clock_rule FROM facts) USING ({place})
            """
        ).to_arrow_table()


def business_day(event_time_us: int, zone: str) -> date:
    """The day of an instant in a zone."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event_time_us)
    return instant.astimezone(ZoneInfo(zone)).date()
