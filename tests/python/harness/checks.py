"""What must hold between a server and the books, each as a question to Flight SQL."""

from __future__ import annotations

import duckdb
import pyarrow.compute as pc

from harness.books import Books
from harness.difference import assert_same_rows
from harness.flight_client import Row
from harness.headwater import Server

OUTCOMES = """
    SELECT position['partition'] AS "partition", position['offset'] AS "offset",
           position['element'] AS element, 'event' AS outcome
    FROM events
    UNION ALL
    SELECT position['partition'], position['offset'], position['element'], reason
    FROM dead_letters WHERE sign > 0
"""
CREDITS = "SELECT product, device, channel, hour FROM new_users"
HOURLY = "SELECT product, channel, hour, new_users FROM new_users_hourly WHERE new_users <> 0"
CONSERVATION = """
    SELECT "partition", CAST(sum(records) AS BIGINT) AS records,
           CAST(sum(elements) AS BIGINT) AS elements, CAST(sum(events) AS BIGINT) AS events,
           CAST(sum(dead_letters) AS BIGINT) AS dead_letters,
           CAST(sum(filtered) AS BIGINT) AS filtered
    FROM system.conservation
    WHERE pipeline = 'mobile_events' AND topic = '{topic}' GROUP BY "partition"
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
    """Everything: outcomes of each element, credits of each device, counts of each hour."""
    assert_every_element_has_its_outcome(server, books)
    assert_credits_agree(server, books)
    assert_hours_agree(server, books)
    assert_conserved(server, books)


def assert_every_element_has_its_outcome(server: Server, books: Books) -> None:
    """Each element is one event or one dead letter with the reason that the books expect."""
    assert_same_rows("outcomes", books.outcomes(), server.query(OUTCOMES))


def assert_credits_agree(server: Server, books: Books) -> None:
    """Each device's credited channel and hour; `new_users` has one row a device."""
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


def unbalanced(server: Server) -> list[Row]:
    """The rows of system.conservation whose sums don't match."""
    return server.rows(UNBALANCED)


def assert_one_outcome_a_record(server: Server, books: Books) -> None:
    """Each record is one dead letter as a whole, or each of its elements is one row of one table.

    For runs in which the outcome itself may differ from the books.
    """
    with duckdb.connect() as database:
        database.register("booked", books.outcomes())
        database.register("found", server.query(OUTCOMES))
        wrong = database.sql(ONE_OUTCOME).fetchall()
    assert wrong == [], f"{len(wrong)} records with a wrong set of outcomes: {wrong[:10]}"


def assert_evidence_is_there(server: Server) -> None:
    """Each ledger entry's evidence is a row of events."""
    ledger = server.query("SELECT entry, product, device, position FROM new_user_ledger")
    events = server.query("SELECT product, device, position FROM events")
    assert ledger.num_rows > 0
    with duckdb.connect() as database:
        database.register("ledger", ledger)
        database.register("events", events)
        missing = database.sql(
            "SELECT * FROM ledger ANTI JOIN events USING (product, device, position)"
        ).fetchall()
    assert missing == [], f"{len(missing)} entries without evidence: {missing[:10]}"
