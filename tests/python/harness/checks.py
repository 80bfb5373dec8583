"""What must hold between a server and the books, each as a question to Flight SQL."""

from __future__ import annotations

import duckdb
import pyarrow.compute as pc

from harness.books import Books
from harness.difference import assert_same_rows
from harness.flight_client import Row
from harness.headwater import Server

POSITION = """
    position['topic'] AS topic, position['incarnation'] AS incarnation,
    position['partition'] AS "partition", position['offset'] AS "offset",
    position['element'] AS element
"""
EVENTS = f"""
    SELECT {POSITION}, received, product, device, channel, event, event_time, clock_rule,
           CASE WHEN event IN ('install', 'activate', 'launch') AND NOT test THEN 1 ELSE 0 END
               AS counts
    FROM events
"""
DEAD_LETTERS = f"SELECT {POSITION}, received, reason FROM dead_letters WHERE sign > 0"
OUTCOMES = f"""
    SELECT {POSITION} FROM events
    UNION ALL
    SELECT {POSITION} FROM dead_letters WHERE sign > 0
"""
RECORDS = f"SELECT {POSITION}, received FROM archive WHERE source = 'mobile'"
CREDITS = f"""
    SELECT product, device, channel, hour, received, event_time, {POSITION} FROM new_users
"""
# The same records in another order have other positions.
CREDITS_OF_ANY_ORDER = "SELECT product, device, channel, hour, received, event_time FROM new_users"
HOURLY = "SELECT product, channel, hour, new_users FROM new_users_hourly WHERE new_users <> 0"
CONSERVATION = """
    SELECT "partition", CAST(sum(records) AS BIGINT) AS records,
           CAST(sum(opened) AS BIGINT) AS opened, CAST(sum(elements) AS BIGINT) AS elements,
           CAST(sum(events) AS BIGINT) AS events,
           CAST(sum(dead_letters) AS BIGINT) AS dead_letters,
           CAST(sum(filtered) AS BIGINT) AS filtered
    FROM system.conservation
    WHERE pipeline = 'mobile_events' AND topic = '{topic}' GROUP BY "partition"
"""
STORED = """
    SELECT "partition", CAST(sum(archived) AS BIGINT) AS records,
           CAST(sum(archived) AS BIGINT) AS opened, CAST(sum(events) AS BIGINT) AS events,
           CAST(sum(dead_letters) AS BIGINT) AS dead_letters
    FROM (
        SELECT position['partition'] AS "partition", 1 AS archived, 0 AS events, 0 AS dead_letters
        FROM archive WHERE position['topic'] = '{topic}'
        UNION ALL
        SELECT position['partition'], 0, 1, 0 FROM events WHERE position['topic'] = '{topic}'
        UNION ALL
        SELECT position['partition'], 0, 0, sign FROM dead_letters
        WHERE position['topic'] = '{topic}'
    )
    GROUP BY "partition"
"""
UNBALANCED = "SELECT * FROM system.conservation WHERE NOT balanced"
# A record that has no elements in the books, or none found, has a null on that side.
ONE_OUTCOME = """
    WITH b AS (SELECT "partition", "offset", list_sort(list(element)) AS elements
               FROM booked GROUP BY ALL),
         f AS (SELECT "partition", "offset", list_sort(list(element)) AS elements
               FROM found GROUP BY ALL)
    SELECT "partition", "offset", b.elements AS booked, f.elements AS found
    FROM b FULL JOIN f USING ("partition", "offset")
    WHERE b.elements IS NULL OR f.elements IS NULL
       OR (f.elements <> b.elements AND f.elements <> [-1])
"""


def assert_agrees_with_books(server: Server, books: Books) -> None:
    """Everything: each record, element, event, device and hour, and the sums."""
    assert_every_record_is_archived(server, books)
    assert_every_element_has_its_outcome(server, books)
    assert_credits_agree(server, books)
    assert_hours_agree(server, books)
    assert_conserved(server, books)
    assert_stored_rows_are_counted(server)


def assert_every_record_is_archived(server: Server, books: Books) -> None:
    """The archive has each record once, with its position and receipt, and no other."""
    assert_same_rows("archived records", books.records(), server.query(RECORDS))


def assert_every_element_has_its_outcome(server: Server, books: Books) -> None:
    """Each element is one event that says what the books know of it, or one dead letter."""
    assert_same_rows("events", books.events(), server.query(EVENTS))
    assert_same_rows("dead letters", books.dead_letters(), server.query(DEAD_LETTERS))


def assert_credits_agree(server: Server, books: Books) -> None:
    """Each device's channel, hour and evidence, the least of its events; one row a device."""
    assert_same_rows("credits", books.credits(), server.query(CREDITS))


def assert_hours_agree(server: Server, books: Books) -> None:
    """New users per product, channel and hour."""
    assert_same_rows("new users by hour", books.new_users_by_hour(), server.query(HOURLY))


def assert_conserved(server: Server, books: Books) -> None:
    """The engine's own counts balance, and are the books' counts for each partition."""
    wrong = unbalanced(server)
    assert wrong == [], f"unbalanced: {wrong[:10]}"
    topic = server.configuration.mobile_topic
    counted = server.query(CONSERVATION.format(topic=topic))
    busy = counted.filter(pc.greater(counted.column("records"), 0))
    assert_same_rows("conservation", books.conservation(), busy)


def assert_stored_rows_are_counted(server: Server) -> None:
    """The tables hold as many rows of each partition as the engine has counted.

    The books have no part in it: an operator can ask the same. Counts arise in front of the tables,
    so a row that is lost behind them makes a difference.
    """
    topic = server.configuration.mobile_topic
    stored = server.query(STORED.format(topic=topic))
    counted = server.query(CONSERVATION.format(topic=topic)).select(stored.column_names)
    busy = counted.filter(pc.greater(counted.column("records"), 0))
    assert_same_rows("stored rows", busy, stored)


def unbalanced(server: Server) -> list[Row]:
    """The rows of system.conservation whose sums don't match."""
    return server.rows(UNBALANCED)


def assert_one_outcome_a_record(server: Server, books: Books) -> None:
    """Each record is one dead letter as a whole, or each of its elements is one row of one table.

    For runs in which the outcome itself may differ from the books. What never may is the archive,
    and that the tables hold what was counted.
    """
    assert_every_record_is_archived(server, books)
    assert_stored_rows_are_counted(server)
    with duckdb.connect() as database:
        database.register("booked", books.facts)
        database.register("found", server.query(OUTCOMES))
        wrong = database.sql(ONE_OUTCOME).fetchall()
    assert wrong == [], f"{len(wrong)} records with a wrong set of outcomes: {wrong[:10]}"


def assert_evidence_is_there(server: Server) -> None:
    """Each ledger entry's evidence is a row of events that says the same in every column."""
    both = _columns(server, "new_user_ledger") & _columns(server, "events")
    # Kept by events only where the event id, from which it could be made again, is missing.
    both -= {"tie"}
    assert both >= {"product", "device", "channel", "hour", "event_time", "received", "position"}
    columns = ", ".join(sorted(both))
    ledger = server.query(f"SELECT entry, {columns} FROM new_user_ledger")
    events = server.query(f"SELECT {columns} FROM events")
    assert ledger.num_rows > 0
    same = " AND ".join(f"ledger.{name} IS NOT DISTINCT FROM events.{name}" for name in both)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.register("ledger", ledger)
        database.register("events", events)
        missing = database.sql(f"SELECT * FROM ledger ANTI JOIN events ON {same}").to_arrow_table()
    shown = missing.slice(0, 10).to_pylist()
    assert missing.num_rows == 0, f"{missing.num_rows} entries without evidence: {shown}"


def _columns(server: Server, table: str) -> set[str]:
    return set(server.query(f"SELECT * FROM {table} LIMIT 0").column_names)
