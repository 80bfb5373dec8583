"""Above the index's ceiling reading stops, queries go on, and a larger ceiling mends it."""

from __future__ import annotations

from conftest import ServerFactory
from harness.books import Books
from harness.checks import CREDITS, DEAD_LETTERS, EVENTS, assert_agrees_with_books, unbalanced
from harness.deadline import wait_until
from harness.difference import assert_same_rows
from harness.flight_client import Row
from harness.headwater import Server
from harness.workload import Workload

# Some 600 devices; an index takes 64 KiB for its shards, and 400 bytes for the first key of each.
SENT = 30_000
BYTES_MAX = 128 << 10


def test_above_its_ceiling_the_index_stops_reading_and_a_larger_one_goes_on(
    workload: Workload, new_server: ServerFactory
) -> None:
    workload.send(SENT)
    books = Books.read(workload.books)
    # Small micro-batches, so that some are published before the ceiling is reached.
    server = new_server(workload, ingest__micro_batch_records=20)
    server.start(f"ingest.index_bytes_max={BYTES_MAX}")
    said = wait_until("reading stops", lambda: stopped(server), timeout_s=60)
    assert "ceiling" in said["state"]
    assert str(BYTES_MAX) in said["state"]
    assert server.process.is_running(), server.process.tail()

    read = books.below(server.read_offsets())
    assert 0 < read.facts.num_rows < books.facts.num_rows
    for sql, expected in (
        (EVENTS, read.events()),
        (DEAD_LETTERS, read.dead_letters()),
        (CREDITS, read.credits()),
    ):
        assert_same_rows("what was read", expected, server.query(sql, allow_catching_up=True))
    assert unbalanced(server) == []

    server.kill()
    server.start()
    server.wait_until_read()
    assert_agrees_with_books(server, books)


def stopped(server: Server) -> Row | None:
    """The source's row, once it says that it has stopped."""
    (source,) = server.rows("SELECT state FROM system.sources WHERE source = 'mobile'")
    return source if source["state"].startswith("stopped") else None
