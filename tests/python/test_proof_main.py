"""The proof: a real Kafka, the real binary, every defect, and numbers equal to the books."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from conftest import ServerFactory, configuration_for, new_workload
from harness import checks, jdbc
from harness.applications import read_applications, zones
from harness.books import Books
from harness.checks import (
    assert_agrees_with_books,
    assert_conserved,
    assert_every_element_has_its_outcome,
    assert_every_record_is_archived,
    assert_evidence_is_there,
)
from harness.configuration import PASSWORD, USER
from harness.deadline import wait_until
from harness.difference import assert_answers_agree, assert_same_rows
from harness.headwater import Offsets, Server
from harness.jdbc import Rows
from harness.kafka_server import KafkaServer
from harness.metrics import METRICS, assert_metric_agrees
from harness.stored_tables import StoredTables
from harness.workload import Workload

EVENTS = int(os.environ.get("TESTS_PROOF_EVENTS", "1000000"))
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
    assert credits_moved(reader) > 0


COMPARED: dict[str, Callable[[Books], pa.Table]] = {
    checks.RECORDS: Books.records,
    checks.EVENTS: Books.events,
    checks.DEAD_LETTERS: Books.dead_letters,
    checks.CREDITS: Books.credits,
}


def test_each_comparison_notices_that_one_row_is_missing(reader: Server, books: Books) -> None:
    """The comparisons alone: test_lost_rows.py has the engine lose a row."""
    for sql, expected in COMPARED.items():
        served = reader.query(sql)
        with pytest.raises(AssertionError, match="missing 1"):
            assert_same_rows("one row less", expected(books), served.slice(1))
    # A record with one outcome as a whole is one row wherever it is counted.
    at = pc.index(books.facts.column("element"), pa.scalar(-1, pa.int32())).as_py()
    fewer = Books(pa.concat_tables([books.facts.slice(0, at), books.facts.slice(at + 1)]))
    for check in (
        assert_every_record_is_archived,
        assert_every_element_has_its_outcome,
        assert_conserved,
    ):
        with pytest.raises(AssertionError, match="surplus 1"):
            check(reader, fewer)


@dataclass(frozen=True)
class Answer:
    """What both clients read of one metric, ADBC first."""

    by_adbc: pa.Table
    by_jdbc: Rows


@pytest.fixture(scope="module")
def answers(reader: Server, jdbc_programs: Path) -> dict[str, Answer]:
    """Every row and column of each metric; one Java program asks for all."""
    queries = [f"SELECT * FROM {metric}" for metric in METRICS]
    by_adbc = [reader.query(sql) for sql in queries]
    url = jdbc.jdbc_url(reader.address, user=USER, password=PASSWORD)
    by_jdbc = jdbc.run(jdbc_programs, "Query", url, *queries)
    both = zip(METRICS, by_adbc, by_jdbc, strict=True)
    return {metric: Answer(first, second) for metric, first, second in both}


@pytest.fixture(scope="module")
def zones_of_products(reader: Server) -> dict[str, str]:
    """The time zone that each product's day is cut in."""
    return zones(read_applications(reader.kafka, reader.configuration.products_topic))


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_is_what_follows_from_the_books_in_every_row_and_column(
    answers: dict[str, Answer], books: Books, zones_of_products: dict[str, str], metric: str
) -> None:
    assert_metric_agrees(metric, answers[metric].by_adbc, books, zones_of_products)


@pytest.mark.parametrize("metric", METRICS)
def test_adbc_and_jdbc_read_the_same_rows_and_columns(
    answers: dict[str, Answer], metric: str
) -> None:
    by_adbc, by_jdbc = answers[metric].by_adbc, answers[metric].by_jdbc
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


# The straight run has the defaults; the shuffled one small micro-batches, in which entries are
# netted less, and as many threads as partitions.
SHUFFLED = {"ingest__micro_batch_records": 100, "ingest__threads": 5}


def test_another_order_and_partitioning_credits_the_same_channels(
    kafka: KafkaServer, folder: Path, new_server: ServerFactory
) -> None:
    events = max(EVENTS // 5, 10_000)
    trace = ("--seed", "21", "--start", "1750000000000")
    straight = new_workload(kafka, folder / "straight")
    straight.send(events, *trace)
    shuffled = new_workload(kafka, folder / "shuffled")
    shuffled.folder.mkdir()
    # With the same keys, every byte is the same.
    shutil.copy(straight.keys, shuffled.keys)
    shuffled.send(events, *trace, "--shuffle-seed", "11", "--partitions", "5")

    first = ReadRun.of(straight, new_server(straight, name="reads-straight"))
    second = ReadRun.of(shuffled, new_server(shuffled, name="reads-shuffled", **SHUFFLED))
    assert_same_rows("records, wherever they lie", first.records, second.records)
    assert first.partitions == 12
    assert second.partitions == 5
    assert first.books.share_read_out_of_order() < 0.1
    assert second.books.share_read_out_of_order() > 0.4
    assert second.moved > first.moved, "the order of reading moved no credit"
    assert first.books.share_of_first_events_that_tie() >= 0.005
    assert_same_rows("credits after a shuffle", first.credits, second.credits)


@dataclass(frozen=True)
class ReadRun:
    """What a server has made of a workload, after it agreed with the workload's books."""

    books: Books
    partitions: int
    records: pa.Table
    credits: pa.Table
    moved: int

    @classmethod
    def of(cls, workload: Workload, server: Server) -> ReadRun:
        """Reads a workload with a new server, and ends it."""
        server.start()
        server.wait_until_read()
        books = Books.read(workload.books)
        assert_agrees_with_books(server, books)
        read = cls(
            books=books,
            partitions=len(server.read_offsets()),
            records=server.query("SELECT received, key, md5(value) AS digest FROM archive"),
            credits=server.query(checks.CREDITS_OF_ANY_ORDER),
            moved=credits_moved(server),
        )
        server.kill()
        return read


def credits_moved(server: Server) -> int:
    """How many credits have been taken back."""
    moved = server.rows("SELECT count(*) AS n FROM new_user_ledger WHERE sign < 0")
    return int(moved[0]["n"])
