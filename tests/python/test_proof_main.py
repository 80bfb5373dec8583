"""The proof: a real Kafka, the real binary, every defect, and numbers equal to the books."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ServerFactory, configuration_for, new_workload
from harness import jdbc
from harness.books import Books
from harness.checks import (
    CREDITS,
    OUTCOMES,
    assert_agrees_with_books,
    assert_conserved,
    assert_credits_agree,
    assert_every_element_has_its_outcome,
    assert_evidence_is_there,
    assert_hours_agree,
)
from harness.configuration import PASSWORD, USER
from harness.deadline import wait_until
from harness.difference import assert_answers_agree, assert_same_rows
from harness.headwater import Offsets, Server
from harness.jdbc import Rows
from harness.kafka_server import KafkaServer
from harness.stored_tables import StoredTables
from harness.workload import Workload

EVENTS = int(os.environ.get("TESTS_PROOF_EVENTS", "1000000"))
METRICS = (
    "new_users",
    "new_users_hourly",
    "new_users_daily",
    "new_users_cumulative",
    "new_users_by_channel",
)
KILL_TRIES = 5
# A few MB/s, so that Kafka still has lag while the test looks and kills, on however fast a machine.
SLOW_FETCHES = {
    "max.partition.fetch.bytes": "32768",
    "queued.min.messages": "1",
    "fetch.queue.backoff.ms": "200",
}


@pytest.fixture(scope="module")
def million(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Workload:
    """A million events with every defect, in Kafka."""
    workload = new_workload(kafka, tmp_path_factory.mktemp("million") / "workload")
    workload.send(EVENTS)
    return workload


@pytest.fixture(scope="module")
def books(million: Workload) -> Books:
    """What must come of them."""
    return Books.read(million.books)


@pytest.fixture(scope="module")
def reader(million: Workload, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has read them all."""
    folder = tmp_path_factory.mktemp("reader")
    server = Server(
        folder / "server", configuration_for(million, folder / "storage"), million.kafka
    )
    server.start()
    server.wait_until_read()
    yield server
    server.kill()
    shutil.rmtree(folder / "storage", ignore_errors=True)


def test_the_books_have_every_defect_and_every_reason(million: Workload, books: Books) -> None:
    defects = million.defects()
    assert len(defects) > 40
    assert [kind for kind, count in defects.items() if count == 0] == []
    assert books.outcome_counts().keys() == {
        *("event", "malformed", "unknown key", "cannot decrypt", "unknown app_key", "bad device id")
    }
    assert books.facts.num_rows >= EVENTS
    assert books.share_of_first_events_that_tie() >= 0.005


def test_a_million_events_agree_with_the_books(reader: Server, books: Books) -> None:
    assert_agrees_with_books(reader, books)
    assert_evidence_is_there(reader)


def test_at_least_one_credit_has_moved(reader: Server) -> None:
    moved = reader.rows("SELECT count(*) AS n FROM new_user_ledger WHERE sign < 0")
    assert moved[0]["n"] > 0


def test_a_dropped_row_fails_the_comparison(reader: Server, books: Books) -> None:
    """The comparisons themselves: each must notice that one row is missing."""
    for sql, expected in ((OUTCOMES, books.outcomes()), (CREDITS, books.credits())):
        served = reader.query(sql)
        with pytest.raises(AssertionError, match="missing 1"):
            assert_same_rows("one row less", expected, served.slice(1))
    fewer = Books(books.facts.slice(1))
    for check in (assert_every_element_has_its_outcome, assert_conserved):
        with pytest.raises(AssertionError, match="surplus 1"):
            check(reader, fewer)


@pytest.mark.parametrize("metric", METRICS)
def test_adbc_and_jdbc_read_the_same_rows_and_columns(
    reader: Server, jdbc_programs: Path, metric: str
) -> None:
    sql = f"SELECT * FROM {metric}"
    by_adbc = reader.query(sql)
    url = jdbc.jdbc_url(reader.address, user=USER, password=PASSWORD)
    by_jdbc: Rows = jdbc.run(jdbc_programs, "Query", url, sql)[0]
    assert by_jdbc.columns == by_adbc.column_names
    assert by_jdbc.rows, f"{metric} is empty"
    first, second = jdbc.as_json_values(by_adbc), by_jdbc.rows
    if "as_of" in by_jdbc.columns:
        # The instant goes on between the two queries; all else stays.
        at = by_jdbc.columns.index("as_of")
        assert max(str(row.pop(at)) for row in first) <= min(str(row.pop(at)) for row in second)
    assert_answers_agree(metric, first, second)


def test_a_kill_while_the_published_state_is_ahead_loses_and_doubles_nothing(
    million: Workload, books: Books, new_server: ServerFactory
) -> None:
    server = new_server(million, ingest__commit_interval_ms=300, kafka__properties=SLOW_FETCHES)
    ends = million.kafka.end_offsets(million.mobile_topic)
    assert kill_while_ahead(server, ends), f"no kill in {KILL_TRIES} tries hit the moment"
    del server.configuration.more["kafka.properties"]
    server.start()
    server.wait_until_read(ends)
    assert_agrees_with_books(server, books)
    assert_evidence_is_there(server)


def kill_while_ahead(server: Server, ends: Offsets) -> bool:
    """Kills the server between two commit groups.

    Answers whether what is on disk then shows that the published state was ahead of the committed
    one, while Kafka still had lag.
    """
    for _ in range(KILL_TRIES):
        server.start()

        def is_ahead() -> Offsets | None:
            read, committed = server.read_offsets(), server.committed_offsets()
            assert any(read.get(p, 0) < end for p, end in ends.items()), "the lag is used up"
            return read if sum(committed.values()) > 0 and _is_ahead(read, committed) else None

        read = wait_until("the published state is ahead", is_ahead, timeout_s=60, interval_s=0.01)
        server.kill()
        committed = StoredTables(server.configuration.storage).committed_offsets(
            server.configuration.mobile_topic
        )
        if _is_ahead(read, committed) and any(read.get(p, 0) < end for p, end in ends.items()):
            return True
    return False


def _is_ahead(read: Offsets, committed: Offsets) -> bool:
    return any(offset > committed.get(partition, 0) for partition, offset in read.items())


def test_another_order_and_partitioning_credits_the_same_channels(
    kafka: KafkaServer, folder: Path, new_server: ServerFactory
) -> None:
    events = max(EVENTS // 5, 10_000)
    start = "--start", "1750000000000"
    credited = []
    for name, options in (
        ("straight", []),
        ("shuffled", ["--shuffle-seed", "11", "--partitions", "5"]),
    ):
        workload = new_workload(kafka, folder / name)
        workload.send(events, "--seed", "21", *start, *options)
        server = new_server(workload, name=f"server-{name}").start()
        server.wait_until_read()
        books = Books.read(workload.books)
        assert_credits_agree(server, books)
        assert_hours_agree(server, books)
        assert_conserved(server, books)
        credited.append(server.query(CREDITS))
        server.kill()
    assert_same_rows("credits after a shuffle", credited[0], credited[1])
